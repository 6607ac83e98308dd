"""A damaged row of `progress` stops no partition: its own is read again, and skips nothing."""

import logging

import pytest

from consumers.receiving.handler import Counts
from consumers.receiving.hub import PartitionState
from consumers.receiving.saving.partition_progress import PartitionProgress
from table_api.consumer_state.progress import PROGRESS_TABLE, Count, Progress, ProgressTable
from table_api.errors import Altered
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Merge, TableStorage, Value, etag_of
from tests.consumers.conftest import GROUP, HUB, Stage
from tests.consumers.receiving.deliveries import delivered
from tests.fixtures.calls import NOW

POSTED: Counts = (Count.POSTED,)


async def owner(storage: TableStorage) -> PartitionProgress:
    table = ProgressTable(storage)
    await table.create()
    empty = Progress(
        hub=HUB,
        group=GROUP,
        partition="1",
        hub_created_at=NOW,
        sequence_number=-1,
        enqueued_time=None,
        recorded_at=NOW,
        counts={},
    )
    progress = PartitionProgress(table, empty, now=lambda: NOW)
    await progress.load()
    return progress


async def saved(progress: PartitionProgress, first: int, last: int) -> None:
    """Make the events from `first` to `last` durable and write the row."""
    events = [delivered(number) for number in range(first, last + 1)]
    progress.add(events, [POSTED] * len(events))
    assert await progress.save() == events[-1]


async def damage(storage: TableStorage, **columns: Value) -> None:
    key = f"{HUB}|{GROUP}"
    row = await storage.get(PROGRESS_TABLE, key, "1")
    assert row is not None
    await storage.transact(PROGRESS_TABLE, key, [Merge("1", columns, etag_of(row))])


async def stored(storage: TableStorage) -> Progress:
    [row] = await ProgressTable(storage).of_group(HUB, GROUP)
    return row


async def test_the_partition_is_read_from_the_first_event_and_keeps_the_counts_that_can_be_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    storage = MemoryTableStorage()
    await saved(await owner(storage), 0, 9)
    await damage(storage, sequence_number="x", n_posted="y", n_lost=3)
    with pytest.raises(Altered):
        await stored(storage)
    with caplog.at_level(logging.ERROR):
        progress = await owner(storage)
    assert f"{PROGRESS_TABLE} {HUB}|{GROUP} 1" in caplog.text
    assert (progress.durable, progress.after) == (-1, None)
    await saved(progress, 4, 6)  # what the hub has by now; nothing before it was lost
    row = await stored(storage)
    assert (row.sequence_number, row.hub_created_at) == (6, NOW)
    counted = {name: number for name, number in row.counts.items() if number}
    assert counted == {Count.RECEIVED: 13, Count.POSTED: 3, Count.LOST: 3}


async def test_an_owner_at_work_writes_again_what_it_knows() -> None:
    storage = MemoryTableStorage()
    progress = await owner(storage)
    await saved(progress, 0, 9)
    await damage(storage, hub_created_at="never")
    await saved(progress, 10, 14)
    row = await stored(storage)
    assert (row.sequence_number, row.counts[Count.RECEIVED]) == (14, 15)


async def test_a_former_owner_keeps_what_the_next_one_counted() -> None:
    storage = MemoryTableStorage()
    former = await owner(storage)
    await saved(former, 0, 9)
    await saved(await owner(storage), 10, 19)
    await damage(storage, sequence_number="x")
    await former.load()
    await saved(former, 20, 24)
    counted = (await stored(storage)).counts
    assert (counted[Count.RECEIVED], counted[Count.POSTED]) == (25, 25)


async def test_an_idle_owner_does_so_too() -> None:
    storage = MemoryTableStorage()
    progress = await owner(storage)
    await saved(progress, 0, 9)
    await damage(storage, sequence_number="x")
    at = PartitionState(
        partition="1",
        first_sequence_number=0,
        last_sequence_number=9,
        last_enqueued_time=NOW,
        empty=False,
    )
    confirmed = [await progress.confirm(at, asked_at=NOW, partitions=2) for _ in range(2)]
    assert confirmed == [False, True]
    assert (await stored(storage)).sequence_number == 9


async def test_every_partition_of_a_consumer_starts(stage: Stage) -> None:
    stage.fill(20, partition="0")
    stage.fill(20, partition="1", first=20)
    async with stage.consuming():
        await stage.counts(40)
    await damage(stage.storage, sequence_number="x")
    stage.fill(5, partition="0", first=40)
    stage.fill(5, partition="1", first=45)
    async with stage.process() as consumer:
        await consumer.says("progress_unreadable")
        await stage.until(lambda: has_calls(stage, 50))
        await stage.until(lambda: is_mended(stage))
    report = await stage.audit()
    assert (report.calls, report.problems) == (50, ())
    rows = await stage.progress()
    assert {name: row.sequence_number for name, row in rows.items()} == {"0": 24, "1": 24}


async def has_calls(stage: Stage, calls: int) -> bool:
    return await stage.entries() == calls


async def is_mended(stage: Stage) -> bool:
    try:
        rows = await stage.progress()
    except Altered:
        return False
    return all(row.sequence_number == 24 for row in rows.values())
