"""A stage for pairing: a broker with both hubs, clean tables, pairing and metering beside it."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from consumers.metering.run import run
from consumers.pairing.run import pair
from consumers.settings import Settings, read_settings
from local_stack.broker import Broker, BrokerConfig, HubConfig, running_broker
from local_stack.demo.azurite import AzuritePorts
from table_api.audit.ledger_audit import AuditReport, audit
from table_api.consumer_state.progress import Count, ProgressTable
from table_api.errors import Unavailable
from table_api.ledger.entries import LedgerEntry
from table_api.open_calls.decision import PairingState
from table_api.open_calls.table import OpenCalls
from table_api.storage.azure_tables import AzureTableStorage
from tests.consumers.pairing.traffic import Sent
from tests.consumers.pairing.world import DIAGNOSTICS, USAGE, standing_calls
from tests.consumers.process import ConsumerProcess
from tests.fixtures.calls import DEMO_BOOK
from tests.fixtures.product_tables import delete_product_tables
from tests.fixtures.waiting import until

PARTITIONS = 2
CONFIG = BrokerConfig(
    hubs=(
        HubConfig(name=USAGE, partitions=PARTITIONS, consumer_groups=("metering", "pairing")),
        HubConfig(name=DIAGNOSTICS, partitions=PARTITIONS, consumer_groups=("pairing",)),
    )
)
QUICK = {
    "LINGER_S": "0.05",
    "CHECKPOINT_INTERVAL_S": "0.3",
    "LOAD_BALANCING_INTERVAL_S": "0.5",
    "OWNERSHIP_EXPIRY_S": "2",
    "MONITOR_INTERVAL_S": "5",
    "STALL_S": "60",
    "BATCH_EVENTS_MAX": "10000",
    "PAIRING_GRACE_S": "900",
    "PAIRING_TIMEOUT_S": "3600",
    "PAIRING_SWEEP_INTERVAL_S": "2",
}


@dataclass
class Clock:
    """The broker's: the time of day, or what a test says."""

    at: datetime | None = None

    def __call__(self) -> datetime:
        return self.at or datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a test of running consumers needs."""

    broker: Broker
    clock: Clock
    storage: AzureTableStorage
    environment: dict[str, str]

    def settings(self, **changes: Any) -> Settings:
        return replace(read_settings({}, self.environment), **changes)

    def put(self, events: Iterable[Sent], chance: Random) -> None:
        """Events into any partition of their hubs, enqueued now."""
        for event in events:
            self._append(event, chance)

    def put_in_their_time(self, events: Iterable[Sent], chance: Random) -> None:
        """The same, each enqueued when it says."""
        for event in events:
            self.clock.at = event.enqueued_time
            self._append(event, chance)
        self.clock.at = None

    def _append(self, event: Sent, chance: Random) -> None:
        partition = str(chance.randrange(PARTITIONS))
        self.broker.append(event.hub, [event.body], partition=partition)

    @contextlib.asynccontextmanager
    async def pairing(self, **changes: Any) -> AsyncIterator[asyncio.Event]:
        """`pair` in this process for the time of the block."""
        ended = asyncio.Event()
        task = asyncio.create_task(pair(self.settings(**changes), ended=ended))
        try:
            yield ended
        finally:
            ended.set()
            await task

    async def until_paired(self, idle_s: float = 2, **changes: Any) -> None:
        """`pair` until both hubs are caught up."""
        await pair(self.settings(**changes), ended=asyncio.Event(), until_idle_s=idle_s)

    async def until_metered(self, idle_s: float = 2) -> None:
        """`run` until the usage hub is caught up."""
        await run(self.settings(), ended=asyncio.Event(), until_idle_s=idle_s)

    @contextlib.asynccontextmanager
    async def process(self, verb: str, **environment: str) -> AsyncIterator[ConsumerProcess]:
        """`python -m consumers …`; what is left of it at the end is killed."""
        async with ConsumerProcess.running(
            (verb,), {**os.environ, **self.environment, **environment}
        ) as process:
            yield process

    async def until_received(self, events: int, *, within_s: float) -> None:
        """Pairing has so many events of both hubs behind it. Azurite may be too busy to answer this
        question in time: then it is asked again.
        """
        table = ProgressTable(self.storage)

        async def received() -> bool:
            try:
                rows = [
                    row
                    for hub in (USAGE, DIAGNOSTICS)
                    for row in await table.of_group(hub, "pairing")
                ]
            except Unavailable:
                return False
            return sum(row.counts[Count.KEPT] for row in rows) >= events

        await until(received, within_s=within_s)

    async def states(self, start: datetime, stop: datetime) -> dict[str, PairingState]:
        """Of every call between the times, by id."""
        kept = await OpenCalls(self.storage).calls(start, stop)
        return {each.call_id: state for each in kept if (state := each.state) is not None}

    async def standing(self) -> dict[str, list[LedgerEntry]]:
        return await standing_calls(self.storage)

    async def audit(self) -> AuditReport:
        return await audit(self.storage, now=datetime.now(UTC))


@pytest.fixture
def account(azurite: AzuritePorts) -> AzuritePorts:
    """Azurite without the tables of the test before."""
    delete_product_tables(azurite.connection_string)
    return azurite


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def broker(clock: Clock) -> AsyncIterator[Broker]:
    async with running_broker(config=CONFIG, clock=clock) as running:
        yield running


@pytest.fixture
async def stage(account: AzuritePorts, broker: Broker, clock: Clock) -> AsyncIterator[Stage]:
    storage = AzureTableStorage.from_connection_string(account.connection_string)
    unique = uuid4().hex
    yield Stage(
        broker=broker,
        clock=clock,
        storage=storage,
        environment={
            **QUICK,
            "EVENTHUB_CONNECTION_STRING": broker.connection_string,
            "STORAGE_CONNECTION_STRING": account.connection_string,
            "CHECKPOINT_CONTAINER": f"checkpoints-{unique}",
            "DEAD_LETTER_CONTAINER": f"letters-{unique}",
            "PRICE_BOOKS": str(DEMO_BOOK),
        },
    )
    await storage.close()
