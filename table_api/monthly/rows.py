"""Rows of `monthly` as a writer knows them: sums, ETag and the days in work, in a bounded cache.

The cache is advice: a write with a stale row fails, the row is dropped and read again.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping

import msgspec

from table_api.ledger.measures import MeasureList
from table_api.monthly.projected_day import (
    MONTHLY_TABLE,
    NO_DAY,
    ProjectedDay,
    after_change,
    day_columns,
    decode_measure_lists,
    decode_revs,
    encode_measure_list,
    encode_revs,
)
from table_api.storage.keys import KeyRange
from table_api.storage.parallel import at_most
from table_api.storage.table_storage import (
    ColumnsText,
    Insert,
    Merge,
    Operation,
    Row,
    TableStorage,
    Value,
    etag_of,
)
from table_api.storage.transaction import columns_text

ROWS_CACHED_MAX = 50_000
"""Rows in the cache: about 1 KB each."""
READ_ONE_BY_ONE_MAX = 50
"""Up to so many unknown rows are asked for by key; more by one read from the first to the last."""
READS_IN_FLIGHT_MAX = 8
_NO_COLUMNS = frozenset[str]()


class MonthlyRow(msgspec.Struct, frozen=True, gc=False):
    """A row, or the knowledge that there is none."""

    etag: str | None = None
    """None when the row is absent."""
    total: tuple[int, ...] = ()
    active: int = 0
    """Days with calls: bit 7 for day 7."""
    days: Mapping[int, ProjectedDay] | None = None
    """The days that were read or written."""
    complete: bool = True
    """Whether days that are not in `days` are known to be empty."""

    def knows(self, days: Collection[int]) -> bool:
        """Whether it says what stands on each of the days."""
        return self.complete or all(day in (self.days or {}) for day in days)

    def day(self, day: int) -> ProjectedDay:
        """What stands on a known day."""
        return (self.days or {}).get(day, NO_DAY)

    def after(self, changes: Mapping[int, ProjectedDay]) -> "MonthlyRow":
        """The row after a change of known days."""
        total, active = list(self.total), self.active
        for day, state in changes.items():
            total = after_change(total, self.day(day).measures, state.measures)
            active = active & ~(1 << day) | (bool(state.measures) << day)
        days = {**(self.days or {}), **changes}
        return MonthlyRow(self.etag, tuple(total), active, days, self.complete)

    def columns(self, days: Collection[int]) -> dict[str, Value]:
        """The sums, and the columns of some days."""
        total = encode_measure_list(self.total)
        columns: dict[str, Value] = {"total": total, "active": self.active}
        for day in days:
            measures, revs = day_columns(day)
            columns[measures] = encode_measure_list(self.day(day).measures)
            columns[revs] = encode_revs(self.day(day).revs)
        return columns


ABSENT = MonthlyRow()
"""No row."""


def write_of(
    key: str, row: MonthlyRow, days: Collection[int], facts: Mapping[str, Value]
) -> Operation:
    """What writes a changed row: all of a new one, else the changed days and the sums."""
    if row.etag is None:
        named = {"subject": facts["subject"], "model": facts["model"]}
        return Insert(key, _as_text(named | row.columns(days)))
    return Merge(key, row.columns(days), row.etag)


def _as_text(columns: dict[str, Value]) -> Mapping[str, Value] | ColumnsText:
    """Written at once, where only `active` is no text: so are all new rows but damaged ones."""
    texts = {name: value for name, value in columns.items() if type(value) is str}
    if len(texts) != len(columns) - 1:
        return columns
    text = columns_text(texts, {"active": int(columns["active"])}, as_text=_NO_COLUMNS)
    return columns if text is None else text


def read_monthly_row(row: Row, days: Collection[int]) -> MonthlyRow:
    """A row of which these days were read."""
    return MonthlyRow(
        etag_of(row),
        tuple(_measure_list(str(row["total"]))),
        int(row["active"]),
        {day: _read_day(row, day) for day in days},
        complete=False,
    )


def _measure_list(text: str) -> MeasureList:
    """One text as numbers."""
    return decode_measure_lists([text])[0] if text else []


def _read_day(row: Row, day: int) -> ProjectedDay:
    measures, revs = day_columns(day)
    if revs not in row:
        return NO_DAY
    return ProjectedDay(tuple(_measure_list(str(row[measures]))), decode_revs(str(row[revs])))


class MonthlyRowCache:
    """The rows that this process projects into."""

    def __init__(self, storage: TableStorage) -> None:
        self._storage = storage
        self._rows: OrderedDict[tuple[str, str], MonthlyRow] = OrderedDict()

    async def load(self, month: str, wanted: Mapping[str, Collection[int]]) -> None:
        """Make sure that these days of these rows are known."""
        unknown = []
        for key, days in wanted.items():
            row = self._rows.get((month, key))
            if row is None or not row.knows(days):
                unknown.append(key)
            else:
                self._rows.move_to_end((month, key))
        if not unknown:
            return
        days = sorted({day for key in unknown for day in wanted[key]})
        for key in unknown:
            self._rows[month, key] = ABSENT  # unless a read finds it
        try:
            await self._read(month, sorted(unknown), days)
        except BaseException:
            for key in unknown:
                self._rows.pop((month, key), None)
            raise

    async def _read(self, month: str, keys: list[str], days: list[int]) -> None:
        if len(keys) > READ_ONE_BY_ONE_MAX:
            ranges = [KeyRange(keys[0], _after(keys[-1]))]
        else:
            ranges = [KeyRange(key, _after(key)) for key in keys]
        names = [name for day in days for name in day_columns(day)]
        select = ["RowKey", "Timestamp", "total", "active", *names]
        unknown = set(keys)

        async def read(span: KeyRange) -> None:
            async for page in self._storage.query(MONTHLY_TABLE, month, span, select=select):
                for row in page:
                    if (key := str(row["RowKey"])) in unknown:
                        self._rows[month, key] = read_monthly_row(row, days)

        await at_most(READS_IN_FLIGHT_MAX, map(read, ranges))

    def get(self, month: str, key: str) -> MonthlyRow:
        """A loaded row."""
        return self._rows[month, key]

    def put(self, month: str, key: str, row: MonthlyRow) -> None:
        """Keep a row as just written."""
        self._rows[month, key] = row

    def forget(self, month: str, keys: Collection[str]) -> None:
        """Read these rows again before their next use."""
        for key in keys:
            self._rows.pop((month, key), None)

    def trim(self) -> None:
        """Drop the rows that were used longest ago."""
        while len(self._rows) > ROWS_CACHED_MAX:
            self._rows.popitem(last=False)


def _after(key: str) -> str:
    """The end of a range with this one key: `!` sorts before all that a key may hold."""
    return key + "!"
