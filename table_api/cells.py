"""DailyUsage cells as a writer holds them: totals, revision and ETag, in a bounded cache.

The cache is loaded per subject and day, whole, so that a missing cell is known to be absent. It is
advice only: a transaction with a stale entry fails, the entry is dropped and read again.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from table_api.additive import (
    ADDITIVE_AMOUNTS,
    ADDITIVE_INTEGERS,
    Additive,
    decode_additive,
    encode_additive,
)
from table_api.keys import starting_with
from table_api.storage import Row, TableStorage, Value, etag_of

CELL_DAYS_CACHED_MAX = 50_000
"""Subject-days in the cache: about 1 KB each."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One DailyUsage cell."""

    facts: Mapping[str, Value]
    additive: Additive
    rev: int
    """How many transactions have changed it; 0 before the first."""
    etag: str | None
    """None when the cell is absent."""


def read_cell(row: Row) -> Cell:
    """A cell as read from the ledger."""
    facts = {
        name: value
        for name, value in row.items()
        if name not in ADDITIVE_INTEGERS
        and name not in ADDITIVE_AMOUNTS
        and name not in {"PartitionKey", "RowKey", "Timestamp", "rev"}
    }
    return Cell(facts, decode_additive(row), int(row["rev"]), etag_of(row))


def cell_columns(cell: Cell) -> dict[str, Value]:
    """The columns of a cell row."""
    return {**cell.facts, **encode_additive(cell.additive), "rev": cell.rev}


class CellCache:
    """The cells of the subject-days that this process writes."""

    def __init__(self, storage: TableStorage, table: str) -> None:
        self._storage = storage
        self.table = table
        self._days: OrderedDict[tuple[str, str], dict[str, Cell]] = OrderedDict()

    async def load(self, partition: str, cell: str) -> None:
        """Make sure that the subject-day of a cell is known."""
        place = (partition, _subject_day(cell))
        if place in self._days:
            self._days.move_to_end(place)
            return
        self._days[place] = await self.read(partition, cell)
        while len(self._days) > CELL_DAYS_CACHED_MAX:
            self._days.popitem(last=False)

    async def read(self, partition: str, cell: str) -> dict[str, Cell]:
        """The cells of a cell's subject-day as they stand, past the cache."""
        cells: dict[str, Cell] = {}
        prefix = starting_with(_subject_day(cell))
        async for page in self._storage.query(self.table, partition, prefix):
            cells.update((str(row["RowKey"]), read_cell(row)) for row in page)
        return cells

    def known(self, partition: str, cell: str) -> Mapping[str, Cell] | None:
        """The cells of a cell's subject-day as this process last saw them; None when dropped."""
        return self._days.get((partition, _subject_day(cell)))

    def get(self, partition: str, cell: str) -> Cell | None:
        """A cell of a loaded subject-day; None when it is absent from the ledger."""
        return self._days[partition, _subject_day(cell)].get(cell)

    def put(self, partition: str, key: str, cell: Cell) -> None:
        """Keep a cell as just written."""
        cells = self._days.get((partition, _subject_day(key)))
        if cells is not None:
            cells[key] = cell

    def forget(self, partition: str, cell: str) -> None:
        """Read this cell's subject-day again before its next use."""
        self._days.pop((partition, _subject_day(cell)), None)


def _subject_day(cell: str) -> str:
    """`d|{subject}|{dd}|` of a cell's RowKey."""
    kind, subject, day, _ = cell.split("|", 3)
    return f"{kind}|{subject}|{day}|"
