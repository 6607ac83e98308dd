"""One partition of a hub in memory, read by one worker after another."""

from collections.abc import Sequence

from consumers.receiving.handler import Handler, Received
from consumers.receiving.partition_worker import PartitionWorker
from consumers.receiving.saving.partition_progress import PartitionProgress
from consumers.running.receive_loop import _work_limits
from consumers.settings import read_settings
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.storage.table_storage import TableStorage
from tests.fixtures.calls import NOW

SETTINGS = {
    "EVENTHUB_CONNECTION_STRING": "hub",
    "STORAGE_CONNECTION_STRING": "storage",
    "LINGER_S": "0.001",
}


class Partition:
    """Partition 0: its events so far, and the position and counts in table `progress`."""

    def __init__(self, storage: TableStorage, hub: str) -> None:
        self._table = ProgressTable(storage)
        self._empty = Progress(
            hub=hub,
            group="group",
            partition="0",
            hub_created_at=NOW,
            sequence_number=-1,
            enqueued_time=None,
            recorded_at=NOW,
            counts={},
        )

    async def worker(self, handler: Handler, **settings: str) -> PartitionWorker:
        """A consumer's life."""
        await self._table.create()
        return PartitionWorker(
            "0",
            handler=handler,
            progress=PartitionProgress(self._table, self._empty, now=lambda: NOW),
            checkpoint=_checkpoint,
            limits=_work_limits(read_settings({}, SETTINGS | settings)),
        )

    async def read(self, handler: Handler, events: Sequence[Received], **settings: str) -> None:
        """A life that takes the events and drains. Raises what ends the process."""
        worker = await self.worker(handler, **settings)
        await worker.accept(events)
        worker.drain()
        await worker.run()

    async def counts(self) -> dict[str, int]:
        """As saved, but the zeros."""
        row = await self.row()
        return {count.value: row.counts[count] for count in Count if row.counts[count]}

    async def row(self) -> Progress:
        """As saved."""
        [row] = await self._table.of_group(self._empty.hub, self._empty.group)
        return row


async def _checkpoint(event: Received) -> None:
    """What is true is the progress row."""
