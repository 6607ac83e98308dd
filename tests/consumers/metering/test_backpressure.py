"""A store that is slow slows the intake: the events wait in the hub, not in memory."""

import asyncio
import random

from benchmarks.faults.storage_proxy import Misdeed, StorageFault, StorageProxy
from consumers.running.receive_loop import BUFFERED_BATCHES_MAX, CALLBACK_EVENTS_MAX
from tests.consumers.conftest import Stage

EVENTS = 20_000
BATCH, PREFETCH = 100, 300
DURABLE = 3 * BATCH
"""Wait for so many: the store takes about a second for each answer."""
UNSAVED_BATCHES_MAX = 5
DELIVERIES_MAX = 3
"""One beyond what the buffer takes, one that waits for room, one that the SDK makes ready."""
AHEAD_MAX = (
    (1 + BUFFERED_BATCHES_MAX + UNSAVED_BATCHES_MAX) * BATCH
    + DELIVERIES_MAX * CALLBACK_EVENTS_MAX
    + PREFETCH
)


async def test_a_slow_store_leaves_the_events_in_the_hub(stage: Stage) -> None:
    account = stage.environment["STORAGE_CONNECTION_STRING"]
    limits = {"BATCH_EVENTS_MAX": str(BATCH), "PREFETCH_EVENTS": str(PREFETCH)}
    ahead = durable = 0
    async with StorageProxy.running(account, random.Random(1)) as proxy:
        environment = {"STORAGE_CONNECTION_STRING": proxy.connection_string} | limits
        async with stage.process(**environment) as consumer:
            await consumer.says("ready")
            proxy.arm(StorageFault(misdeed=Misdeed.SLOW))
            stage.fill(EVENTS)
            async with asyncio.timeout(120):
                while durable < DURABLE:
                    durable = await _durable(stage)
                    ahead = max(ahead, stage.broker.namespace.stats.events_out - durable)
                    await asyncio.sleep(0.1)
            assert consumer.alive
    assert 0 < ahead <= AHEAD_MAX


async def _durable(stage: Stage) -> int:
    """Events that are saved."""
    rows = await stage.progress()
    return rows["0"].sequence_number + 1 if "0" in rows else 0
