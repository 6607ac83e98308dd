"""What a fault may touch: the hub that is filled, the consumers, storage, and how far they are."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic
from uuid import uuid4

from azure.data.tables import TableServiceClient

from benchmarks.faults.fleet import Fleet
from benchmarks.faults.storage_proxy import StorageProxy
from benchmarks.faults.workload import STARTED, Workload
from local_stack.broker import Broker, BrokerConfig, HubConfig, running_broker
from local_stack.broker.faults.faults import LoseAck
from local_stack.broker.serving.namespace import milliseconds
from local_stack.send import send_events
from local_stack.traffic.usage_event import OutgoingEvent
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.storage.azure_tables import AzureTableStorage
from tests.fixtures.calls import DEMO_BOOK
from tests.fixtures.waiting import until

HUB, GROUP = "llm-usage", "metering"
PARTITIONS = 4
CONFIG = BrokerConfig(hubs=(HubConfig(name=HUB, partitions=PARTITIONS, consumer_groups=(GROUP,)),))
QUICK = {
    "LINGER_S": "0.1",
    "CHECKPOINT_INTERVAL_S": "0.5",
    "LOAD_BALANCING_INTERVAL_S": "1",
    "OWNERSHIP_EXPIRY_S": "8",
    "MONITOR_INTERVAL_S": "0.5",
    "STALL_S": "5",
    "PREFETCH_EVENTS": "1000",
}
"""With these settings a run of seconds contains what takes minutes with the defaults."""
FOREVER_S = 3_600.0
"""The run's own limit is reached before."""
PORTIONS = 40
WIRE_PORTIONS = 10
"""Over the wire each costs a connection or two."""
BACKLOG_PORTIONS_MAX = 8
"""Events that wait in the hub: enough to work on, and few enough for faults to happen during the
work.
"""


class HubClock:
    """The hub's time; it starts where the workload ends."""

    def __init__(self) -> None:
        self._started = monotonic()

    def __call__(self) -> datetime:
        return STARTED + timedelta(seconds=monotonic() - self._started)


@dataclass(slots=True, kw_only=True)
class Stand:
    """One run's."""

    workload: Workload
    chance: random.Random
    broker: Broker
    proxy: StorageProxy
    storage: AzureTableStorage
    """Storage without the proxy, so no fault affects our own reads."""
    direct: dict[str, str]
    """The consumers' environment without the proxy."""
    fleet: Fleet
    wire: bool
    """Send with the real producer, which loses acknowledgements, instead of filling the log."""
    may_feed: asyncio.Event = field(default_factory=asyncio.Event)
    sent: list[bytes] = field(default_factory=list)
    """Bodies of calls that the ledger must have in the end, some of them more than once."""
    resent: int = 0
    fed: int = 0
    """Number of the workload's calls."""

    @classmethod
    @contextlib.asynccontextmanager
    async def running(
        cls, connection_string: str, workload: Workload, *, wire: bool
    ) -> AsyncIterator["Stand"]:
        """Open it on an Azurite, and delete all its tables first."""
        wipe(connection_string)
        chance = random.Random(workload.seed)
        async with (
            running_broker(config=CONFIG, clock=HubClock()) as broker,
            StorageProxy.running(connection_string, chance) as proxy,
        ):
            storage = AzureTableStorage.from_connection_string(connection_string)
            unique = uuid4().hex
            direct = {
                **QUICK,
                "EVENTHUB_CONNECTION_STRING": broker.connection_string,
                "STORAGE_CONNECTION_STRING": connection_string,
                "CHECKPOINT_CONTAINER": f"checkpoints-{unique}",
                "DEAD_LETTER_CONTAINER": f"letters-{unique}",
                "PRICE_BOOKS": str(DEMO_BOOK),
            }
            proxied = direct | {"STORAGE_CONNECTION_STRING": proxy.connection_string}
            try:
                async with Fleet.running(proxied, chance) as fleet:
                    stand = cls(
                        workload=workload,
                        chance=chance,
                        broker=broker,
                        proxy=proxy,
                        storage=storage,
                        direct=direct,
                        fleet=fleet,
                        wire=wire,
                    )
                    stand.may_feed.set()
                    yield stand
            finally:
                await storage.close()

    async def feed(self) -> None:
        """Send the workload, not faster than it is metered."""
        size = max(1, self.workload.events // (WIRE_PORTIONS if self.wire else PORTIONS))
        for new, again in self.workload.portions(size):
            await self.may_feed.wait()
            await self._backlog_within(BACKLOG_PORTIONS_MAX * size)
            await self._send([*new, *again])
            self.resent += len(again)
            self.fed += len(new)

    async def _send(self, events: list[OutgoingEvent]) -> None:
        self.sent.extend(event.body for event in events)
        if self.wire:
            self.broker.inject(LoseAck(hub=HUB))
            await send_events(self.broker.connection_string, HUB, map(_of_few_keys, events))
            return
        for event in events:
            self.broker.append(HUB, [event.body], partition_key=event.partition_key)
        await asyncio.sleep(0)

    def add(self, event: OutgoingEvent) -> None:
        """One more call in addition to the workload's."""
        self.sent.append(event.body)
        self.broker.append(HUB, [event.body], partition_key=event.partition_key)

    async def progress(self) -> list[Progress]:
        """The progress rows of the present hub, not of one that was deleted."""
        [hub] = self.broker.hubs()
        rows = await ProgressTable(self.storage).of_group(HUB, GROUP)
        created_ms = milliseconds(hub.created_at)  # as AMQP transmits it
        return [row for row in rows if milliseconds(row.hub_created_at) == created_ms]

    async def backlog(self) -> int:
        """Events in the hub that are not durable."""
        durable = {row.partition: row.sequence_number for row in await self.progress()}
        [hub] = self.broker.hubs()
        return sum(
            max(0, log.last_sequence_number - durable.get(str(index), -1))
            for index, log in enumerate(hub.partitions)
        )

    async def at(self, fraction: float) -> None:
        """Wait until this fraction of the workload is sent and nearly all of that is durable."""

        async def is_fed() -> bool:
            return self.fed >= fraction * self.workload.events

        await until(is_fed, within_s=FOREVER_S)
        await self._backlog_within(BACKLOG_PORTIONS_MAX * max(1, self.workload.events // PORTIONS))

    async def caught_up(self) -> None:
        """Wait until no event waits. FleetError when a consumer ended by itself."""
        await self._backlog_within(0)

    async def is_behind(self) -> bool:
        """Whether events wait."""
        return await self.backlog() > 0

    async def _backlog_within(self, events: int) -> None:
        async def is_within() -> bool:
            self.fleet.check()
            return await self.backlog() <= events

        await until(is_within, within_s=FOREVER_S)

    async def counted(self, count: Count) -> int:
        """The sum over all partitions, deleted hubs included."""
        rows = await ProgressTable(self.storage).of_group(HUB, GROUP)
        return sum(row.counts[count] for row in rows)


def _of_few_keys(event: OutgoingEvent) -> OutgoingEvent:
    """Group events into one batch per key: the last digit of the subject's number."""
    return replace(event, partition_key=event.partition_key.partition("@")[0][-1])


def wipe(connection_string: str) -> None:
    """Delete every table."""
    with TableServiceClient.from_connection_string(connection_string) as service:
        for table in list(service.list_tables()):
            service.delete_table(table.name)
