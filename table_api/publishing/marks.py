"""Table `published`: how far each subject's days are sent. Its keys are those of `monthly`.

Day 7 of a row has `p07`, the revisions of `r07` up to which all is sent; `a07`, what the rows that
were sent add up to, in the form of `d07`; `n07`, how many they are; `x07`, how many ingestion
refused; and `o07`, when the day was last read in part only. `open` is the earliest of those times,
and `seen` the version of the row of `monthly` that is sent with all its days.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from table_api.errors import AlreadyExists, ChangedMeanwhile
from table_api.ledger.measures import MEASURE_ORDER, Measures
from table_api.monthly.projected_day import (
    Revs,
    after_change,
    decode_measure_lists,
    decode_revs,
    encode_measure_list,
    encode_revs,
)
from table_api.storage.keys import EVERY_ROW, starting_with
from table_api.storage.named_rows import UNREADABLE
from table_api.storage.table_storage import (
    OPERATIONS_MAX,
    Insert,
    Merge,
    Row,
    TableStorage,
    Value,
    etag_of,
    row_bytes,
)
from table_api.storage.timestamp import parse_time
from telemetry.log import Log

_log = Log("table_api")

PUBLISHED_TABLE = "published"
PART_BYTES_MAX = 3_000_000
"""Of one transaction's rows, as the service counts them. A row of a busy month has some 30,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayMark:
    """How far one day of a subject with one model is sent."""

    revs: Revs = field(default_factory=dict)
    amounts: tuple[int, ...] = ()
    """In MEASURE_ORDER, without the zeros at the end."""
    rows: int = 0
    refused: int = 0
    open_since: str = ""
    """When it was last read in part; empty text where it was read whole."""

    @property
    def counted(self) -> int:
        """Rows within the revisions, refused ones with them."""
        return self.rows + self.refused

    def with_row(self, delta: Measures) -> "DayMark":
        """One row more was sent."""
        step = [delta.get(name, 0) for name in MEASURE_ORDER]
        amounts = tuple(after_change(self.amounts, (), step))
        return replace(self, rows=self.rows + 1, amounts=amounts)

    def with_refused(self, delta: Measures) -> "DayMark":
        """One of the rows that were to be sent was refused."""
        step = [delta.get(name, 0) for name in MEASURE_ORDER]
        amounts = tuple(after_change(self.amounts, step, ()))
        return replace(self, rows=self.rows - 1, refused=self.refused + 1, amounts=amounts)


UNSENT = DayMark()


@dataclass(slots=True)
class MarkRow:
    """A row as this process read or wrote it; only the outbox writes it."""

    month: str
    key: str
    subject: str
    model: str
    etag: str | None = None
    written_at: datetime | None = None
    seen: str = ""
    """The version of the row of `monthly` that is sent."""
    days: dict[int, DayMark] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)
    """Days that are to be written."""

    def day(self, number: int) -> DayMark:
        """How far a day is sent."""
        return self.days.get(number, UNSENT)

    def mark(self, number: int, mark: DayMark) -> None:
        """Note what the next write says of a day."""
        self.days[number] = mark
        self.changed.add(number)

    def columns(self) -> dict[str, Value]:
        """Those that the next write has."""
        open_days = [mark.open_since for mark in self.days.values() if mark.open_since]
        columns: dict[str, Value] = {"open": min(open_days, default=""), "seen": self.seen}
        for number in sorted(self.changed):
            columns |= _day_columns(number, self.days[number])
        if self.etag is None:
            columns |= {"subject": self.subject, "model": self.model}
        return columns

    def operation(self) -> Insert | Merge:
        """What writes the changes."""
        if self.etag is None:
            return Insert(self.key, self.columns())
        return Merge(self.key, self.columns(), self.etag)


def _day_columns(number: int, mark: DayMark) -> dict[str, Value]:
    return {
        f"p{number:02d}": encode_revs(mark.revs),
        f"a{number:02d}": encode_measure_list(mark.amounts),
        f"n{number:02d}": mark.rows,
        f"x{number:02d}": mark.refused,
        f"o{number:02d}": mark.open_since,
    }


def read_mark_row(month: str, row: Row) -> MarkRow:
    """A row with all its columns. A day that somebody has damaged is unsent: all of it is sent
    again, which readers fold, and its mark is written whole by that.
    """
    days = {}
    for name in row:
        if len(name) == 3 and name[0] == "p" and name[1:].isdigit():
            try:
                days[int(name[1:])] = _read_day(row, name[1:])
            except UNREADABLE as error:
                message = f"a day of `published` cannot be read and is sent again: {error!r}"
                place = f"{month} {row['RowKey']}"
                _log.error("mark_unreadable", message, row=place, column=name)
    return MarkRow(
        month=month,
        key=str(row["RowKey"]),
        subject=str(row.get("subject", "")),
        model=str(row.get("model", "")),
        etag=etag_of(row),
        written_at=parse_time(row["Timestamp"]),
        seen=str(row.get("seen", "")),
        days=days,
    )


def _read_day(row: Row, number: str) -> DayMark:
    amounts = str(row[f"a{number}"])
    return DayMark(
        revs=decode_revs(str(row[f"p{number}"])),
        amounts=tuple(decode_measure_lists([amounts])[0]) if amounts else (),
        rows=int(row[f"n{number}"]),
        refused=int(row[f"x{number}"]),
        open_since=str(row[f"o{number}"]),
    )


class Marks:
    """Reads and writes the table. Raises Unavailable."""

    def __init__(self, storage: TableStorage) -> None:
        self._storage = storage

    async def create(self) -> None:
        """Create the table when there is none."""
        await self._storage.create_table(PUBLISHED_TABLE)

    async def seen(self, month: str) -> dict[str, tuple[str, str]]:
        """The columns `seen` and `open` of each row of a month."""
        found = {}
        pages = self._storage.query(
            PUBLISHED_TABLE, month, EVERY_ROW, select=["RowKey", "seen", "open"]
        )
        async for page in pages:
            for row in page:
                found[str(row["RowKey"])] = str(row.get("seen", "")), str(row.get("open", ""))
        return found

    async def of_subject(self, month: str, subject_key: str) -> dict[str, MarkRow]:
        """The rows of a subject's month, by RowKey."""
        pages = self._storage.query(PUBLISHED_TABLE, month, starting_with(f"{subject_key}|"))
        return {
            str(row["RowKey"]): read_mark_row(month, row) async for page in pages for row in page
        }

    async def any_before(self, day: date) -> bool:
        """Whether anything of an earlier charge day is marked as sent."""
        month = f"{day:%Y%m}"
        async for marked in self._storage.partitions(PUBLISHED_TABLE):
            if marked.isdigit() and marked < month:
                return True
        earlier = [f"p{number:02d}" for number in range(1, day.day)]
        pages = self._storage.query(PUBLISHED_TABLE, month, EVERY_ROW, select=["RowKey", *earlier])
        async for page in pages:
            if any(row.get(name) for row in page for name in earlier):
                return True
        return False

    async def write(self, groups: Iterable[Sequence[MarkRow]]) -> None:
        """Write the changes. The rows of a group are written together or not at all, unless another
        publisher has written one of them: its word holds, and ours is dropped.
        """
        by_month: dict[str, list[Sequence[MarkRow]]] = {}
        for group in groups:
            by_month.setdefault(group[0].month, []).append(group)
        for month, of_month in by_month.items():
            for part in _packed(of_month):
                if not await self._transact(month, part):
                    written = [await self._transact(month, [row]) for row in part]
                    if not all(written):
                        message = "another publisher marks the same days: rows are sent twice"
                        _log.warning("marks_of_another", message, rows=written.count(False))

    async def _transact(self, month: str, rows: Sequence[MarkRow]) -> bool:
        operations = [row.operation() for row in rows]
        try:
            etags = await self._storage.transact(PUBLISHED_TABLE, month, operations)
        except (AlreadyExists, ChangedMeanwhile):
            return False
        for row, etag in zip(rows, etags, strict=True):
            row.etag, row.changed = etag, set()
        return True


def _packed(groups: Sequence[Sequence[MarkRow]]) -> Iterable[list[MarkRow]]:
    """Parts for one transaction each; a row that two groups name is written once."""
    part: dict[str, MarkRow] = {}
    size = 0
    for group in groups:
        more = {row.key: row for row in group}
        added = sum(_written_bytes(row) for key, row in more.items() if key not in part)
        if part and (len(part | more) > OPERATIONS_MAX or size + added > PART_BYTES_MAX):
            yield list(part.values())
            part, size = {}, 0
            added = sum(map(_written_bytes, more.values()))
        part |= more
        size += added
    if part:
        yield list(part.values())


def _written_bytes(row: MarkRow) -> int:
    return row_bytes(row.month, row.key, row.columns())
