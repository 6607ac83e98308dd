"""DailyUsage cells as a writer holds them: totals, revision and ETag, in a bounded cache.

A cell is read once, by its key, which is the cheapest read that the service has; that it is absent
is kept too. After many reads of a day that found nothing, the next cells of that day are taken to
be new without a read. The cache is advice only: a transaction with a stale entry or a wrong guess
fails, and the cells are read.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping

import msgspec

from table_api.ledger.measures import (
    MEASURE_AMOUNTS,
    MEASURE_INTEGERS,
    Measures,
    decode_measures,
    encode_measures,
    without_zeros,
)
from table_api.storage.keys import starting_with
from table_api.storage.parallel import at_most
from table_api.storage.table_storage import ColumnsText, Row, TableStorage, Value, etag_of
from table_api.storage.transaction import columns_text

CELL_DAYS_CACHED_MAX = 50_000
"""Subject-days in the cache: about 1 KB each."""
READS_IN_FLIGHT_MAX = 8
"""Of one transaction."""
READS_OF_ALL_MAX = 32
"""Of all transactions: each opens a connection, and a consumer that starts asks for many cells."""
ABSENT_IN_A_ROW = 50
"""So many reads of a day's cells in a row that found none, and the next ones are not read first. A
consumer that starts amid a day finds cells of others and of before, and goes on reading.
"""


class Cell(msgspec.Struct, frozen=True, gc=False):
    """One DailyUsage cell."""

    facts: Mapping[str, Value]
    measures: Measures
    rev: int
    """How many transactions have changed it; 0 before the first."""
    etag: str | None
    """None when the cell is absent."""


def read_cell(row: Row) -> Cell:
    """A cell as read from the ledger."""
    facts = {
        name: value
        for name, value in row.items()
        if name not in MEASURE_INTEGERS
        and name not in MEASURE_AMOUNTS
        and name not in {"PartitionKey", "RowKey", "Timestamp", "rev"}
    }
    return Cell(facts, decode_measures(row), int(row["rev"]), etag_of(row))


def cell_columns(cell: Cell) -> Mapping[str, Value] | ColumnsText:
    """The columns of a cell row: written at once where its facts are texts, as ours are."""
    texts = {name: value for name, value in cell.facts.items() if type(value) is str}
    if len(texts) == len(cell.facts):
        numbers = without_zeros(cell.measures)
        numbers["rev"] = cell.rev
        if (text := columns_text(texts, numbers, as_text=MEASURE_AMOUNTS)) is not None:
            return text
    return {**cell.facts, **encode_measures(cell.measures), "rev": cell.rev}


class CellCache:
    """The cells of the subject-days that this process writes."""

    def __init__(self, storage: TableStorage, table: str) -> None:
        self._storage = storage
        self.table = table
        self._days: OrderedDict[tuple[str, str], dict[str, Cell | None]] = OrderedDict()
        """By partition and subject-day; None is a cell that was absent."""
        self._absent: dict[str, int] = {}
        """Reads in a row that found no cell, by charge day."""
        self._reads = asyncio.Semaphore(READS_OF_ALL_MAX)

    async def hold(
        self, partition: str, keys: Collection[str]
    ) -> tuple[dict[str, Cell | None], list[str]]:
        """The cells of a transaction, as they are known or read now, None where absent; and those
        that are taken to be absent without a read.
        """
        held: dict[str, Cell | None] = {}
        unknown, guessed = [], []
        for key in keys:
            subject_day = (partition, _subject_day(key))
            of_day = self._days.get(subject_day)
            if of_day is not None and key in of_day:
                self._days.move_to_end(subject_day)
                held[key] = of_day[key]
            elif self._absent.get(_day(partition, key), 0) >= ABSENT_IN_A_ROW:
                guessed.append(key)
                held[key] = None
            else:
                unknown.append(key)
        found = await self.load(partition, unknown, may_guess=True)
        new = [key for key in unknown if key not in found]
        return held | found | dict.fromkeys(new), guessed + new

    async def load(
        self, partition: str, keys: Collection[str], *, may_guess: bool = False
    ) -> dict[str, Cell | None]:
        """Read cells by their keys and keep them; None is one that is absent from the ledger. With
        `may_guess` those are left out that, when their turn comes, are taken to be absent.
        """
        found: dict[str, Cell | None] = {}

        async def load(key: str) -> None:
            day = _day(partition, key)
            async with self._reads:
                if may_guess and self._absent.get(day, 0) >= ABSENT_IN_A_ROW:
                    return
                row = await self._storage.get(self.table, partition, key)
            cell = found[key] = None if row is None else read_cell(row)
            self._absent[day] = 0 if cell is not None else self._absent.get(day, 0) + 1
            subject_day = (partition, _subject_day(key))
            self._days.setdefault(subject_day, {})[key] = cell
            self._used(subject_day)

        if keys:
            await at_most(READS_IN_FLIGHT_MAX, map(load, keys))
        return found

    async def read(self, partition: str, cell: str) -> dict[str, Cell]:
        """The cells of a cell's subject-day as they stand, past the cache; it keeps the newer."""
        cells: dict[str, Cell] = {}
        prefix = starting_with(_subject_day(cell))
        async for page in self._storage.query(self.table, partition, prefix):
            cells.update((str(row["RowKey"]), read_cell(row)) for row in page)
        subject_day = (partition, _subject_day(cell))
        of_day = self._days.setdefault(subject_day, {})
        for key, found in cells.items():
            known = of_day.get(key)
            if known is None or known.rev < found.rev:
                of_day[key] = found
        self._used(subject_day)
        return cells

    def known(self, partition: str, cell: str) -> dict[str, Cell]:
        """The cells of a cell's subject-day that this process knows; the ledger may have others."""
        known = self._days.get((partition, _subject_day(cell)), {})
        return {key: found for key, found in known.items() if found is not None}

    def put(self, partition: str, key: str, cell: Cell) -> None:
        """Keep a cell as just written."""
        subject_day = (partition, _subject_day(key))
        cells = self._days.get(subject_day)
        if cells is None:
            self._days[subject_day] = {key: cell}
            self._used(subject_day)
        else:
            cells[key] = cell

    def _used(self, subject_day: tuple[str, str]) -> None:
        """Make room for a subject-day, which is the last to go now."""
        self._days.move_to_end(subject_day)
        while len(self._days) > CELL_DAYS_CACHED_MAX:
            self._days.popitem(last=False)

    def forget(self, partition: str, cell: str) -> None:
        """Read this cell's subject-day again before its next use."""
        self._days.pop((partition, _subject_day(cell)), None)


def _subject_day(cell: str) -> str:
    """`d|{subject}|{dd}|` of a cell's RowKey, which a model and a line follow."""
    return cell[: cell.rindex("|", 0, cell.rindex("|")) + 1]


def _day(partition: str, cell: str) -> str:
    """`yyyymmdd` of a cell."""
    return partition[:6] + cell.split("|", 3)[2]
