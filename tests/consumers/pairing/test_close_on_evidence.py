"""A month closes on what the monitors of the readers left in storage, and on nothing less.

The hubs are those of the local broker. One clock of the test is that of the hubs, of the storage
service and of the readers.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from consumers.pairing.hub_publisher import HubPublisher, make_producer
from consumers.pairing.settlement import Settlement
from consumers.pairing.stream_time import StreamTime
from consumers.pairing.sweeper import Sweeper
from consumers.receiving.handler import Handler, Received
from consumers.receiving.hub import EventHub, HubAddress, make_client
from consumers.receiving.monitor import Monitor, MonitorLimits
from consumers.receiving.partition_worker import PartitionWorker
from consumers.receiving.receiver import ReceiveLimits, Receiver
from consumers.receiving.saving.partition_progress import PartitionProgress
from consumers.running.receive_loop import _receive_watched, _work_limits
from consumers.settings import read_settings
from local_stack.broker import Broker
from table_api.consumer_state.groups import DEFAULT_GROUPS
from table_api.consumer_state.progress import Progress, ProgressTable
from table_api.invoicing.closing.close import CloseJob
from table_api.invoicing.closing.close_job import make_job, stored_evidence
from table_api.invoicing.errors import CloseRefused
from table_api.invoicing.settings import InvoicingSettings
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.pairing.conftest import PARTITIONS, Clock
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.world import DIAGNOSTICS, USAGE, WAITS, World
from tests.consumers.partition import SETTINGS
from tests.fixtures.billing import NOVEMBER
from tests.fixtures.builders import ENQUEUED_TIME
from tests.fixtures.waiting import until

GROUPS = DEFAULT_GROUPS
EVERY_GROUP = [GROUPS.metering, GROUPS.pairing_usage, GROUPS.pairing_diagnostics]
PLAIN, STREAMED = Call(number=1, stream=False), Call(number=2)
AFTER_NOVEMBER = datetime(2026, 12, 1, 2, 30, tzinfo=UTC)
LOOKS_EVERY_S = 0.1


@dataclass
class Month:
    """Both hubs, their readers, and the close of November."""

    clock: Clock
    world: World
    hubs: list[EventHub]
    """As EVERY_GROUP reads them."""
    storage: MemoryTableStorage
    sweeper: Sweeper

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Every reader with its monitor, for the time of the block."""
        handlers: list[Handler] = [
            self.world.metering(self.clock()),
            self.world.usage,
            self.world.diagnostics,
        ]
        ended = asyncio.Event()
        readers = [
            asyncio.create_task(self._read(hub, handler, ended))
            for hub, handler in zip(self.hubs, handlers, strict=True)
        ]
        try:
            yield
        finally:
            ended.set()
            await asyncio.gather(*readers)

    async def _read(self, hub: EventHub, handler: Handler, ended: asyncio.Event) -> None:
        state = await hub.state()
        empty = Progress(
            hub=hub.address.hub,
            group=hub.address.group,
            partition="",
            hub_created_at=state.created_at,
            sequence_number=-1,
            enqueued_time=None,
            recorded_at=self.clock(),
            counts={},
            partitions=len(state.partitions),
        )
        receiver = Receiver(
            make_client(hub.address, load_balancing_interval=LOOKS_EVERY_S),
            partial(self._worker, handler, empty),
            ReceiveLimits(prefetch=300, callback_events_max=100),
        )
        limits = MonitorLimits(interval_s=LOOKS_EVERY_S, stall_s=60, until_idle_s=None)
        monitor = Monitor(hub, state.created_at, limits, now=self.clock)
        await _receive_watched(receiver, monitor, ended)

    def _worker(self, handler: Handler, empty: Progress, partition: str) -> PartitionWorker:
        row = replace(empty, partition=partition)
        return PartitionWorker(
            partition,
            handler=handler,
            progress=PartitionProgress(ProgressTable(self.storage), row, now=self.clock),
            checkpoint=_no_checkpoint,
            limits=_work_limits(read_settings({}, SETTINGS)),
        )

    async def until_looked(self) -> None:
        """Every monitor has seen that there is nothing more by now."""
        table, now = ProgressTable(self.storage), self.clock()

        async def looked() -> bool:
            rows = [
                row for each in EVERY_GROUP for row in await table.of_group(each.hub, each.group)
            ]
            caught_up = [row.caught_up_at for row in rows]
            return len(rows) == len(EVERY_GROUP) * PARTITIONS and set(caught_up) == {now}

        await until(looked, within_s=30)

    async def job(self) -> CloseJob:
        return await make_job(
            self.storage,
            MemoryBlobStore(),
            settings=InvoicingSettings(),
            evidence=stored_evidence(self.storage, GROUPS, InvoicingSettings(), now=self.clock),
            now=self.clock,
        )

    async def refusal(self) -> str:
        with pytest.raises(CloseRefused) as refused:
            await (await self.job()).close(NOVEMBER)
        return str(refused.value)


@pytest.fixture
async def month(broker: Broker, clock: Clock) -> AsyncIterator[Month]:
    """All of November is in the hubs: a plain call, and a streamed one with its log."""
    clock.at = ENQUEUED_TIME
    broker.append(USAGE, [PLAIN.event()], partition="0")
    broker.append(USAGE, [STREAMED.event()], partition="1")
    records = envelope(STREAMED.gateway_record(), STREAMED.llm_record())
    broker.append(DIAGNOSTICS, [records], partition="0")
    storage = MemoryTableStorage(now=clock)
    world = await World.over(storage)
    async with contextlib.AsyncExitStack() as stack:
        hubs = [
            EventHub(
                HubAddress(
                    hub=each.hub, group=each.group, connection_string=broker.connection_string
                )
            )
            for each in EVERY_GROUP
        ]
        for hub in hubs:
            stack.push_async_callback(hub.close)
        of_pairing = hubs[1:]
        producer = await stack.enter_async_context(make_producer(of_pairing[0].address))
        pairing = replace(
            world.pairing,
            settlement=Settlement(world.calls, HubPublisher(producer), WAITS, now=clock),
            stream_time=StreamTime(of_pairing, ProgressTable(storage), now=clock),
            now=clock,
        )
        world.usage._pairing = world.diagnostics._pairing = pairing
        yield Month(clock, world, hubs, storage, Sweeper(pairing, interval_s=1))


async def _no_checkpoint(event: Received) -> None:
    """What is true is the progress row; the next life reads the hub from its first event."""


async def test_a_month_closes_once_every_reader_has_seen_its_end_and_not_before(
    month: Month,
) -> None:
    month.clock.at = AFTER_NOVEMBER
    refusal = await month.refusal()
    assert refusal.count("was never read") == 3

    month.clock.at = ENQUEUED_TIME + timedelta(minutes=1)
    async with month.reading():
        # On 20 November the readers take all there is, and their monitors see that it is all.
        await month.until_looked()
        month.clock.at = AFTER_NOVEMBER
        refusal = await month.refusal()

        # In December nothing more has come: the next look of the monitors is what shows it.
        await month.until_looked()
        unsettled = await month.refusal()
        await month.sweeper.sweep()
        await month.until_looked()
        job = await month.job()
        manifest = await job.close(NOVEMBER)
    for group in EVERY_GROUP:
        assert (
            f"group {group.group} of {group.hub} must be read up to 2026-12-01 00:00 UTC" in refusal
        )
    assert refusal.count("partition 1 is read up to 2026-11-20 09:31 UTC") == 3
    assert "must be read" not in unsettled
    assert "pairing has to settle the calls up to 2026-11-30 23:00 UTC" in unsettled
    found = await job.archive.snapshot(NOVEMBER)
    assert found is not None
    assert (found[0].checks.unread, found[0].checks.audited_calls) == ((), 2)
    assert manifest.month == str(NOVEMBER)
