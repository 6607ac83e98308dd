"""A stage for consumers: a broker and a clean ledger on Azurite, in this event loop."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from azure.data.tables import TableServiceClient, UpdateMode

from consumers.metering.run import run
from consumers.running.clients import Clients, open_clients
from consumers.settings import Settings, read_settings
from local_stack.broker import Broker, BrokerConfig, HubConfig, running_broker
from local_stack.demo.azurite import AzuritePorts
from table_api.audit.ledger_audit import AuditReport, audit
from table_api.consumer_state.dead_letters import DeadLetter
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.ledger.meta import read_meta
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.keys import starting_with
from tests.consumers.process import ConsumerProcess
from tests.fixtures.builders import ENQUEUED_TIME, call_id, make_body
from tests.fixtures.calls import DEMO_BOOK, all_rows
from tests.fixtures.product_tables import delete_product_tables
from tests.fixtures.waiting import until

HUB, GROUP = "llm-usage", "metering"
CONFIG = BrokerConfig(hubs=(HubConfig(name=HUB, partitions=2, consumer_groups=(GROUP,)),))
QUICK = {
    "LINGER_S": "0.05",
    "CHECKPOINT_INTERVAL_S": "0.3",
    "LOAD_BALANCING_INTERVAL_S": "0.5",
    "OWNERSHIP_EXPIRY_S": "2",
    "MONITOR_INTERVAL_S": "0.5",
    "STALL_S": "30",
}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a test of the running consumer needs."""

    broker: Broker
    storage: AzureTableStorage
    environment: dict[str, str]

    def settings(self, **changes: Any) -> Settings:
        return replace(read_settings({}, self.environment), **changes)

    def fill(self, count: int, *, partition: str = "0", first: int = 0, **changes: Any) -> None:
        """Put calls with the numbers from `first` on into a partition."""
        bodies = [
            make_body(id=call_id(number), **changes) for number in range(first, first + count)
        ]
        self.broker.append(HUB, bodies, partition=partition)

    @contextlib.asynccontextmanager
    async def consuming(self, **changes: Any) -> AsyncIterator[asyncio.Event]:
        """A consumer in this process for the time of the block."""
        ended = asyncio.Event()
        task = asyncio.create_task(run(self.settings(**changes), ended=ended))
        try:
            yield ended
        finally:
            ended.set()
            await task

    @contextlib.asynccontextmanager
    async def process(self, *arguments: str, **environment: str) -> AsyncIterator[ConsumerProcess]:
        """`python -m consumers …`; what is left of it at the end is killed."""
        async with ConsumerProcess.running(
            arguments or ("run",), {**os.environ, **self.environment, **environment}
        ) as process:
            yield process

    @contextlib.asynccontextmanager
    async def edges(self) -> AsyncIterator[Clients]:
        async with open_clients(self.settings()) as edges:
            yield edges

    async def progress(self) -> dict[str, Progress]:
        rows = await ProgressTable(self.storage).of_group(HUB, GROUP)
        return {row.partition: row for row in rows}

    async def counted(self, count: Count) -> int:
        """Over all partitions."""
        return sum(row.counts[count] for row in (await self.progress()).values())

    async def counts(self, number: int) -> dict[str, int]:
        """All that is counted but the zeros, once `number` events were received."""
        await self.until(lambda: self._received(number))
        totals = {count.value: await self.counted(count) for count in Count}
        return {name: total for name, total in totals.items() if total}

    async def _received(self, number: int) -> bool:
        return await self.counted(Count.RECEIVED) >= number

    async def entries(self) -> int:
        """Rows of calls in the ledger."""
        rows = 0
        async for partition in self.storage.partitions("ledger"):
            calls = self.storage.query("ledger", partition, starting_with("c|"), select=["RowKey"])
            rows += sum([len(page) async for page in calls])
        return rows

    async def until(
        self, condition: Callable[[], Awaitable[bool]], *, within_s: float = 30
    ) -> None:
        await until(condition, within_s=within_s)

    async def audit(self) -> AuditReport:
        return await audit(self.storage, now=ENQUEUED_TIME)

    async def has_ledger(self) -> bool:
        return await read_meta(self.storage) is not None

    async def lose_a_call(self) -> None:
        """Delete one call's row, as no part of the product can."""
        keys = [key for key in await all_rows(self.storage) if key[1].startswith("c|")]
        text = self.environment["STORAGE_CONNECTION_STRING"]
        with TableServiceClient.from_connection_string(text) as service:
            service.get_table_client("ledger").delete_entity(*keys[0])

    async def change_a_call(self, **columns: str) -> None:
        """Write over columns of one call's row, as no part of the product can."""
        keys = [key for key in await all_rows(self.storage) if key[1].startswith("c|")]
        row = {"PartitionKey": keys[0][0], "RowKey": keys[0][1], **columns}
        text = self.environment["STORAGE_CONNECTION_STRING"]
        with TableServiceClient.from_connection_string(text) as service:
            service.get_table_client("ledger").update_entity(row, mode=UpdateMode.MERGE)

    async def letters(self) -> list[DeadLetter]:
        async with self.edges() as edges:
            return [letter async for letter in edges.dead_letters.all()]


class HubClock:
    """The hub's time: goes on from when the calls of the tests were enqueued."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def __call__(self) -> datetime:
        return ENQUEUED_TIME + timedelta(seconds=time.monotonic() - self._started)


@pytest.fixture
def account(azurite: AzuritePorts) -> AzuritePorts:
    """Azurite without the tables of the test before."""
    delete_product_tables(azurite.connection_string)
    return azurite


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    async with running_broker(config=CONFIG, clock=HubClock()) as running:
        yield running


@pytest.fixture
async def stage(account: AzuritePorts, broker: Broker) -> AsyncIterator[Stage]:
    storage = AzureTableStorage.from_connection_string(account.connection_string)
    unique = uuid4().hex
    yield Stage(
        broker=broker,
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
