"""The audit: reads the ledger as it stands, also while it is written, and re-adds everything.

It shares no code with the writers but the storage it reads from. A cell read at revision R must be
the sum of the rows with a revision of at most R, and these must number 1 to R without a gap; rows
are read after their cells, so all of them are there. A chain has no gaps, each of its steps is the
difference of two states, and a call id counts in one chain only. A row that cannot be read is named
like any other fault: no row ends the audit.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from table_api.audit.counted_calls import CountedCalls
from table_api.audit.ledger_settings import LedgerSettings, read_settings
from table_api.audit.monthly_audit import audit_monthly
from table_api.audit.problems import Problems
from table_api.audit.row_checks import call_faults, cell_faults
from table_api.audit.schema import check_schema
from table_api.audit.small_tables import (
    Source,
    audit_people,
    check_counts,
    read_counts,
    source_of,
)
from table_api.storage.keys import KeyRange
from table_api.storage.table_storage import Row, TableStorage
from telemetry.names import OfSpan, SpanName
from telemetry.spans import span

AUDITED_TABLE = "ledger"
CALL_ROWS = KeyRange("c|", "c|~")
CELL_ROWS = KeyRange("d|", "d|~")
"""Spelled here once more: the audit takes no key from those who write."""

_LAYERS = ("list", "contracted", "charge", "billed")
_COUNTED = ("calls", "errors", "unpriced", "no_usage", "excluding", "pending", "failed")

Sums = Counter[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What an audit saw and what does not add up."""

    at: datetime
    calls: int
    """Calls that count, once each."""
    cells: int
    rows: int
    """Rows of all chains."""
    charge: int
    """Sum over the cells, in pico-units."""
    moving: int
    """Calls on their way to another subject or time: they count under both for a moment. No
    month is closed meanwhile."""
    behind: int = 0
    """Rows of `monthly` that writers have not brought up to their cells yet."""
    problems: tuple[str, ...]
    """At most PROBLEMS_LISTED_MAX."""

    @property
    def ok(self) -> bool:
        """Whether everything adds up."""
        return not self.problems

    def render(self) -> str:
        """For people."""
        verdict = "ok" if self.ok else f"{len(self.problems)} PROBLEMS"
        head = f"audit {verdict}: {self.calls} calls, {self.rows} rows, {self.cells} cells"
        head += f", {self.moving} moving" if self.moving else ""
        head += f", {self.behind} behind in monthly" if self.behind else ""
        return "\n".join([head, *(f"  {problem}" for problem in self.problems)])


@dataclass(slots=True)
class _Findings:
    settings: LedgerSettings
    problems: Problems
    counted: CountedCalls = field(default_factory=CountedCalls)
    sources: Counter[Source] = field(default_factory=Counter)
    """Rows by the count of `progress` that they are part of."""
    cells: int = 0
    rows: int = 0
    charge: int = 0


@dataclass(slots=True)
class _CellSum:
    """A cell as read, beside what its rows say."""

    rev: int
    stated: Sums
    summed: Sums = field(default_factory=Counter)
    revs: dict[int, str] = field(default_factory=dict)
    """When the rows of each revision were recorded: one transaction has one time."""


async def audit(storage: TableStorage, *, now: datetime) -> AuditReport:
    """Audit the whole ledger, live. Memory: about 0.5 KB per call, for its id and chain.

    LedgerMismatch for a ledger of a later schema.
    """
    with span(SpanName.AUDIT) as of_audit:
        report = await _audit(storage, now)
        of_audit.set_attribute(OfSpan.CALLS.value, report.calls)
        of_audit.set_attribute(OfSpan.ROWS.value, report.rows)
        of_audit.set_attribute(OfSpan.PROBLEMS.value, len(report.problems))
    return report


async def _audit(storage: TableStorage, now: datetime) -> AuditReport:
    await check_schema(storage)
    problems = Problems()
    settings = await read_settings(storage, problems, now=now)
    findings = _Findings(settings or LedgerSettings(), problems)
    counts = await read_counts(storage, problems)  # before the rows that they count
    async for partition in storage.partitions(AUDITED_TABLE):
        if settings is None:
            problems.add(f"meta has no settings, and partition {partition} has rows")
        await _audit_partition(storage, partition, findings)
    check_counts(counts, findings.sources, problems)
    moving = 0
    async for kind, places in findings.counted.settle(storage, now):
        moving += kind == "moving"
        if kind == "twice":
            problems.add(f"call {places[0]} counts twice: {' and '.join(places[1:])}")
    await audit_people(storage, problems)
    monthly = await audit_monthly(storage, now=now, shards=findings.settings.shards)
    for problem in monthly.problems:
        problems.add(problem)
    return AuditReport(
        at=now,
        calls=findings.counted.calls,
        cells=findings.cells,
        rows=findings.rows,
        charge=findings.charge,
        moving=moving,
        behind=monthly.behind,
        problems=tuple(problems.texts),
    )


async def _audit_partition(storage: TableStorage, partition: str, findings: _Findings) -> None:
    problems = findings.problems
    problems.add_all(f"partition {partition}", findings.settings.partition_faults(partition))
    cells: dict[str, _CellSum] = {}
    async for page in storage.query(AUDITED_TABLE, partition, CELL_ROWS):
        for row in page:
            with problems.naming(f"cell {partition} {row['RowKey']}"):
                _read_cell(partition, row, cells, findings)
    missing: dict[str, str] = {}
    instant, chains = "", dict[str, list[Row]]()
    async for page in storage.query(AUDITED_TABLE, partition, CALL_ROWS):
        for row in page:
            findings.rows += 1
            parts = str(row["RowKey"]).split("|")
            if "|".join(parts[:4]) != instant:
                _close_chains(partition, chains, findings)
                instant, chains = "|".join(parts[:4]), {}
            chains.setdefault("|".join(parts[:5]), []).append(row)
            where = f"row {partition} {row['RowKey']}"
            with problems.naming(where):
                problems.add_all(where, _apply(row, cells, missing))
                problems.add_all(where, call_faults(partition, row))
                problems.add_all(where, findings.settings.shard_faults(partition, row))
                problems.add_all(where, findings.settings.day_faults(row))
    _close_chains(partition, chains, findings)
    for key, named_by in missing.items():
        if await storage.get(AUDITED_TABLE, partition, key) is None:
            problems.add(f"cell {partition} {key} is missing, row {named_by} counts in it")
    for key, cell in cells.items():
        _check_cell(f"cell {partition} {key}", cell, problems)


def _read_cell(partition: str, row: Row, cells: dict[str, _CellSum], findings: _Findings) -> None:
    """A cell that cannot be read is in none of the sums, and none of its rows misses it."""
    findings.cells += 1
    stated, settings = _sums(row), findings.settings
    cells[str(row["RowKey"])] = _CellSum(int(row["rev"]), stated)
    findings.charge += stated["charge"]
    where = f"cell {partition} {row['RowKey']}"
    _check_layers(where, stated, findings.problems)
    findings.problems.add_all(where, cell_faults(partition, row))
    findings.problems.add_all(where, settings.shard_faults(partition, row))
    findings.problems.add_all(where, settings.cell_faults(row, empty=not any(stated.values())))


def _apply(row: Row, cells: dict[str, _CellSum], missing: dict[str, str]) -> Iterator[str]:
    recorded_at = str(row["recorded_at"])
    for key, rev, delta in _effects(row):
        cell = cells.get(key)
        if cell is None:
            missing.setdefault(key, str(row["RowKey"]))
        elif rev <= cell.rev:
            if cell.revs.setdefault(rev, recorded_at) != recorded_at:
                yield f"is not of the transaction that made revision {rev} of {key}"
            cell.summed.update(delta)


def _effects(row: Row) -> Iterator[tuple[str, int, Sums]]:
    if "effects" not in row:
        yield str(row["cell"]), int(row["rev"]), _sums(row)
        return
    for key, rev, delta in json.loads(str(row["effects"])):
        yield key, int(rev), _sums(delta)


def _close_chains(partition: str, chains: dict[str, list[Row]], findings: _Findings) -> None:
    """Check the chains of one subject and instant: an id may sort amid the rows of another."""
    for key, chain in chains.items():
        with findings.problems.naming(f"chain {partition} {key}"):
            _check_chain(partition, key, chain, findings)


def _check_chain(partition: str, key: str, chain: list[Row], findings: _Findings) -> None:
    where, problems = f"chain {partition} {key}", findings.problems
    keys = [key] + [f"{key}|{number:04d}" for number in range(1, len(chain))]
    if [str(row["RowKey"]) for row in chain] != keys:
        problems.add(f"{where} has a gap: {[row['RowKey'] for row in chain]}")
    before: Sums = Counter()
    for number, row in enumerate(chain):
        if source := source_of(row, number):
            findings.sources[source] += 1
        after = _sums(row)
        _check_layers(f"row {partition} {row['RowKey']}", after, problems)
        step: Sums = Counter()
        for _, _, delta in _effects(row):
            step.update(delta)
        if _differ(step, _minus(after, before)):
            problems.add(f"row {partition} {row['RowKey']} states a step that is not its own")
        before = after
    _check_own_cell(where, chain[-1], problems)
    # A row that another has followed counts no more, whatever its currency was.
    problems.add_all(
        f"row {partition} {chain[-1]['RowKey']}", findings.settings.price_faults(chain[-1])
    )
    if before["calls"]:
        findings.counted.add(partition, chain[-1])


def _check_own_cell(where: str, row: Row, problems: Problems) -> None:
    """A call counts in a cell of its own subject and day; a moved one counts nowhere."""
    if "cell" not in row:
        if row["state"] != "moved" or _sums(row)["calls"]:
            problems.add(f"{where} counts in no cell, but is not moved")
        return
    _, subject, day, *_ = str(row["RowKey"]).split("|")
    if str(row["cell"]).split("|")[1:3] != [subject, day]:
        problems.add(f"{where} counts in {row['cell']}, a cell of another subject or day")


def _check_cell(where: str, cell: _CellSum, problems: Problems) -> None:
    found = set(cell.revs)
    # A damaged revision may be any number, so nothing counts up to it.
    if len(found) != cell.rev or not all(1 <= rev <= cell.rev for rev in found):
        absent = list(islice((rev for rev in range(1, cell.rev + 1) if rev not in found), 5))
        problems.add(f"{where} has revision {cell.rev}, but no row has revisions {absent}")
    for name in _differ(cell.summed, cell.stated):
        problems.add(
            f"{where} states {name} = {cell.stated[name]}, its rows add to {cell.summed[name]}"
        )


def _check_layers(where: str, sums: Sums, problems: Problems) -> None:
    """The total of each layer is the sum of its units."""
    for layer in _LAYERS:
        of_units = sum(amount for name, amount in sums.items() if name.startswith(f"{layer}_"))
        if of_units != sums[layer]:
            problems.add(f"{where} states {layer} = {sums[layer]}, its units add to {of_units}")


def _sums(row: Row) -> Sums:
    """The columns that add up, by their names."""
    return Counter(
        {
            name: int(value)
            for name, value in row.items()
            if name in _COUNTED
            or name in _LAYERS
            or name.startswith("q_")
            or name.partition("_")[0] in _LAYERS
        }
    )


def _minus(left: Sums, right: Sums) -> Sums:
    difference: Sums = Counter(left)
    difference.subtract(right)
    return difference


def _differ(left: Sums, right: Sums) -> list[str]:
    return sorted(name for name in {*left, *right} if left[name] != right[name])
