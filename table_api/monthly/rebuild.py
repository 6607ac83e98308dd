"""Rebuilds `monthly` from the ledger's cells, also while the ledger is written.

A row is read before its cells and written under the ETag of that read: a writer that projects in
between wins, and the row is looked at again. Cells are read from every shard of the month, also
where none was when the rebuild began.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from table_api.errors import AlreadyExists, ChangedMeanwhile, Contended
from table_api.ledger.cells import Cell, read_cell
from table_api.ledger.keys import CELL_ROWS, LEDGER_TABLE, month_partitions
from table_api.ledger.meta import note_monthly, read_meta
from table_api.monthly.projected_day import MONTHLY_TABLE, monthly_key, project_day
from table_api.monthly.rows import MonthlyRow
from table_api.storage.keys import EVERY_ROW
from table_api.storage.parallel import chunks
from table_api.storage.table_storage import (
    OPERATIONS_MAX,
    Insert,
    Operation,
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


async def rebuild_monthly(storage: TableStorage) -> Rebuilt:
    """Make every row what the cells say. Raises Unavailable or Contended; retrying is safe.

    LedgerMismatch for a ledger of a later schema. Memory: a month's rows and cells.
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
    wanted = {key: _columns(days) for key, days in (await _days(storage, partitions)).items()}
    keys = sorted({*standing, *wanted} if only is None else only)
    rebuilt.rows += len(keys) if only is None else 0
    writes = [
        write
        for key in keys
        if (write := _write(key, standing.get(key), wanted.get(key))) is not None
    ]
    again: set[str] = set()
    for part in chunks(writes, OPERATIONS_MAX):
        try:
            await storage.transact(MONTHLY_TABLE, month, part)
        except (AlreadyExists, ChangedMeanwhile):
            again.update(write.row_key for write in part)
        else:
            rebuilt.written += len(part)
    return again


async def _days(
    storage: TableStorage, partitions: Collection[str]
) -> dict[str, dict[int, dict[str, Cell]]]:
    """Cells by row, day and line."""
    found: dict[str, dict[int, dict[str, Cell]]] = defaultdict(dict)
    for partition in partitions:
        async for page in storage.query(LEDGER_TABLE, partition, CELL_ROWS):
            for row in page:
                key, day, line = monthly_key(str(row["RowKey"]))
                found[key].setdefault(day, {})[line] = read_cell(row)
    return found


def _columns(days: Mapping[int, Mapping[str, Cell]]) -> dict[str, Value]:
    """All columns of a row."""
    row = MonthlyRow().after({day: project_day(cells) for day, cells in days.items()})
    facts = next(iter(next(iter(days.values())).values())).facts
    named = {"subject": facts["subject"], "model": facts["model"]}
    return named | row.columns(days)


def _write(key: str, standing: Row | None, wanted: dict[str, Value] | None) -> Operation | None:
    """What makes the row right; a row without cells is emptied, as a writer may just need it."""
    if standing is None:
        return Insert(key, wanted) if wanted is not None else None
    says = {name: str(value) for name, value in standing.items() if name not in _KEYS}
    if wanted is None:
        wanted = {name: standing[name] for name in ("subject", "model")}
        wanted |= {"total": "", "active": 0}
    if says == {name: str(value) for name, value in wanted.items()}:
        return None
    return Replace(key, wanted, etag_of(standing))
