"""At how many calls a second each limit of Azure is reached, by recorded costs of a call.

    python -m benchmarks.metering.simulation [--subjects 1000 100000]

Calls are drawn as in the benchmarks (few people make many calls) and go to the partitions of the
hub, shards of the ledger and storage accounts of their subject. So the busiest of each is what is
limited, not the average. What a call costs was measured: CPU by `python -m benchmarks`, rows and
events by `python -m benchmarks.azure_cost --pairing`. The limits are those that Microsoft states.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.metering.traffic import DEPLOYMENTS, SEED, subject_of
from table_api.ledger.keys import shard_of
from table_api.open_calls.keys import CALL_PARTITIONS, HOUR_SHARDS

RESULTS = Path(__file__).parents[1] / "results.json"
METERING = "metering, CPU µs per event, compared with a bare drain by the SDK"
PAIRING = "pairing: CPU µs per call that it completed, compared with metering's per event"
CALLS = 100_000
STREAMED = 0.6
ROWS_OF_MONTHLY, ROWS_OF_OPEN_CALLS, ROWS_OF_INDEX, LOG_EVENTS = 0.21, 3.62, 3.15, 0.45
"""For each call; of `monthly` those of a backlog of 70,000 events, the rest at a million a day."""
LINGER_S, BATCH_MAX = 0.5, 2_000
ROWS_A_KEY, ROWS_AN_ACCOUNT = 2_000, 20_000
EVENTS_A_UNIT, UNITS_MAX = 1_000, 40
BAR = 40


@dataclass(frozen=True, slots=True)
class Size:
    """Of a deployment."""

    partitions: int
    processes: int
    shards: int = 16
    accounts: int = 1


SIZES = (
    Size(4, 1), Size(4, 2), Size(4, 4), Size(32, 8), Size(32, 32), Size(32, 32, shards=64),
    Size(32, 32, shards=64, accounts=4),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Costs:
    """Of a call, in µs of CPU."""

    metering: float
    pairing: float


class Drawn:
    """Calls of subjects, of whom few make many, at one size."""

    def __init__(self, subjects: int, size: Size) -> None:
        chance = random.Random(SEED)
        weights = list(accumulate(1 / (rank + 1) for rank in range(subjects)))
        ranks = chance.choices(range(subjects), cum_weights=weights, k=CALLS)
        self.size = size
        self._cells = [
            (rank, DEPLOYMENTS[(rank + (chance.random() < 0.1)) % len(DEPLOYMENTS)])
            for rank in ranks
        ]
        names = {rank: subject_of(rank) for rank in set(ranks)}
        self.partition = self._busiest(ranks, names, "partition", size.partitions)
        self.shard = self._busiest(ranks, names, "", size.shards)
        self.account = self._busiest(ranks, names, "account", size.accounts)

    @staticmethod
    def _busiest(ranks: Sequence[int], names: dict[int, str], salt: str, of: int) -> float:
        """The share of the busiest of so many."""
        places = {rank: shard_of(salt + name, of) for rank, name in names.items()}
        return max(Counter(places[rank] for rank in ranks).values()) / len(ranks)

    @property
    def process(self) -> float:
        """The share of the busiest process: that of the busiest partition, and its others'."""
        own = self.size.partitions / self.size.processes
        others = (1 - self.partition) / max(1, self.size.partitions - 1)
        return self.partition + (own - 1) * others

    def rows_of_ledger(self, calls_per_s: float) -> float:
        """For each call: its own, and its share of the cells that its batch changes."""
        batch = round(min(BATCH_MAX, max(1.0, calls_per_s * LINGER_S / self.size.partitions)))
        cells = [len(set(self._cells[at : at + batch])) for at in range(0, CALLS - batch, batch)]
        return 1 + sum(cells) / len(cells) / batch


def limits(drawn: Drawn, costs: Costs) -> dict[str, Callable[[float], float]]:
    """By the name of a limit: how much of it so many calls a second take; 1 is all."""
    size = drawn.size

    def account(calls: float) -> float:
        rows = drawn.rows_of_ledger(calls) + ROWS_OF_MONTHLY + ROWS_OF_OPEN_CALLS + ROWS_OF_INDEX
        return calls * rows * drawn.account / ROWS_AN_ACCOUNT

    return {
        "CPU of metering": lambda calls: calls * drawn.process * costs.metering / 1e6,
        "CPU of pairing": lambda calls: calls * STREAMED * drawn.process * costs.pairing / 1e6,
        "rows a second of a ledger partition": lambda calls: (
            calls * drawn.shard * drawn.rows_of_ledger(calls) / ROWS_A_KEY / size.accounts
        ),
        "rows a second of an `opencalls` partition": lambda calls: (
            calls * ROWS_OF_OPEN_CALLS / CALL_PARTITIONS / ROWS_A_KEY / size.accounts
        ),
        "rows a second of an hour's index": lambda calls: (
            calls * ROWS_OF_INDEX / HOUR_SHARDS / ROWS_A_KEY / size.accounts
        ),
        "rows a second of a storage account": account,
        "events a second of hub `llm-usage`": lambda calls: (
            calls * (1 + STREAMED) / EVENTS_A_UNIT / UNITS_MAX
        ),
        "events a second of hub `apim-diagnostics`": lambda calls: (
            calls * LOG_EVENTS / EVENTS_A_UNIT / UNITS_MAX
        ),
    }


def reached_at(taken: Callable[[float], float]) -> float:
    """The calls a second that take all of a limit."""
    low, high = 1.0, 1e7
    while high / low > 1.01:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if taken(middle) < 1 else (low, middle)
    return low


def recorded() -> Costs:
    """As `python -m benchmarks` left them."""
    rows = {each["name"]: each["ours"] for each in json.loads(RESULTS.read_text())}
    return Costs(metering=rows[METERING], pairing=rows[PAIRING])


def show(subjects: int, size: Size, found: dict[str, float]) -> None:
    """A bar for each limit, the first that is reached on top."""
    title = (
        f"{subjects:,} subjects, {size.partitions} partitions, {size.processes} processes, "
        f"{size.shards} shards, {size.accounts} account{'s' if size.accounts > 1 else ''}"
    )
    table = Table("limit", "calls/s", "", title=title)
    most = max(found.values())
    for name, calls in sorted(found.items(), key=lambda each: each[1]):
        table.add_row(name, f"{calls:,.0f}", "█" * max(1, round(BAR * calls / most)))
    Console(width=120).print(table)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, nargs="+", default=[1_000, 100_000])
    costs = recorded()
    print(f"CPU: metering {costs.metering:.0f} µs an event, pairing {costs.pairing:.0f} a call")
    for subjects in parser.parse_args().subjects:
        for size in SIZES:
            drawn = Drawn(subjects, size)
            found = {name: reached_at(taken) for name, taken in limits(drawn, costs).items()}
            show(subjects, size, found)


if __name__ == "__main__":
    main()
