"""Table `deadletters`: the index of events that cannot be read or stored as they are.

It owns keys and rows; the raw bytes lie in a blob beside it, written by the consumers.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from table_api.errors import AlreadyExists, ChangedMeanwhile, Contended
from table_api.storage.keys import EVERY_ROW, KeyRange, encode_part
from table_api.storage.named_rows import UNREADABLE, naming
from table_api.storage.parallel import chunks
from table_api.storage.table_storage import (
    OPERATIONS_MAX,
    Insert,
    PassedOver,
    Replace,
    Row,
    TableStorage,
    Value,
    etag_of,
)
from table_api.storage.timestamp import parse_time

DEAD_LETTERS_TABLE = "deadletters"
DAMAGED = "damaged_row"
"""Reason of a letter whose row has lost its own."""
TRIES_MAX = 8
TEXT_CHARS_MAX = 1_000
"""A longer value, message or outcome is cut in the index; the blob holds the event whole."""
LOST_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Of an open letter whose row has lost its time: it may be of any month, so it counts in each."""
_OPEN_COLUMNS = ("PartitionKey", "RowKey", "state", "enqueued_time", "event_id")
LETTERS_READ_MAX = 10_000
"""Open letters of a hub that a report looks at: ten requests, and what the others cost."""


class LetterState(StrEnum):
    """What has become of a dead letter."""

    OPEN = "open"
    REDRIVEN = "redriven"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One event that could not be read or stored, without its bytes."""

    hub: str
    partition: str
    sequence_number: int
    content_hash: str
    """12 hex of the body's sha256: a re-created hub uses its sequence numbers again."""
    enqueued_time: datetime
    recorded_at: datetime
    reason: str
    """Code of what is wrong: InvalidCode of the consumers."""
    field: str
    value: str
    message: str
    event_id: str | None
    body_bytes: int
    state: LetterState = LetterState.OPEN
    outcome: str | None = None
    """What redriving it led to."""

    @property
    def id(self) -> str:
        """Identity: where it stood and what it held. Also the RowKey and the blob's last name."""
        return f"{self.partition}-{self.sequence_number:020d}-{self.content_hash}"


@dataclass(frozen=True, slots=True)
class OpenLetter:
    """What a report says of an open dead letter."""

    enqueued_time: datetime
    event_id: str | None


@dataclass(frozen=True, slots=True)
class OpenLetters:
    """The open dead letters of a hub."""

    letters: Sequence[OpenLetter]
    complete: bool
    """False when the hub has more open letters than were read."""


def content_hash(body: bytes) -> str:
    """The part of a dead letter's identity that its bytes make."""
    return hashlib.sha256(body).hexdigest()[:12]


class DeadLetterIndex:
    """Reads and writes the rows. Any method may raise Unavailable, those that write Contended."""

    def __init__(self, storage: TableStorage, hub: str) -> None:
        self._storage = storage
        self._key = encode_part(hub)

    async def create(self) -> None:
        """Make the table when it does not stand."""
        await self._storage.create_table(DEAD_LETTERS_TABLE)

    async def add(self, letters: Sequence[DeadLetter]) -> None:
        """Create rows; a letter that stands stays as it is, redriven or not."""
        unique = list({letter.id: letter for letter in letters}.values())
        for part in chunks(unique, OPERATIONS_MAX):
            await self._add_chunk(part)

    async def _add_chunk(self, letters: Sequence[DeadLetter]) -> None:
        for _ in range(TRIES_MAX):
            rows = [Insert(encode_part(letter.id), _columns(letter)) for letter in letters]
            try:
                await self._storage.transact(DEAD_LETTERS_TABLE, self._key, rows)
                return
            except AlreadyExists:
                standing = await self._standing([row.row_key for row in rows])
                letters = [each for each in letters if encode_part(each.id) not in standing]
                if not letters:
                    return
        raise Contended(f"dead letters of {self._key}: {TRIES_MAX} tries to add them")

    async def _standing(self, row_keys: Sequence[str]) -> set[str]:
        span = KeyRange(min(row_keys), max(row_keys) + "~")
        pages = self._storage.query(DEAD_LETTERS_TABLE, self._key, span, select=["RowKey"])
        return {str(row["RowKey"]) async for page in pages for row in page}

    async def get(self, letter_id: str) -> DeadLetter | None:
        """One letter by its id."""
        row = await self._storage.get(DEAD_LETTERS_TABLE, self._key, encode_part(letter_id))
        return None if row is None else _from_row(row)

    async def all(self) -> AsyncIterator[DeadLetter]:
        """Every letter of the hub by partition and sequence number."""
        async for page in self._storage.query(DEAD_LETTERS_TABLE, self._key, EVERY_ROW):
            for row in page:
                yield _from_row(row)

    async def first_open(self, limit: int) -> tuple[list[DeadLetter], bool]:
        """The first open ones, by partition and sequence number, and whether these are all."""
        found: list[DeadLetter] = []
        async for page in self._open_rows(limit + 1):
            found += map(_from_row, page)
        return found[:limit], len(found) <= limit

    async def open_letters(
        self, *, read_max: int = LETTERS_READ_MAX, since: datetime | None = None
    ) -> OpenLetters:
        """The first `read_max` open ones, by partition and sequence number; with `since` of those
        that reached the hub from then on. One counts as open unless its row says that it was
        redriven; one that has lost its time has LOST_TIME.
        """
        letters: list[OpenLetter] = []
        async for page in self._open_rows(read_max + 1, since=since, select=_OPEN_COLUMNS):
            letters += map(_open_letter, page)
        return OpenLetters(letters[:read_max], complete=len(letters) <= read_max)

    def _open_rows(
        self, rows_max: int, *, since: datetime | None = None, select: Sequence[str] | None = None
    ) -> AsyncIterator[list[Row]]:
        """The service passes over the redriven ones: of these a hub may have any number."""
        passed_over = PassedOver(
            column="state",
            value=LetterState.REDRIVEN.value,
            from_column=None if since is None else "enqueued_time",
            start="" if since is None else since.astimezone(UTC).isoformat(),
        )
        return self._storage.other_than(
            DEAD_LETTERS_TABLE, self._key, passed_over, select=select, rows_max=rows_max
        )

    async def replace(self, letter: DeadLetter) -> None:
        """Write what changed in a standing letter. The last writer stands: it is no money."""
        for _ in range(TRIES_MAX):
            row_key = encode_part(letter.id)
            row = await self._storage.get(DEAD_LETTERS_TABLE, self._key, row_key)
            if row is None:
                raise ChangedMeanwhile(f"dead letter {letter.id} is gone")
            change = Replace(row_key, _columns_over(row, letter), etag_of(row))
            try:
                await self._storage.transact(DEAD_LETTERS_TABLE, self._key, [change])
                return
            except ChangedMeanwhile:
                continue  # written between our read and our write: ours is to stand
        raise Contended(f"dead letter {letter.id}: {TRIES_MAX} tries to change it")


def _columns_over(row: Row, letter: DeadLetter) -> dict[str, Value]:
    """A letter that stays open keeps a time that cannot be read as it is: a close of any month
    counts it, and ours is made up.
    """
    columns = _columns(letter)
    if letter.state is LetterState.OPEN:
        try:
            parse_time(row["enqueued_time"])
        except UNREADABLE:
            del columns["enqueued_time"]
            if "enqueued_time" in row:
                columns["enqueued_time"] = str(row["enqueued_time"])
    return columns


def _columns(letter: DeadLetter) -> dict[str, Value]:
    columns: dict[str, Value] = {
        "hub": letter.hub,
        "partition": letter.partition,
        "sequence_number": letter.sequence_number,
        "content_hash": letter.content_hash,
        "enqueued_time": letter.enqueued_time.astimezone(UTC).isoformat(),
        "recorded_at": letter.recorded_at.isoformat(),
        "reason": letter.reason,
        "field": letter.field[:TEXT_CHARS_MAX],
        "value": letter.value[:TEXT_CHARS_MAX],
        "message": letter.message[:TEXT_CHARS_MAX],
        "body_bytes": letter.body_bytes,
        "state": letter.state.value,
    }
    if letter.event_id is not None:
        columns["event_id"] = letter.event_id[:TEXT_CHARS_MAX]
    if letter.outcome is not None:
        columns["outcome"] = letter.outcome[:TEXT_CHARS_MAX]
    return columns


def _from_row(row: Row) -> DeadLetter:
    """Of a damaged row what its key says, and what can be read: its bytes are there, and to redrive
    them once too often changes nothing. Altered names one whose key is none.
    """
    try:
        letter = _letter(row)
        if encode_part(letter.id) != row["RowKey"]:
            raise ValueError("it names another event than its key")
        return letter
    except UNREADABLE as error:
        with naming(DEAD_LETTERS_TABLE, row):
            return _what_is_left(row, error)


def _what_is_left(row: Row, error: Exception) -> DeadLetter:
    partition, number, digest = str(row["RowKey"]).rsplit("-", 2)
    times = []
    for name in ("enqueued_time", "recorded_at"):
        with suppress(*UNREADABLE):
            times.append(parse_time(row[name]).astimezone(UTC))
    stored_at = parse_time(row["Timestamp"])
    redriven = row.get("state") == LetterState.REDRIVEN
    return DeadLetter(
        hub=str(row.get("hub", row["PartitionKey"])),
        partition=partition,
        sequence_number=int(number),
        content_hash=digest,
        enqueued_time=min(times, default=stored_at),
        recorded_at=max(times, default=stored_at),
        reason=str(row.get("reason", DAMAGED)),
        field="",
        value="",
        message=f"its row in the index cannot be read: {error!r}",
        event_id=_event_id(row),
        body_bytes=0,
        state=LetterState.REDRIVEN if redriven else LetterState.OPEN,
    )


def _letter(row: Row) -> DeadLetter:
    outcome = row.get("outcome")
    return DeadLetter(
        hub=str(row["hub"]),
        partition=str(row["partition"]),
        sequence_number=int(row["sequence_number"]),
        content_hash=str(row["content_hash"]),
        enqueued_time=parse_time(row["enqueued_time"]),
        recorded_at=parse_time(row["recorded_at"]),
        reason=str(row["reason"]),
        field=str(row["field"]),
        value=str(row["value"]),
        message=str(row["message"]),
        event_id=_event_id(row),
        body_bytes=int(row["body_bytes"]),
        state=LetterState(str(row["state"])),
        outcome=None if outcome is None else str(outcome),
    )


def _open_letter(row: Row) -> OpenLetter:
    try:
        return OpenLetter(parse_time(row["enqueued_time"]), _event_id(row))
    except UNREADABLE:
        return OpenLetter(LOST_TIME, _event_id(row))


def _event_id(row: Row) -> str | None:
    event_id = row.get("event_id")
    return None if event_id is None else str(event_id)
