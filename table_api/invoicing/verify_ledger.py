"""Cells from chains: what a snapshot says of a cell at a revision, re-added from the ledger's rows.

Code of its own: of the ledger it knows where the rows stand and how they say what they changed.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from table_api.invoicing.findings import Findings
from table_api.keys import CALL_ROWS
from table_api.storage import Row, TableStorage

_TABLE = "ledger"
_COUNTED = ("calls", "errors", "unpriced", "no_usage")
_LAYERS = ("list", "contracted", "charge", "billed")

Json = dict[str, Any]


async def check_ledger(storage: TableStorage, snapshot: Json, findings: Findings) -> None:
    """Re-add every cell of a snapshot, also those of earlier months."""
    months: dict[str, dict[str, tuple[int, Counter[str]]]] = {
        snapshot["month"]: {
            cell["key"]: (cell["rev"], _sums(cell["additive"])) for cell in snapshot["cells"]
        }
    }
    for earlier in snapshot["earlier"]:
        months[earlier["month"]] = {
            cell["key"]: (cell["rev"], _sums(cell["after"])) for cell in earlier["cells"]
        }
    partitions = [partition async for partition in storage.partitions(_TABLE)]
    for month, cells in months.items():
        summed: dict[str, Counter[str]] = {key: Counter() for key in cells}
        revs: dict[str, set[int]] = {key: set() for key in cells}
        for partition in partitions:
            if partition.startswith(month.replace("-", "")):
                await _add_partition(storage, partition, cells, summed, revs)
        for key, (rev, stated) in cells.items():
            findings.cells += 1
            place = f"{findings.month} snapshot, cell {key} of {month}"
            if revs[key] != set(range(1, rev + 1)):
                findings.add(f"{place} has revision {rev}, the ledger's rows have {len(revs[key])}")
            for name in sorted({*stated, *summed[key]}):
                if stated[name] != summed[key][name]:
                    findings.add(
                        f"{place} states {name} = {stated[name]}, its calls add to "
                        f"{summed[key][name]}"
                    )


async def _add_partition(
    storage: TableStorage,
    partition: str,
    cells: dict[str, tuple[int, Counter[str]]],
    summed: dict[str, Counter[str]],
    revs: dict[str, set[int]],
) -> None:
    async for page in storage.query(_TABLE, partition, CALL_ROWS):
        for row in page:
            for key, rev, change in _effects(row):
                if key in cells and rev <= cells[key][0]:
                    revs[key].add(rev)
                    summed[key].update(change)


def _effects(row: Row) -> Iterator[tuple[str, int, Counter[str]]]:
    """What a call's row changed: an entry says it by itself, a correction lists it."""
    if "effects" not in row:
        yield str(row["cell"]), int(row["rev"]), _sums(row)
        return
    for key, rev, change in json.loads(str(row["effects"])):
        yield key, int(rev), _sums(change)


def _sums(columns: Json | Row) -> Counter[str]:
    return Counter(
        {
            name: int(value)
            for name, value in columns.items()
            if name in _COUNTED or name.startswith("q_") or name.partition("_")[0] in _LAYERS
        }
    )
