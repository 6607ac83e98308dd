"""What the tables contain, added up by subject, day and model, and compared with the truth.

It reads rows by their column names, and shares no code with the writers or the audit except for the
storage.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.faults.truth import Key, Totals, Truth
from table_api.ledger.measures import MEASURE_ORDER
from table_api.storage.keys import EVERY_ROW, starting_with
from table_api.storage.table_storage import Row, TableStorage

DIFFERENCES_SHOWN_MAX = 5


@dataclass(slots=True)
class Standing:
    """The ledger as read."""

    counted: Counter[str] = field(default_factory=Counter)
    """How often each call id counts: 1 is right."""
    rows: dict[Key, Totals] = field(default_factory=lambda: defaultdict(Totals))
    """Totals of the last row of each chain."""
    cells: dict[Key, Totals] = field(default_factory=lambda: defaultdict(Totals))
    monthly: dict[Key, Totals] = field(default_factory=lambda: defaultdict(Totals))
    """Totals of the projection for lists, day by day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The truth compared with the tables."""

    lost: int
    """Calls that were sent and count nowhere."""
    double: int
    """Calls that are counted more than once, or that nobody sent."""
    differences: tuple[str, ...]
    """Totals that differ, at most DIFFERENCES_SHOWN_MAX of them."""

    @property
    def ok(self) -> bool:
        """Whether every call is counted once and all totals are equal."""
        return not (self.lost or self.double or self.differences)


async def read_standing(storage: TableStorage) -> Standing:
    """Read the whole ledger."""
    standing = Standing()
    async for partition in storage.partitions("ledger"):
        chains: dict[str, Row] = {}
        async for page in storage.query("ledger", partition, starting_with("c|")):
            chains.update(("|".join(str(row["RowKey"]).split("|")[:5]), row) for row in page)
        for row in chains.values():  # the last row of each chain, since rows come in their order
            standing.counted[str(row["call_id"])] += int(row["calls"])
            standing.rows[_key(partition, str(row["cell"]))].add(_totals(row))
        async for page in storage.query("ledger", partition, starting_with("d|")):
            for row in page:
                standing.cells[_key(partition, str(row["RowKey"]))].add(_totals(row))
    async for month in storage.partitions("monthly"):
        async for page in storage.query("monthly", month, EVERY_ROW):
            for row in page:
                _add_days(standing, month, row)
    return standing


def _add_days(standing: Standing, month: str, row: Row) -> None:
    """A row is a subject's month with a model; `dNN` are the amounts of day NN."""
    subject, model = str(row["RowKey"]).split("|")
    for name, text in row.items():
        if re.fullmatch(r"d\d\d", name):
            amounts = dict(zip(MEASURE_ORDER, map(int, str(text).split(",")), strict=False))
            key = (subject, f"{month[:4]}-{month[4:]}-{name[1:]}", model)
            standing.monthly[key].add(
                Totals(
                    calls=amounts["calls"],
                    input=amounts.get("q_input", 0),
                    cache_read=amounts.get("q_cache_read", 0),
                    output=amounts.get("q_output", 0),
                    charge=amounts.get("charge", 0),
                )
            )


def compare(truth: Truth, standing: Standing) -> Comparison:
    """Compare every call, and every total of rows, cells and `monthly`."""
    found_totals = (
        ("rows", standing.rows),
        ("cells", standing.cells),
        ("monthly", standing.monthly),
    )
    differences = [
        f"{source} {' '.join(key)}: {found}, sent was {wanted}"
        for source, totals in found_totals
        for key, found, wanted in _pairs(truth.totals, totals)
        if found != wanted
    ]
    return Comparison(
        lost=sum(not standing.counted[call_id] for call_id in truth.call_ids),
        double=sum(
            number > (call_id in truth.call_ids) for call_id, number in standing.counted.items()
        ),
        differences=tuple(differences[:DIFFERENCES_SHOWN_MAX]),
    )


def _pairs(
    truth: Mapping[Key, Totals], found: Mapping[Key, Totals]
) -> list[tuple[Key, Totals, Totals]]:
    keys = sorted({*truth, *found})
    return [(key, found.get(key, Totals()), truth.get(key, Totals())) for key in keys]


def _key(partition: str, cell: str) -> Key:
    """Subject, day and model of a cell's row key; the key contains the workload's subjects and
    models unescaped.
    """
    month = partition.partition("|")[0]
    _, subject, day, model, _ = cell.split("|")
    return subject, f"{month[:4]}-{month[4:]}-{day}", model


def _totals(row: Row) -> Totals:
    return Totals(
        calls=int(row["calls"]),
        input=int(row.get("q_input", 0)),
        cache_read=int(row.get("q_cache_read", 0)),
        output=int(row.get("q_output", 0)),
        charge=int(row.get("charge", 0)),
    )
