"""What Azure is asked for a million calls, counted, and what that costs.

    python -m benchmarks.azure_cost [--seconds 60] [--backlog 20000] [--pairing]

Metering runs as a process of its own, and so does pairing if it is wanted. A proxy in front of
Azurite counts the requests by kind. Live pace is a million calls a day over four partitions, for so
many seconds, scaled up. A backlog is all calls at once. The prices are those of bicep/prices.json,
each with its date and its source. Storage by the gigabyte, compute and the gateway are not counted.
"""

import argparse
import asyncio
import contextlib
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from rich.console import Console
from rich.table import Table

from benchmarks.faults.storage_proxy import Asked, Misdeed, StorageFault, StorageProxy
from benchmarks.metering.stand import Stand, standing
from benchmarks.metering.traffic import (
    GROUP,
    HUB,
    LOG_HUB,
    PAIRING_GROUP,
    PARTITIONS,
    SEED,
    USERS,
)
from bicep.hooks.costs import total
from bicep.hooks.prices import PriceList
from table_api.consumer_state.progress import ProgressTable
from table_api.storage.azure_tables import AzureTableStorage
from tests.consumers.pairing.traffic import traffic
from tests.fixtures.waiting import until

MILLION = 1_000_000
DAY_S = 86_400
SETTLE_S = 6.0
"""What the first events leave behind, such as the saving of progress, is waited for."""
DURABLE_S_MAX = 900.0
INTERVALS_S = (3.0, 30.0)
EVENTS_IN, UNIT_HOUR = "Event Hubs, events in", "Event Hubs, hour of a throughput unit"
_TABLE = re.compile(rb"/devstoreaccount1/(\w+)[(\s]")
_OF_HOUR = re.compile(rb'"PartitionKey":"a\|')

Event = tuple[str, str, bytes]
"""Hub, partition key and body."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Requests of one run, by kind."""

    calls: int
    seconds: float
    requests: Mapping[str, int]
    namespaces: int = 1
    """Of one throughput unit each: the gateway's log has its own."""
    rows: Mapping[str, int] = field(default_factory=dict)
    """Written in transactions, by table: the service's limits are in rows a second."""

    def per_million(self) -> dict[str, float]:
        """Scaled to a million calls of the same pace."""
        return {kind: count * MILLION / self.calls for kind, count in self.requests.items()}


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
    """A stand whose storage requests and events are counted."""

    def __init__(self, stand: Stand, storage: AzureTableStorage, *, pairing: bool) -> None:
        self._stand = stand
        self._progress = ProgressTable(storage)
        self._readers = [(HUB, GROUP)]
        if pairing:
            self._readers += [(HUB, PAIRING_GROUP), (LOG_HUB, PAIRING_GROUP)]
        self._made = 0
        self.requests: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()

    def count(self, asked: Asked) -> bool:
        """Count a request; the scope of a fault that never strikes."""
        kind = kind_of(asked)
        self.requests[kind] += 1
        if asked.is_transaction:
            index = " (index)" if _OF_HOUR.search(asked.body) else ""
            self.rows[kind.rpartition(" ")[2] + index] += asked.body.count(b"application/http")
        return False

    def events(self, calls: int) -> Sequence[Event]:
        """The events of so many calls: plain ones, or with pairing also streamed ones, and the
        gateway's log of all.
        """
        if len(self._readers) == 1:
            return [(HUB, subject, body) for subject, body in self._stand.traffic.make(calls)]
        span = timedelta(minutes=1)
        made = traffic(
            calls, start=datetime.now(UTC) - span, span=span, seed=SEED, subjects=USERS,
            first=self._made,
        )  # fmt: skip
        self._made += calls
        chance = Random(SEED)
        return [(each.hub, str(chance.randrange(USERS)), each.body) for each in made.events]

    async def feed(self, calls: int, *, a_second: float | None) -> Counted:
        """Give them calls at a pace, or all at once, and wait until they are durable. What is due
        by time is counted as long as the events last: at a pace, the wait does not count.
        """
        events = self.events(calls)
        gap_s = 0.0 if a_second is None else calls / a_second / len(events)
        before, rows_before = self.requests.copy(), self.rows.copy()
        held, started = self._held(), time.monotonic()
        for number, (hub, key, body) in enumerate(events):
            if gap_s:
                await asyncio.sleep(max(0.0, started + number * gap_s - time.monotonic()))
            self._stand.broker.append(hub, [body], partition_key=key)
        if a_second is None:
            await self._durable()
        seconds = time.monotonic() - started
        requests, rows = self.requests - before, self.rows - rows_before
        requests[EVENTS_IN] = sum(self._held().values()) - sum(held.values())
        await self._durable()
        return Counted(calls, seconds, requests, len({hub for hub, _ in self._readers}), rows)

    def _held(self) -> dict[tuple[str, str], int]:
        """The last sequence number by hub and partition."""
        log = self._stand.broker.log
        return {
            (hub, str(partition)): log(hub, str(partition)).last_sequence_number
            for hub in {hub for hub, _ in self._readers}
            for partition in range(PARTITIONS)
        }

    async def _durable(self) -> None:
        """Wait until every reader has saved that it read every partition to its end."""
        await until(self._at_end, within_s=DURABLE_S_MAX)

    async def _at_end(self) -> bool:
        for hub, group in self._readers:
            rows = await self._progress.of_group(hub, group)
            durable = {(hub, row.partition): row.sequence_number for row in rows}
            held = {at: last for at, last in self._held().items() if at[0] == hub}
            if any(durable.get(at, -1) < last for at, last in held.items()):
                return False
        return True


async def measure(
    seconds: float, backlog: int, interval_s: float, *, pairing: bool
) -> tuple[Counted, Counted]:
    """Requests at live pace and of a backlog, with one interval of checkpoints."""
    async with standing() as stand:
        direct = stand.environment["STORAGE_CONNECTION_STRING"]
        storage = AzureTableStorage.from_connection_string(direct)
        pace = Pace(stand, storage, pairing=pairing)
        async with StorageProxy.running(direct, Random(0)) as proxy:
            proxy.arm(StorageFault(misdeed=Misdeed.SLOW, share=0.0, covers=pace.count))
            stand.environment["STORAGE_CONNECTION_STRING"] = proxy.connection_string
            stand.environment["BLOB_CHECKPOINT_INTERVAL_S"] = str(interval_s)
            stand.environment.pop("LOAD_BALANCING_INTERVAL_S")  # as it is deployed
            async with stand.metering(), stand.pairing() if pairing else contextlib.nullcontext():
                await pace.feed(2 * USERS, a_second=None)  # each cell is read once
                await asyncio.sleep(SETTLE_S)
                a_second = MILLION / DAY_S
                live = await pace.feed(round(seconds * a_second), a_second=a_second)
                await asyncio.sleep(SETTLE_S)
                behind = await pace.feed(backlog, a_second=None)
        stand.environment["STORAGE_CONNECTION_STRING"] = direct
        if not pairing:
            await stand.verify()
        await storage.close()
    return live, behind


def cost(counted: Counted, prices: PriceList) -> dict[str, Decimal | None]:
    """By what is billed, of a million calls. None where no price is known: none is 0."""
    quantities: dict[str, Decimal] = {}
    for kind, count in counted.per_million().items():
        billed = kind.partition(":")[0]
        quantities[billed] = quantities.get(billed, Decimal(0)) + Decimal(str(count))
    hours = Decimal(str(counted.seconds)) / 3600 * MILLION / counted.calls
    quantities[UNIT_HOUR] = hours * counted.namespaces
    found = {billed: (prices.price(billed), count) for billed, count in quantities.items()}
    return {
        billed: None if price is None else price.of_one * count
        for billed, (price, count) in found.items()
    }


def show(title: str, counted: Counted, costs: Mapping[str, Decimal | None], currency: str) -> None:
    """Requests by kind, amounts by what is billed, and their sum."""
    requests = Table("for a million calls", "number", title=title)
    for kind, count in sorted(counted.per_million().items()):
        requests.add_row(kind, f"{count:,.0f}")
    for table, count in sorted(counted.rows.items()):
        requests.add_row(f"rows of {table}, for each call", f"{count / counted.calls:.2f}")
    amounts = Table("billed", currency)
    for billed, amount in sorted(costs.items()):
        amounts.add_row(billed, "unknown" if amount is None else f"{amount:.3f}")
    known, missing = total((billed, amount, "") for billed, amount in costs.items())
    amounts.add_row("together", f"{'at least ' if missing else ''}{known:.2f}")
    Console(width=100).print(requests, amounts)


def compare(intervals_s: Iterable[float], options: argparse.Namespace) -> None:
    """One run for each interval of checkpoints."""
    prices = PriceList("", {"redundancy": "ZRS"}, ask=None)
    for interval_s in intervals_s:
        live, behind = asyncio.run(
            measure(options.seconds, options.backlog, interval_s, pairing=options.pairing)
        )
        for name, counted in (("live, a million a day", live), ("backlog", behind)):
            title = f"{name}; a checkpoint each {interval_s:g} s"
            show(title, counted, cost(counted, prices), prices.currency)
    print("prices of bicep/prices.json")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of live pace")
    parser.add_argument("--backlog", type=int, default=20_000, help="calls at once")
    parser.add_argument("--intervals", type=float, nargs="+", default=INTERVALS_S)
    parser.add_argument("--pairing", action="store_true", help="run pairing too")
    options = parser.parse_args()
    compare(options.intervals, options)


if __name__ == "__main__":
    main()
