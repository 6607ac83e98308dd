"""Cells from chains: what a snapshot says of a cell at a revision, re-added from the ledger's rows.

Code of its own: of the ledger it knows where the rows stand and how they say what they changed.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from table_api.invoicing.verification.findings import Findings
from table_api.ledger.keys import CALL_ROWS, CELL_ROWS
from table_api.storage.named_rows import UNREADABLE
from table_api.storage.table_storage import Row, TableStorage

_TABLE = "ledger"
_COUNTED = ("calls", "errors", "unpriced", "no_usage", "excluding", "pending", "failed")
_LAYERS = ("list", "contracted", "charge", "billed")

_RATED = ("provider", "model_version", "deployment_type")
"""No part of a cell's key: a cell takes them from a call of its first transaction, and others of
its calls may have others, where they reported another model or were rated with another book."""

_OF_LAST_ROW = ("currency", "billing_currency")
"""A row that a correction has replaced may have others: the audit holds the last rows to them."""

SETTLED_S = 900
"""A row recorded so long before a snapshot was written before it: clocks differ by less, and a
transaction takes less."""

Json = dict[str, Any]


class _Cell:
    """A cell as a snapshot has it, beside what the ledger's rows say."""

    def __init__(self, cell: Json, additive: Json) -> None:
        self.rev = int(cell["rev"])
        self.facts: dict[str, str] = cell["facts"]
        self.stated = _sums(additive)
        self.summed: Counter[str] = Counter()
        self.revs: set[int] = set()
        self.stands = False
        self.rated: dict[tuple[str, str], list[str]] = {}
        """What the calls say of _RATED, by what decides it: reported model and book."""
        self.first: list[list[str]] = []
        """The same of the calls of the first transaction."""


async def check_ledger(storage: TableStorage, snapshot: Json, findings: Findings) -> None:
    """Re-add every cell of a snapshot, also those of earlier months, and ask of every row of the
    month that was recorded before whether the snapshot has it.

    The sums of the ledger's own cells, which may have grown since, are the audit's to re-add.
    """
    settled = datetime.fromisoformat(snapshot["taken_at"]) - timedelta(seconds=SETTLED_S)
    months = {
        snapshot["month"]: {
            cell["key"]: _Cell(cell, cell["additive"]) for cell in snapshot["cells"]
        }
    }
    for earlier in snapshot["earlier"]:
        months[earlier["month"]] = {
            cell["key"]: _Cell(cell, cell["after"]) for cell in earlier["cells"]
        }
    partitions = [partition async for partition in storage.partitions(_TABLE)]
    for month, cells in months.items():
        for partition in partitions:
            if partition.startswith(month.replace("-", "")):
                await _check_cells(storage, partition, cells, findings)
                before = settled if month == snapshot["month"] else None
                await _add_calls(storage, partition, cells, findings, before=before)
        for key, cell in cells.items():
            findings.cells += 1
            _check_sums(f"{findings.month} snapshot, cell {key} of {month}", cell, findings)


def _check_sums(place: str, cell: _Cell, findings: Findings) -> None:
    if not cell.stands:
        findings.add(f"{place} does not stand in the ledger")
    # A damaged revision may be any number, so nothing counts up to it.
    if len(cell.revs) != cell.rev or not all(1 <= rev <= cell.rev for rev in cell.revs):
        findings.add(f"{place} has revision {cell.rev}, the ledger's rows have {len(cell.revs)}")
    if cell.first and _rated(cell.facts) not in cell.first:
        findings.add(f"{place} states {_rated(cell.facts)}, its first calls {cell.first}")
    for name in sorted({*cell.stated, *cell.summed}):
        if cell.stated[name] != cell.summed[name]:
            findings.add(
                f"{place} states {name} = {cell.stated[name]}, its calls add to {cell.summed[name]}"
            )


async def _check_cells(
    storage: TableStorage, partition: str, cells: Mapping[str, _Cell], findings: Findings
) -> None:
    """A cell keeps its facts for ever, and its revision only grows."""
    async for page in storage.query(_TABLE, partition, CELL_ROWS):
        for row in page:
            cell = cells.get(str(row["RowKey"]))
            if cell is None:
                continue
            cell.stands = True
            place = f"cell {partition} {row['RowKey']}"
            _check_facts(place, row, cell.facts, findings)
            with _naming(place, findings):
                if int(row["rev"]) < cell.rev:
                    findings.add(f"{place} has revision {row['rev']}, {cell.rev} was snapshotted")


@contextmanager
def _naming(place: str, findings: Findings) -> Iterator[None]:
    """A row that cannot be read is a problem, and the verification goes on."""
    try:
        yield
    except UNREADABLE as error:
        findings.add(f"{place} cannot be read: {error!r}")


async def _add_calls(
    storage: TableStorage,
    partition: str,
    cells: Mapping[str, _Cell],
    findings: Findings,
    *,
    before: datetime | None,
) -> None:
    async for page in storage.query(_TABLE, partition, CALL_ROWS):
        for row in page:
            place = f"row {partition} {row['RowKey']}"
            with _naming(place, findings):
                _add_call(place, row, cells, findings)
                if before is not None and datetime.fromisoformat(str(row["recorded_at"])) < before:
                    _check_taken(place, row, cells, findings)


def _add_call(place: str, row: Row, cells: Mapping[str, _Cell], findings: Findings) -> None:
    effects = list(_effects(row))
    for key, rev, change in effects:
        cell = cells.get(key)
        if cell is not None and rev <= cell.rev:
            cell.revs.add(rev)
            cell.summed.update(change)
    if "cell" not in row:
        return  # moved: it counts nowhere
    if (str(row["cell"]), int(row["rev"])) not in {(key, rev) for key, rev, _ in effects}:
        findings.add(f"{place} says that it counts in {row['cell']}, and changes another cell")
    counted = cells.get(str(row["cell"]))
    if counted is not None:
        fixed = {
            name: value
            for name, value in counted.facts.items()
            if name not in _RATED and name not in _OF_LAST_ROW
        }
        _check_facts(place, row, fixed, findings)
        _check_rated(f"{place} in cell {row['cell']}", row, counted, findings)


def _check_taken(place: str, row: Row, cells: Mapping[str, _Cell], findings: Findings) -> None:
    """A row that was recorded before the snapshot is in it: else the close read too little."""
    for key, rev, _ in _effects(row):
        cell = cells.get(key)
        if cell is None or rev > cell.rev:
            findings.add(
                f"{place} was recorded at {row['recorded_at']}, before the snapshot, which has "
                f"revision {cell.rev if cell else 0} of {key} and not {rev}"
            )


def _check_rated(place: str, row: Row, cell: _Cell, findings: Findings) -> None:
    stated = _rated(row)
    decided_by = (str(row.get("reported_model")), str(row["book_version"]))
    others = cell.rated.setdefault(decided_by, stated)
    if stated != others:
        findings.add(f"{place} states {stated}, another call of that model and book {others}")
    if int(row["rev"]) == 1:
        cell.first.append(stated)


def _rated(facts: Mapping[str, Any]) -> list[str]:
    return [str(facts.get(name, "")) for name in _RATED]


def _check_facts(place: str, row: Row, facts: Mapping[str, str], findings: Findings) -> None:
    for name, value in facts.items():
        if name in row and str(row[name]) != value:
            findings.add(f"{place} states {name} = {row[name]}, the snapshot of its cell {value}")


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
