"""Traits of the Event Hubs SDK that a consumer has to survive; each test fails without the remedy.

docs/reliability.md lists all of them, also those whose tests stand elsewhere.
"""

import asyncio
import gc
import time
from collections.abc import Sequence

from azure.eventhub._pyamqp.aio._receiver_async import ReceiverLink

from consumers.receiving.dead_letter_limit import DeadLetterLimit
from consumers.receiving.handler import Durable, MakeDurable, Received
from consumers.receiving.partition_worker import PartitionWorker, WorkLimits
from consumers.receiving.saving.checkpoint_policy import CheckpointPolicy
from consumers.receiving.saving.partition_progress import PartitionProgress
from local_stack.broker import BrokerConfig, HubConfig, running_broker
from local_stack.broker.faults.faults import Detach, Replay
from local_stack.send import send_events
from local_stack.traffic.usage_event import OutgoingEvent
from pricing_rules.decoding.hub_partition import partition_of
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.errors import Unavailable
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.conftest import HUB, Stage
from tests.consumers.receiving.deliveries import delivered
from tests.fixtures.calls import NOW

EMPTY = Progress(
    hub=HUB,
    group="metering",
    partition="0",
    hub_created_at=NOW,
    sequence_number=-1,
    enqueued_time=None,
    recorded_at=NOW,
    counts={},
)
LIMITS = WorkLimits(
    batch_events_max=10,
    buffer_events_max=10,
    linger_s=0.01,
    save=CheckpointPolicy(600),
    checkpoint=CheckpointPolicy(600),
    dead_letters=DeadLetterLimit(
        of_sender_max=10, percent_max=100, window_events=10, slowed_events_per_s=100
    ),
)
DETACHES = 5
"""The SDK's own budget of link failures, three, is for its whole life."""


async def test_no_number_of_link_failures_ends_a_partition(stage: Stage) -> None:
    async with stage.process() as consumer:
        for number in range(DETACHES):
            stage.fill(10, first=number * 10)
            await stage.counts(number * 10 + 10)
            assert stage.broker.inject(Detach(hub=HUB, partition="0")) == 1
        stage.fill(10, first=DETACHES * 10)
        await stage.counts(DETACHES * 10 + 10)
        assert consumer.said("partition_error") == []
        claims = [line["partition"] for line in consumer.said("partition_claimed")]
        assert claims.count("0") == 1


async def test_events_that_come_again_are_dropped_before_they_are_work(stage: Stage) -> None:
    """Attaching anew the client goes back. Nothing is saved here: no row could tell them apart."""

    async with stage.consuming(checkpoint_interval_s=600.0):
        stage.fill(300)
        await stage.until(lambda: _has_entries(stage, 300))
        stage.broker.inject(Replay(hub=HUB, events=200))
        stage.broker.inject(Detach(hub=HUB, partition="0"))
        stage.fill(10, first=300)
        await stage.until(lambda: _has_entries(stage, 310))
        assert stage.broker.namespace.stats.events_out >= 500
    assert await stage.counts(310) == {"received": 310, "posted": 310}


async def _has_entries(stage: Stage, number: int) -> bool:
    return await stage.entries() == number


class StorageThatIsDownTwice:
    """A handler whose batches are durable at the third try."""

    def __init__(self) -> None:
        self.tried: list[list[int]] = []

    def prepare(self, partition: str, events: Sequence[Received]) -> MakeDurable:
        async def make_durable() -> Durable:
            self.tried.append([event.sequence_number for event in events])
            if len(self.tried) <= 2:
                raise Unavailable("no answer")
            return Durable([(Count.POSTED,) for _ in events])

        return make_durable

    def set_aside(self, partition: str, received: Received, error: Exception) -> MakeDurable:
        raise AssertionError("no event fails by itself") from error

    async def before_save(self) -> None:
        """Leaves nothing for later."""


async def test_a_batch_that_fails_is_tried_again_and_the_callback_knows_nothing() -> None:
    """An exception in the callback would drop the partition, and the batch with it."""
    handler = StorageThatIsDownTwice()
    table = ProgressTable(MemoryTableStorage())
    await table.create()
    saved: list[int] = []

    async def checkpoint(event: Received) -> None:
        saved.append(event.sequence_number)

    worker = PartitionWorker(
        "0",
        handler=handler,
        progress=PartitionProgress(table, EMPTY, now=lambda: NOW),
        checkpoint=checkpoint,
        limits=LIMITS,
    )
    working = asyncio.create_task(worker.run())
    await worker.accept([delivered(number) for number in range(5)])
    worker.drain()
    await working
    assert handler.tried == [[0, 1, 2, 3, 4]] * 3
    assert saved == [4]


async def test_sigterm_does_not_wait_for_the_sdk_to_balance_again(stage: Stage) -> None:
    """`receive_batch` returns at the end of its sleep between two claims only."""
    async with stage.process(LOAD_BALANCING_INTERVAL_S="60", OWNERSHIP_EXPIRY_S="120") as consumer:
        stage.fill(10)
        await stage.counts(10)
        asked_at = time.monotonic()
        consumer.terminate()
        assert await consumer.exit_code() == 0
        assert time.monotonic() - asked_at < 10


async def test_the_delivery_tags_of_a_link_are_forgotten(stage: Stage) -> None:
    """The client keeps each tag for as long as the link lives."""
    async with stage.consuming():
        stage.fill(3_000)
        await stage.counts(3_000)
        links = [each for each in gc.get_objects() if isinstance(each, ReceiverLink)]
        tags = [len(link._received_delivery_tags) for link in links]
        assert tags, "the SDK keeps its tags elsewhere: look whether it still leaks"
        assert sum(tags) <= 600


async def test_the_hub_itself_places_each_partition_key() -> None:
    """The buffered producer places a quarter of the keys otherwise, by a modulo of its own."""
    keys = [f"user-{number}@exämple.com" for number in range(40)]
    config = BrokerConfig(hubs=(HubConfig(name=HUB, partitions=4),))
    async with running_broker(config=config) as broker:
        events = [OutgoingEvent(partition_key=key, body=key.encode()) for key in keys]
        await send_events(broker.connection_string, HUB, events)
        held = {
            event.body.decode(): partition
            for partition in range(4)
            for event in broker.read(HUB, str(partition))
        }
    assert held == {key: partition_of(key, 4) for key in keys}
