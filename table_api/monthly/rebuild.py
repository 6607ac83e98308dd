"""Rebuilds `monthly` from the ledger's cells, also while the ledger is written.

A row is read before its cells and written under the ETag of that read: a writer that projects in
between wins, and the row is looked at again. Cells are read from every shard of the month, also
where none was when the rebuild began. A row with a damaged cell is left as it is, since nobody
knows its sums.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from table_api.errors import AlreadyExists, Altered, ChangedMeanwhile, Contended, Rejected
from table_api.ledger.cells import Cell, read_cell
from table_api.ledger.keys import CELL_ROWS, LEDGER_TABLE, month_partitions
from table_api.ledger.meta import note_monthly, read_meta
from table_api.monthly.projected_day import MONTHLY_TABLE, monthly_key, project_day
from table_api.monthly.rows import MonthlyRow
from table_api.storage.keys import EVERY_ROW
from table_api.storage.named_rows import UNREADABLE, unreadable
from table_api.storage.parallel import chunks
from table_api.storage.table_storage import (
    OPERATIONS_MAX,
    Insert,
    Replace,
    Row,
    TableStorage,
    Value,
    etag_of,
)

PASSES_MAX = 20
_KEYS = frozenset(("PartitionKey", "RowKey", "Timestamp"))


@dataclass(slots=True)
class Rebuilt:
    """What was done."""

    rows: int = 0
    written: int = 0
    """Rows that did not say what the cells say."""
    left: dict[str, str] = field(default_factory=dict)
    """Why a cell, or a row that storage refuses, could not be projected, by its place."""


async def rebuild_monthly(storage: TableStorage) -> Rebuilt:
    """Make every row what the cells say. Raises Unavailable or Contended; retrying is safe.

    LedgerMismatch for a ledger of a later schema. Altered names a damaged cell after all other rows
    are right. Memory: a month's rows and cells.
    """
    meta = await read_meta(storage)
    shards = 0 if meta is None else meta.settings.shards
    await storage.create_table(MONTHLY_TABLE)
    partitions = [partition async for partition in storage.partitions(LEDGER_TABLE)]
    months = {partition[:6] for partition in partitions}
    months |= {month async for month in storage.partitions(MONTHLY_TABLE)}
    rebuilt = Rebuilt()
    for month in sorted(months):
        listed = [partition for partition in partitions if partition[:6] == month]
        of_month = sorted({*listed, *month_partitions(month, shards)})
        only: set[str] | None = None
        for _ in range(PASSES_MAX):
            only = await _rebuild_month(storage, month, of_month, only, rebuilt)
            if not only:
                break
        else:
            raise Contended(f"writers changed {month} amid {PASSES_MAX} passes over it")
    if rebuilt.left:
        first, *more = rebuilt.left.values()
        raise Altered(
            f"{first} (and {len(more)} more): its row of `monthly` is left as it is; of "
            f"{rebuilt.rows} others {rebuilt.written} were written"
        )
    await note_monthly(storage)
    return rebuilt


async def _rebuild_month(
    storage: TableStorage,
    month: str,
    partitions: Collection[str],
    only: set[str] | None,
    rebuilt: Rebuilt,
) -> set[str]:
    """One pass over a month, or over some of its rows; those that changed meanwhile."""
    standing: dict[str, Row] = {}
    async for page in storage.query(MONTHLY_TABLE, month, EVERY_ROW):
        standing.update((str(row["RowKey"]), row) for row in page)
    found = await _days(storage, partitions)
    rebuilt.left |= {place: why for place, (_, why) in found.damaged.items()}
    wanted = {key: _columns(days) for key, days in found.days.items()}
    keys = sorted(({*standing, *wanted} if only is None else only) - found.damaged_rows)
    rebuilt.rows += len(keys) if only is None else 0
    writes = [
        write
        for key in keys
        if (write := _write(key, standing.get(key), wanted.get(key))) is not None
    ]
    again: set[str] = set()
    for part in chunks(writes, OPERATIONS_MAX):
        again |= await _write_all(storage, month, part, rebuilt)
    return again


async def _write_all(
    storage: TableStorage, month: str, part: Sequence[Insert | Replace], rebuilt: Rebuilt
) -> set[str]:
    """Write them together, or in halves where storage refuses so much; those that changed."""
    try:
        await storage.transact(MONTHLY_TABLE, month, part)
    except (AlreadyExists, ChangedMeanwhile):
        return {write.row_key for write in part}
    except Rejected as rejected:
        if len(part) == 1:
            place = f"{MONTHLY_TABLE} {month} {part[0].row_key}"
            rebuilt.left[place] = f"row {place} is refused: {rejected}"
            return set()
        middle = len(part) // 2
        again = await _write_all(storage, month, part[:middle], rebuilt)
        return again | await _write_all(storage, month, part[middle:], rebuilt)
    rebuilt.written += len(part)
    return set()


@dataclass(slots=True)
class _Cells:
    """Of one month."""

    days: dict[str, dict[int, dict[str, Cell]]]
    """By row, day and line."""
    damaged: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By place: the row that a cell counts in, empty text where its key does not say it, and why
    it cannot be read.
    """

    @property
    def damaged_rows(self) -> set[str]:
        """Rows whose sums nobody knows."""
        return {key for key, _ in self.damaged.values()}


async def _days(storage: TableStorage, partitions: Collection[str]) -> _Cells:
    """Cells by row, day and line."""
    found = _Cells(defaultdict(dict))
    for partition in partitions:
        async for page in storage.query(LEDGER_TABLE, partition, CELL_ROWS):
            for row in page:
                key = ""
                try:
                    key, day, line = monthly_key(str(row["RowKey"]))
                    cell = read_cell(row)
                    cell.facts["subject"], cell.facts["model"]  # what a row is named by
                except UNREADABLE as error:
                    altered = unreadable(LEDGER_TABLE, row, error)
                    found.damaged[f"{partition} {row['RowKey']}"] = key, str(altered)
                else:
                    found.days[key].setdefault(day, {})[line] = cell
    for key in found.damaged_rows:
        found.days.pop(key, None)
    return found


def _columns(days: Mapping[int, Mapping[str, Cell]]) -> dict[str, Value]:
    """All columns of a row."""
    row = MonthlyRow().after({day: project_day(cells) for day, cells in days.items()})
    facts = next(iter(next(iter(days.values())).values())).facts
    named = {"subject": facts["subject"], "model": facts["model"]}
    return named | row.columns(days)


def _write(
    key: str, standing: Row | None, wanted: dict[str, Value] | None
) -> Insert | Replace | None:
    """What makes the row right; a row without cells is emptied, as a writer may just need it."""
    if standing is None:
        return Insert(key, wanted) if wanted is not None else None
    says = {name: str(value) for name, value in standing.items() if name not in _KEYS}
    if wanted is None:
        named = zip(("subject", "model"), key.split("|"), strict=False)
        wanted = {name: standing.get(name, of_key) for name, of_key in named}
        wanted |= {"total": "", "active": 0}
    if says == {name: str(value) for name, value in wanted.items()}:
        return None
    return Replace(key, wanted, etag_of(standing))
