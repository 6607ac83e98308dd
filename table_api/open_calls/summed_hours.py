"""Hours of calls that are summed once, in table `completeness`, and what has changed since.

Whoever changes a call of an hour that is over writes a mark afterwards, before they save how far
they are. A sum names the mark that was there before its calls were read. It is valid until there
is another mark. So a change is in the sum, or its mark makes the sum invalid.
"""

import secrets
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, takewhile

from table_api.open_calls.keys import HOUR, hours_about
from table_api.storage.keys import KeyRange
from table_api.storage.named_rows import UNREADABLE, unreadable
from table_api.storage.parallel import chunks
from table_api.storage.table_storage import OPERATIONS_MAX, Row, TableStorage, Upsert, Value
from telemetry.log import Log

_log = Log("table_api")

COMPLETENESS_TABLE = "completeness"
PARTITION = "hours"
MARK, SUMS = "m", "s"
LOST_MARK = "lost"
"""Of an hour whose mark somebody has damaged: sums of before that are invalid."""
COLUMN_CHARS_MAX = 32_000
COLUMNS_MAX = 16
"""A row has 1 MiB at most, at two bytes a character."""
CLOCK_SKEW = timedelta(minutes=1)
"""Between a writer's clock and the one by which hours are summed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SummedHour:
    """What is kept of one hour."""

    mark: str = ""
    """The newest; empty while nothing of the hour came late."""
    sums: str | None = None
    """As `keep` was given it; None where only the marks were read, too."""
    sums_mark: str | None = None
    """The mark that was there before the sum was made; None without a sum."""
    form: int = 0
    """Of the sum."""

    def is_current(self, form: int) -> bool:
        """Whether nothing has changed since the hour was summed, in this form."""
        return self.sums_mark == self.mark and self.form == form


class SummedHours:
    """Reads and writes the rows. Every method may raise Unavailable; retrying is safe."""

    def __init__(self, storage: TableStorage) -> None:
        self._storage = storage

    async def create(self) -> None:
        """Make the table when there is none."""
        await self._storage.create_table(COMPLETENESS_TABLE)

    async def mark(self, hours: Collection[datetime]) -> None:
        """Calls of these hours were changed: their sums are invalid."""
        token = secrets.token_hex(8)
        rows = [Upsert(_row_key(hour, MARK), {"mark": token}) for hour in sorted(hours)]
        for part in chunks(rows, OPERATIONS_MAX):
            await self._storage.transact(COMPLETENESS_TABLE, PARTITION, part)

    async def keep(self, hour: datetime, sums: str, *, form: int, mark: str) -> bool:
        """Keep a sum, made after `mark` was read; False where it is too long for one row."""
        parts = list(chunks(sums, COLUMN_CHARS_MAX))
        if len(parts) > COLUMNS_MAX:
            return False
        columns = {f"sums{number}": str(part) for number, part in enumerate(parts)}
        row_key = _row_key(hour, SUMS)
        row: dict[str, Value] = {**columns, "mark": mark, "form": form}
        await self._storage.transact(COMPLETENESS_TABLE, PARTITION, [Upsert(row_key, row)])
        return True

    async def read(
        self, start: datetime, stop: datetime, *, marks_only: bool = False
    ) -> dict[datetime, SummedHour]:
        """What is kept of the hours from `start` until before `stop`."""
        keys = KeyRange(_stamp(start), _stamp(stop))
        found: dict[datetime, dict[str, Row]] = {}
        select = ("RowKey", "mark", "form") if marks_only else None
        async for page in self._storage.query(COMPLETENESS_TABLE, PARTITION, keys, select=select):
            for row in page:
                with _logging_damage(row):
                    stamp, _, kind = str(row["RowKey"]).partition("|")
                    hour = datetime.strptime(stamp, "%Y%m%d%H").replace(tzinfo=UTC)
                    found.setdefault(hour, {})[kind] = row
        return {hour: _summed_hour(rows) for hour, rows in found.items()}


def hours_over(times: Iterable[datetime], now: datetime) -> Iterator[datetime]:
    """The hours whose sums may hold calls of these times, as far as they may be summed by now."""
    return (hour for hour in hours_about(times) if hour + HOUR - CLOCK_SKEW <= now)


def _summed_hour(rows: dict[str, Row]) -> SummedHour:
    mark = str(rows[MARK].get("mark", LOST_MARK)) if MARK in rows else ""
    if SUMS not in rows:
        return SummedHour(mark=mark)
    row = rows[SUMS]
    names = takewhile(row.__contains__, map("sums{}".format, count()))
    sums = "".join(str(row[name]) for name in names) or None
    sums_mark, form = None, 0
    with _logging_damage(row):
        sums_mark, form = str(row["mark"]), int(row["form"])
    return SummedHour(mark=mark, sums=sums, sums_mark=sums_mark, form=form)


@contextmanager
def _logging_damage(row: Row) -> Iterator[None]:
    """A damaged row is none: its hour is summed again where its facts are kept."""
    try:
        yield
    except UNREADABLE as error:
        _log.error("hour_unreadable", str(unreadable(COMPLETENESS_TABLE, row, error)))


def _row_key(hour: datetime, kind: str) -> str:
    return f"{_stamp(hour)}|{kind}"


def _stamp(hour: datetime) -> str:
    return f"{hour.astimezone(UTC):%Y%m%d%H}"
