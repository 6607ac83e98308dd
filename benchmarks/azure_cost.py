"""What Azure is asked for a million calls, counted, and what that costs.

    python -m benchmarks.azure_cost [--seconds 60] [--backlog 20000]

Metering runs as a process of its own. A proxy in front of Azurite counts its requests by kind. Live
pace is a million calls a day over four partitions, for so many seconds, scaled up. A backlog is all
calls at once. The prices are those of bicep/prices.json, each with its date and its source. Storage
by the gigabyte, compute, pairing and the gateway are not counted.
"""

import argparse
import asyncio
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from rich.console import Console
from rich.table import Table

from benchmarks.faults.storage_proxy import Asked, Misdeed, StorageFault, StorageProxy
from benchmarks.metering.stand import Stand, standing
from benchmarks.metering.traffic import GROUP, HUB, USERS
from bicep.hooks.costs import total
from bicep.hooks.prices import PriceList
from table_api.consumer_state.progress import Count, ProgressTable
from table_api.storage.azure_tables import AzureTableStorage

MILLION = 1_000_000
DAY_S = 86_400
SETTLE_S = 6.0
"""What the first events leave behind, such as the saving of progress, is waited for."""
POLL_S = 0.2
DURABLE_S_MAX = 900.0
INTERVALS_S = (3.0, 30.0)
THROUGHPUT_UNITS = 1
_TABLE = re.compile(rb"/devstoreaccount1/(\w+)[(\s]")


@dataclass(frozen=True, slots=True)
class Counted:
    """Requests of one run, by kind."""

    events: int
    seconds: float
    requests: Mapping[str, int]

    def per_million(self) -> dict[str, float]:
        """Scaled to a million events of the same pace."""
        return {kind: count * MILLION / self.events for kind, count in self.requests.items()}


def kind_of(asked: Asked) -> str:
    """What a request is for, and how it is billed: the part before the colon."""
    if asked.service == "blob":
        if asked.method != "PUT":
            listed = "checkpoint" not in asked.path and "ownership" not in asked.path
            return "blobs, lists" if listed else "blobs, reads"
        for purpose in ("checkpoint", "ownership"):
            if f"/{purpose}" in asked.path:
                return f"blobs, writes: {purpose}"
        return "blobs, writes: other"
    if asked.is_transaction:
        found = _TABLE.search(asked.body)
        return f"tables, requests: transaction of {found[1].decode() if found else 'a table'}"
    table = asked.path.rpartition("/")[2].partition("(")[0]
    return f"tables, requests: {asked.method} {table}"


class Pace:
    """A stand whose storage requests are counted."""

    def __init__(self, stand: Stand, storage: AzureTableStorage) -> None:
        self._stand = stand
        self._progress = ProgressTable(storage)
        self.requests: Counter[str] = Counter()

    def count(self, asked: Asked) -> bool:
        """Count a request; the scope of a fault that never strikes."""
        self.requests[kind_of(asked)] += 1
        return False

    async def feed(self, events: int, *, a_second: float | None) -> Counted:
        """Give it events at a pace, or all at once, and wait until they are durable. What is due by
        time is counted as long as the events last: at a pace, the wait does not count.
        """
        before, started = self.requests.copy(), time.monotonic()
        for number, (subject, body) in enumerate(self._stand.traffic.make(events)):
            if a_second is not None:
                await asyncio.sleep(max(0.0, started + number / a_second - time.monotonic()))
            self._stand.broker.append(HUB, [body], partition_key=subject)
        if a_second is None:
            await self._durable()
        counted = Counted(events, time.monotonic() - started, self.requests - before)
        await self._durable()
        return counted

    async def _durable(self) -> None:
        async with asyncio.timeout(DURABLE_S_MAX):
            received = 0
            while received < self._stand.traffic.made:
                await asyncio.sleep(POLL_S)
                rows = await self._progress.of_group(HUB, GROUP)
                received = sum(row.counts[Count.RECEIVED] for row in rows)


async def measure(seconds: float, backlog: int, interval_s: float) -> tuple[Counted, Counted]:
    """Requests at live pace and of a backlog, with one interval of checkpoints."""
    async with standing() as stand:
        direct = stand.environment["STORAGE_CONNECTION_STRING"]
        storage = AzureTableStorage.from_connection_string(direct)
        pace = Pace(stand, storage)
        async with StorageProxy.running(direct, Random(0)) as proxy:
            proxy.arm(StorageFault(misdeed=Misdeed.SLOW, share=0.0, covers=pace.count))
            stand.environment["STORAGE_CONNECTION_STRING"] = proxy.connection_string
            stand.environment["CHECKPOINT_INTERVAL_S"] = str(interval_s)
            stand.environment.pop("LOAD_BALANCING_INTERVAL_S")  # as it is deployed
            async with stand.metering():
                await pace.feed(2 * USERS, a_second=None)  # each cell is read once
                await asyncio.sleep(SETTLE_S)
                a_second = MILLION / DAY_S
                live = await pace.feed(round(seconds * a_second), a_second=a_second)
                await asyncio.sleep(SETTLE_S)
                behind = await pace.feed(backlog, a_second=None)
        stand.environment["STORAGE_CONNECTION_STRING"] = direct
        await stand.verify()
        await storage.close()
    return live, behind


def cost(counted: Counted, prices: PriceList) -> dict[str, Decimal | None]:
    """By what is billed, of a million calls. None where no price is known: none is 0."""
    quantities: dict[str, Decimal] = {}
    for kind, count in counted.per_million().items():
        billed = kind.partition(":")[0]
        quantities[billed] = quantities.get(billed, Decimal(0)) + Decimal(str(count))
    hours = Decimal(str(counted.seconds)) / 3600 * MILLION / counted.events
    quantities["Event Hubs, hour of a throughput unit"] = hours * THROUGHPUT_UNITS
    quantities["Event Hubs, events in"] = Decimal(MILLION)
    found = {billed: (prices.price(billed), count) for billed, count in quantities.items()}
    return {
        billed: None if price is None else price.of_one * count
        for billed, (price, count) in found.items()
    }


def show(title: str, counted: Counted, costs: Mapping[str, Decimal | None], currency: str) -> None:
    """Requests by kind, amounts by what is billed, and their sum."""
    requests = Table("requests for a million calls", "number", title=title)
    for kind, count in sorted(counted.per_million().items()):
        requests.add_row(kind, f"{count:,.0f}")
    amounts = Table("billed", currency)
    for billed, amount in sorted(costs.items()):
        amounts.add_row(billed, "unknown" if amount is None else f"{amount:.3f}")
    known, missing = total((billed, amount, "") for billed, amount in costs.items())
    amounts.add_row("together", f"{'at least ' if missing else ''}{known:.2f}")
    Console(width=100).print(requests, amounts)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of live pace")
    parser.add_argument("--backlog", type=int, default=20_000, help="calls at once")
    parser.add_argument("--intervals", type=float, nargs="+", default=INTERVALS_S)
    options = parser.parse_args()
    prices = PriceList("", {"redundancy": "ZRS"}, ask=None)
    for interval_s in options.intervals:
        live, behind = asyncio.run(measure(options.seconds, options.backlog, interval_s))
        for name, counted in (("live, a million a day", live), ("backlog", behind)):
            title = f"{name}; a checkpoint each {interval_s:g} s"
            show(title, counted, cost(counted, prices), prices.currency)
    print("prices of bicep/prices.json")


if __name__ == "__main__":
    main()
