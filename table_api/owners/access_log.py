"""Table `accesslog`: who looked at whose calls. Rows are added, and deleted when they are old.

A row is written before the answer is sent. It holds ids, and no name but one that somebody searched
for. It holds no cursor: an id in there could not be found again when somebody is erased.
"""

import secrets
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from unicodedata import normalize
from urllib.parse import unquote_plus

import msgspec

from table_api.errors import AlreadyExists, Altered, ChangedMeanwhile, Contended, Unavailable
from table_api.storage.keys import EVERY_ROW, KeyRange
from table_api.storage.named_rows import naming
from table_api.storage.parallel import chunks
from table_api.storage.table_storage import (
    OPERATIONS_MAX,
    Delete,
    Insert,
    Merge,
    Row,
    TableStorage,
    Value,
    etag_of,
)
from table_api.storage.timestamp import parse_time, timestamp

ACCESS_LOG_TABLE = "accesslog"
SUBJECTS_NAMED_MAX = 50
"""More subjects than this are counted and not named."""
KEPT_DAYS = 396
"""13 months."""
PURGE_SCHEDULE = "0 40 3 * * *"
"""Once a day, at 03:40 UTC."""
TRIES = 3
TEXT_CHARS_MAX = 2_000
ERASED = "erased"
"""What is left of a subject that was erased."""
CURSOR = "-"
"""What is recorded of a cursor."""

_LAST_MICROSECOND = 10**11
"""Of a day there are fewer: keys count down from it, so that a table sorts the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One request that showed others' calls or names."""

    at: datetime
    caller: str
    roles: tuple[str, ...]
    route: str
    """As the API declares it: `/v1/calls/{call_id}`."""
    path: str
    query: str
    subjects: tuple[str, ...]
    """Those that were shown; empty where they are only counted."""
    count: int | None
    """How many were shown; None for everybody whom the caller may see."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page of the log ends."""

    day: str
    row_key: str


class AccessLog:
    """Adds rows and reads them. Methods may raise Unavailable."""

    def __init__(self, storage: TableStorage) -> None:
        self._storage = storage
        self._created = False

    async def add(self, access: Access) -> None:
        """Write one row; it is durable when this returns. Tried TRIES times: a connection that the
        service closed while nothing was asked of it is not a service that is away.
        """
        day, key = _keys(access.at)
        for left in reversed(range(TRIES)):
            try:
                if not self._created:
                    await self._storage.create_table(ACCESS_LOG_TABLE)
                    self._created = True
                await self._storage.transact(ACCESS_LOG_TABLE, day, [Insert(key, _columns(access))])
                return
            except AlreadyExists:
                return  # the try before was done, and its answer was lost
            except Unavailable:
                if not left:
                    raise

    async def newest(
        self, first: date, stop: date, *, after: Position | None, limit: int
    ) -> tuple[list[Access], Position | None]:
        """The rows of some days (UTC), the newest first, and where the next page starts."""
        found: list[Access] = []
        last: Position | None = None
        async for position, row in self._rows(first, stop, after, limit + 1):
            if len(found) == limit:
                return found, last
            found.append(_from_row(row))
            last = position
        return found, None

    async def purge(self, today: date) -> int:
        """Delete rows that are older than KEPT_DAYS; how many."""
        before = f"{today - timedelta(days=KEPT_DAYS):%Y%m%d}"
        deleted = 0
        async for day in self._storage.partitions(ACCESS_LOG_TABLE):
            if day >= before:
                break
            pages = self._storage.query(ACCESS_LOG_TABLE, day, EVERY_ROW, select=["RowKey"])
            keys = [str(row["RowKey"]) async for page in pages for row in page]
            for part in chunks(keys, OPERATIONS_MAX):
                try:
                    await self._delete(day, part)
                except ChangedMeanwhile:
                    continue  # another process purges too; what is left is found next time
            deleted += len(keys)
        return deleted

    async def erase(self, subject: str, names: Collection[str] = ()) -> int:
        """Write over a subject, and searches for its names, in every row; how many rows had any.
        All else in them stays; of a damaged row whatever might name the subject goes.
        """
        erased = 0
        async for day in self._storage.partitions(ACCESS_LOG_TABLE):
            async for page in self._storage.query(ACCESS_LOG_TABLE, day, EVERY_ROW):
                for row in page:
                    erased += await self._erase(day, row, subject, names)
        return erased

    async def _erase(self, day: str, row: Row, subject: str, names: Collection[str]) -> bool:
        """Whether the row had any."""
        key = str(row["RowKey"])
        for _ in range(TRIES):
            if not (columns := _without(row, subject, names)):
                return False
            try:
                change = Merge(key, columns, etag_of(row))
                await self._storage.transact(ACCESS_LOG_TABLE, day, [change])
            except ChangedMeanwhile:  # by another one who erases, or purged
                found = await self._storage.get(ACCESS_LOG_TABLE, day, key)
                if found is None:
                    return False
                row = found
            else:
                return True
        raise Contended(f"row {ACCESS_LOG_TABLE} {day} {key}: {TRIES} tries to erase a subject")

    async def _delete(self, day: str, keys: Sequence[str]) -> None:
        rows = [Delete(key) for key in keys]
        await self._storage.transact(ACCESS_LOG_TABLE, day, rows)

    async def _rows(
        self, first: date, stop: date, after: Position | None, size: int
    ) -> AsyncIterator[tuple[Position, Row]]:
        day = stop - timedelta(days=1)
        while day >= first:
            name = f"{day:%Y%m%d}"
            day -= timedelta(days=1)
            if after is not None and name > after.day:
                continue
            keys = EVERY_ROW
            if after is not None and name == after.day:
                keys = KeyRange(after.row_key + "!", keys.stop)
            async for page in self._storage.query(ACCESS_LOG_TABLE, name, keys, rows_max=size):
                for row in page:
                    yield Position(name, str(row["RowKey"])), row


def _keys(at: datetime) -> tuple[str, str]:
    """`20261130`, and what is left of the day in µs with a random end."""
    utc = at.astimezone(UTC)
    midnight = utc.replace(hour=0, minute=0, second=0, microsecond=0)
    micros = (utc - midnight) // timedelta(microseconds=1)
    return f"{utc:%Y%m%d}", f"{_LAST_MICROSECOND - micros:011d}|{secrets.token_hex(4)}"


def _columns(access: Access) -> dict[str, Value]:
    columns: dict[str, Value] = {
        "at": timestamp(access.at),
        "caller": access.caller,
        "roles": " ".join(access.roles),
        "route": access.route,
        "path": access.path[:TEXT_CHARS_MAX],
        "query": access.query[:TEXT_CHARS_MAX],
        "subjects": msgspec.json.encode(access.subjects).decode(),
    }
    if access.count is not None:
        columns["count"] = access.count
    return columns


def _from_row(row: Row) -> Access:
    """Altered names a row that cannot be read: who looks at the log is to know of each row."""
    count = row.get("count")
    with naming(ACCESS_LOG_TABLE, row):
        return Access(
            at=parse_time(row["at"]),
            caller=str(row["caller"]),
            roles=tuple(str(row["roles"]).split()),
            route=str(row["route"]),
            path=str(row["path"]),
            query=str(row["query"]),
            subjects=tuple(msgspec.json.decode(str(row["subjects"]), type=list[str])),
            count=None if count is None else int(count),
        )


def query_without_cursor(query: str) -> str:
    """A query as it is recorded."""
    parts = query.split("&")
    return "&".join(f"cursor={CURSOR}" if _field(part)[0] == "cursor" else part for part in parts)


def _field(part: str) -> tuple[str, str]:
    """Name and value of a part of a query."""
    name, _, value = part.partition("=")
    return unquote_plus(name), normalize("NFC", unquote_plus(value))


def _without(row: Row, subject: str, names: Collection[str]) -> dict[str, Value]:
    """The columns that change where a subject is erased; none where the row does not have it."""
    try:
        access = _from_row(row)
    except Altered:
        return _damaged_without(row, {text.casefold() for text in (subject, *names)})
    columns: dict[str, Value] = {}
    if access.caller == subject:
        columns["caller"] = ERASED
    is_shown = subject in access.subjects
    if is_shown:
        left = [ERASED if each == subject else each for each in access.subjects]
        columns["subjects"] = msgspec.json.encode(left).decode()
        columns["path"] = access.route  # the id of a call holds its subject
    searched = {normalize("NFC", text).casefold() for text in (subject, *names)}
    query = "&".join(_part_without(part, searched, is_shown) for part in access.query.split("&"))
    if query != access.query:
        columns["query"] = query
    return columns


def _damaged_without(row: Row, searched: Collection[str]) -> dict[str, Value]:
    """All of a column that has one of these texts, of a row that cannot be read. Nobody knows whose
    call its path names, so that is written over, too.
    """
    columns: dict[str, Value] = {}
    for name in row.keys() - {"PartitionKey", "RowKey", "Timestamp"}:
        text = normalize("NFC", unquote_plus(str(row[name]))).casefold()
        if any(each in text for each in searched):
            columns[name] = ERASED
    if row.get("path", ERASED) != ERASED:
        columns["path"] = ERASED
    return columns


def _part_without(part: str, searched: Collection[str], is_shown: bool) -> str:
    """A part of a query without these texts. A search that found the subject may be for a name that
    they no longer have.
    """
    name, value = _field(part)
    text = value.casefold()
    is_search = name == "q" and text != ""
    if (
        any(each in text for each in searched)
        or (is_search and is_shown)
        or (is_search and any(text in each for each in searched))
    ):
        return f"{part.partition('=')[0]}={ERASED}"
    return part
