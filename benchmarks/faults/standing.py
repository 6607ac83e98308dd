"""What stands in the tables, added up by subject, day and model, and compared with the truth.

Reads rows by their column names; shares no code with the writers or the audit but the storage.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.faults.truth import Key, Totals, Truth
from table_api.keys import KeyRange
from table_api.storage import Row, TableStorage

DIFFERENCES_SHOWN_MAX = 5


@dataclass(slots=True)
class Standing:
    """The ledger as read."""

    counted: Counter[str] = field(default_factory=Counter)
    """How often each call id counts: 1 is right."""
    rows: dict[Key, Totals] = field(default_factory=lambda: defaultdict(Totals))
    """Of the last row of each chain."""
    cells: dict[Key, Totals] = field(default_factory=lambda: defaultdict(Totals))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The truth beside what stands."""

    lost: int
    """Calls that were sent and count nowhere."""
    double: int
    """Calls that count more than once, or that nobody sent."""
    differences: tuple[str, ...]
    """Totals that differ, at most DIFFERENCES_SHOWN_MAX of them."""

    @property
    def ok(self) -> bool:
        """Whether everything is there once and all totals are equal."""
        return not (self.lost or self.double or self.differences)


async def read_standing(storage: TableStorage) -> Standing:
    """The whole ledger."""
    standing = Standing()
    async for partition in storage.partitions("ledger"):
        chains: dict[str, Row] = {}
        async for page in storage.query("ledger", partition, KeyRange("c|", "c|~")):
            chains.update(("|".join(str(row["RowKey"]).split("|")[:5]), row) for row in page)
        for row in chains.values():  # the last row of each chain, since rows come in their order
            standing.counted[str(row["call_id"])] += int(row["calls"])
            standing.rows[_key(partition, str(row["cell"]))].add(_totals(row))
        async for page in storage.query("ledger", partition, KeyRange("d|", "d|~")):
            for row in page:
                standing.cells[_key(partition, str(row["RowKey"]))].add(_totals(row))
    return standing


def compare(truth: Truth, standing: Standing) -> Comparison:
    """Every call, and every total of the rows and of the cells."""
    differences = [
        f"{source} {' '.join(key)}: {found}, sent was {wanted}"
        for source, totals in (("rows", standing.rows), ("cells", standing.cells))
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
    """Of a cell's row key; the workload's subjects and models stand in it as they are."""
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
