"""Counts and positions under crashes, lost answers and two owners."""

import logging
import time
from datetime import UTC, datetime, timedelta

import pytest

from consumers.receiving.handler import Counts, Received
from consumers.receiving.hub import PartitionState
from consumers.receiving.losses import Loss, losses
from consumers.receiving.saving.checkpoint_policy import CheckpointPolicy
from consumers.receiving.saving.partition_progress import (
    SAVE_TRIES_MAX,
    LateCheckpoint,
    PartitionProgress,
)
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.errors import Contended, Unavailable
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import TableStorage
from tests.consumers.receiving.deliveries import delivered
from tests.fixtures.calls import NOW, FaultyStorage

POSTED: Counts = (Count.POSTED,)
BIRTH = datetime(2026, 11, 1, tzinfo=UTC)


def empty(created_at: datetime = BIRTH) -> Progress:
    return Progress(
        hub="llm-usage",
        group="metering",
        partition="0",
        hub_created_at=created_at,
        sequence_number=-1,
        enqueued_time=None,
        recorded_at=NOW,
        counts={},
    )


async def owner(storage: TableStorage, created_at: datetime = BIRTH) -> PartitionProgress:
    table = ProgressTable(storage)
    await table.create()
    progress = PartitionProgress(table, empty(created_at), now=lambda: NOW)
    await progress.load()
    return progress


def work(progress: PartitionProgress, first: int, last: int) -> None:
    """Make the events from `first` to `last` durable."""
    events = [delivered(number) for number in range(first, last + 1)]
    progress.add(events, [POSTED] * len(events))


async def stored(storage: TableStorage) -> Progress:
    row = await ProgressTable(storage).read("llm-usage", "metering", "0")
    assert row is not None
    return row.progress


async def test_a_save_gives_the_event_to_checkpoint() -> None:
    storage = MemoryTableStorage()
    progress = await owner(storage)
    work(progress, 0, 9)
    assert await progress.save() == delivered(9)
    row = await stored(storage)
    assert (row.sequence_number, row.enqueued_time) == (9, delivered(9).enqueued_time)
    assert (row.counts[Count.RECEIVED], row.counts[Count.POSTED]) == (10, 10)


async def test_nothing_new_is_nothing_to_save() -> None:
    progress = await owner(MemoryTableStorage())
    assert await progress.save() is None
    work(progress, 0, 1)
    await progress.save()
    assert await progress.save() is None


async def test_events_that_come_again_after_a_crash_are_not_counted_again() -> None:
    storage = MemoryTableStorage()
    before = await owner(storage)
    work(before, 0, 9)
    await before.save()
    after = await owner(storage)
    work(after, 5, 14)
    await after.save()
    row = await stored(storage)
    assert (row.sequence_number, row.counts[Count.RECEIVED]) == (14, 15)


async def test_two_owners_count_each_event_once() -> None:
    storage = MemoryTableStorage()
    old, new = await owner(storage), await owner(storage)
    work(old, 0, 9)
    work(new, 0, 14)
    assert await old.save() == delivered(9)
    assert await new.save() == delivered(14)
    assert (await stored(storage)).counts[Count.RECEIVED] == 15


async def test_an_owner_who_is_behind_moves_nothing_back() -> None:
    storage = MemoryTableStorage()
    old, new = await owner(storage), await owner(storage)
    work(new, 0, 14)
    await new.save()
    work(old, 0, 9)
    assert await old.save() is None
    row = await stored(storage)
    assert (row.sequence_number, row.counts[Count.RECEIVED]) == (14, 15)


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_a_lost_answer_neither_loses_nor_doubles_counts(fault: str) -> None:
    storage = FaultyStorage(MemoryTableStorage(), [fault])
    progress = await owner(storage)
    work(progress, 0, 9)
    with pytest.raises(Unavailable):
        await progress.save()
    assert await progress.save() == delivered(9)
    assert (await stored(storage)).counts[Count.RECEIVED] == 10


async def test_a_save_that_others_always_beat_is_contended_and_can_be_repeated() -> None:
    storage = FaultyStorage(MemoryTableStorage(), ["beaten"] * SAVE_TRIES_MAX)
    progress = await owner(storage)
    work(progress, 0, 9)
    with pytest.raises(Contended):
        await progress.save()
    assert await progress.save() == delivered(9)
    assert (await stored(storage)).counts[Count.RECEIVED] == 10


async def test_what_retention_took_is_counted_once_over_crashes_and_owners() -> None:
    storage = MemoryTableStorage()
    before = await owner(storage)
    work(before, 0, 9)
    await before.save()
    crashed, zombie, after = [await owner(storage) for _ in range(3)]
    work(crashed, 15, 19)  # never saved
    work(zombie, 15, 16)
    work(after, 15, 29)
    await zombie.save()
    await after.save()
    work(after, 32, 32)
    await after.save()
    counts = (await stored(storage)).counts
    assert (counts[Count.LOST], counts[Count.RECEIVED]) == (5 + 2, 10 + 15 + 1)


async def test_what_was_gone_before_the_first_reading_is_not_lost() -> None:
    storage = MemoryTableStorage()
    progress = await owner(storage)
    assert progress.after is None
    work(progress, 250, 299)
    await progress.save()
    assert (await stored(storage)).counts[Count.LOST] == 0
    assert progress.after == 299


async def test_of_a_hub_made_anew_the_first_events_are_ours() -> None:
    storage = MemoryTableStorage()
    progress = await owner(storage)
    work(progress, 0, 9)
    await progress.save()
    reborn = await owner(storage, created_at=NOW)
    work(reborn, 3, 4)
    await reborn.save()
    assert (await stored(storage)).counts[Count.LOST] == 3


async def test_a_hub_made_anew_starts_at_its_first_event_and_keeps_the_counts() -> None:
    storage = MemoryTableStorage()
    progress = await owner(storage)
    work(progress, 0, 99)
    await progress.save()
    reborn = await owner(storage, created_at=NOW)
    assert reborn.durable == -1
    work(reborn, 0, 4)
    assert await reborn.save() == delivered(4)
    row = await stored(storage)
    assert (row.sequence_number, row.counts[Count.RECEIVED]) == (4, 105)


def held(last: int, *, is_empty: bool = False) -> PartitionState:
    return PartitionState(
        partition="0",
        first_sequence_number=0,
        last_sequence_number=last,
        last_enqueued_time=BIRTH,
        empty=is_empty,
    )


async def test_a_partition_read_to_its_end_is_confirmed_until_more_is_durable() -> None:
    storage = MemoryTableStorage(now=lambda: NOW)
    progress = await owner(storage)
    work(progress, 0, 9)
    # All is durable, but the row is not written.
    assert not await progress.confirm(held(9), asked_at=NOW, partitions=4)
    await progress.save()
    assert not await progress.confirm(held(10), asked_at=NOW, partitions=4)
    assert progress.read_until(NOW) == delivered(9).enqueued_time < NOW
    assert await progress.confirm(held(9), asked_at=NOW, partitions=4)
    assert progress.read_until(NOW) == NOW, "what comes now has not waited since the last event"
    row = await stored(storage)
    assert (row.sequence_number, row.caught_up_at, row.partitions) == (9, NOW, 4)
    assert (row.counts[Count.POSTED], row.passed) == (10, NOW)
    work(progress, 10, 10)
    assert await progress.save() == delivered(10)
    row = await stored(storage)
    assert (row.sequence_number, row.caught_up_at, row.partitions) == (10, None, 4)


async def test_a_clock_that_is_ahead_shows_no_more_than_the_storage_service_saw() -> None:
    storage = MemoryTableStorage(now=lambda: NOW)
    progress = await owner(storage)
    await progress.confirm(held(-1, is_empty=True), asked_at=NOW + timedelta(days=30), partitions=1)
    assert (await stored(storage)).passed == NOW


@pytest.mark.parametrize(("last", "first", "lost"), [(-1, 0, 0), (-1, 2, 2), (7, 8, 0)])
async def test_an_empty_partition_is_confirmed_and_what_was_gone_before_is_not_lost(
    last: int, first: int, lost: int
) -> None:
    storage = MemoryTableStorage(now=lambda: NOW)
    progress = await owner(storage)
    assert await progress.confirm(held(last, is_empty=True), asked_at=NOW, partitions=1)
    assert (await stored(storage)).sequence_number == last
    work(progress, first, first + 1)
    await progress.save()
    assert (await stored(storage)).counts[Count.LOST] == lost


async def test_what_retention_took_of_an_emptied_partition_is_lost_before_any_event_shows_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A month closes by this row: perhaps no later event ever comes."""
    storage = MemoryTableStorage(now=lambda: NOW)
    before = await owner(storage)
    work(before, 0, 9)
    # What was read is saved first: else its counts would be taken for known.
    assert not await before.confirm(held(29, is_empty=True), asked_at=NOW, partitions=1)
    await before.save()
    progress = await owner(storage)
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            assert await progress.confirm(held(29, is_empty=True), asked_at=NOW, partitions=1)
    row = await stored(storage)
    assert (row.sequence_number, row.lost, row.counts[Count.LOST]) == (9, 20, 0)
    assert caplog.text.count("20 events were never delivered") == 1
    again = await owner(storage)  # a process that has told nothing yet
    assert (progress.after, again.after) == (29, 29)
    work(again, 30, 31)
    await again.save()
    row = await stored(storage)
    assert (row.sequence_number, row.lost, row.counts[Count.LOST]) == (31, 20, 20)


async def test_what_follows_an_event_that_is_not_saved_yet_is_told_as_a_loss_of_its_own() -> None:
    """What an emptied partition had lost is counted from its row on, not from the newest event."""
    storage = MemoryTableStorage(now=lambda: NOW)
    before = await owner(storage)
    work(before, 0, 100)
    await before.save()
    assert await before.confirm(held(150, is_empty=True), asked_at=NOW, partitions=1)
    progress = await owner(storage)
    assert progress.after == 150
    work(progress, 151, 160)
    assert progress.after == 160
    assert losses(progress.after, [171]) == [Loss(161, 170)]


async def test_a_hub_that_was_wrong_about_being_empty_costs_no_event() -> None:
    storage = MemoryTableStorage(now=lambda: NOW)
    progress = await owner(storage)
    work(progress, 0, 9)
    await progress.save()
    assert await progress.confirm(held(29, is_empty=True), asked_at=NOW, partitions=1)
    work(progress, 10, 14)  # from the SDK's own buffer
    await progress.save()
    row = await stored(storage)
    assert (row.sequence_number, row.lost, row.counts[Count.POSTED]) == (14, 15, 15)
    work(progress, 15, 29)
    await progress.save()
    row = await stored(storage)
    assert (row.sequence_number, row.lost, row.counts[Count.POSTED]) == (29, 0, 30)


async def test_what_was_gone_stays_lost_when_the_hub_is_made_anew() -> None:
    storage = MemoryTableStorage(now=lambda: NOW)
    progress = await owner(storage)
    work(progress, 0, 9)
    await progress.save()
    assert await progress.confirm(held(29, is_empty=True), asked_at=NOW, partitions=1)
    reborn = await owner(storage, created_at=NOW)
    work(reborn, 0, 4)
    await reborn.save()
    assert (await stored(storage)).lost == 20


async def test_another_owners_row_is_not_confirmed_over() -> None:
    storage = MemoryTableStorage(now=lambda: NOW)
    theirs = await owner(storage)
    work(theirs, 0, 3)
    await theirs.save()
    ours = await owner(storage)
    work(theirs, 4, 5)
    await theirs.save()
    assert not await ours.confirm(held(3), asked_at=NOW, partitions=1)
    assert await ours.confirm(held(3), asked_at=NOW, partitions=1)  # read again: all of it is there
    assert (await stored(storage)).sequence_number == 5
    work(theirs, 6, 7)
    assert await theirs.save() == delivered(7)


class Blob:
    """Where a partition's checkpoint is written."""

    def __init__(self) -> None:
        self.written: list[Received] = []

    async def write(self, event: Received) -> None:
        self.written.append(event)

    def following(self, progress: PartitionProgress) -> LateCheckpoint:
        return LateCheckpoint(self.write, progress, CheckpointPolicy(30.0))


async def saved(progress: PartitionProgress, late: LateCheckpoint, number: int) -> None:
    work(progress, number, number)
    late.position = await progress.save()


async def test_the_first_checkpoint_is_written_at_once_and_the_next_after_the_interval() -> None:
    progress, blob = await owner(MemoryTableStorage()), Blob()
    late = blob.following(progress)
    assert late.wait_s(0.0) is None  # the row says nothing yet
    await saved(progress, late, 0)
    assert late.wait_s(time.monotonic()) == 0
    assert await late.write()
    assert late.wait_s(time.monotonic()) is None
    await saved(progress, late, 1)
    await saved(progress, late, 2)
    now = time.monotonic()
    left = late.wait_s(now)
    assert left is not None
    assert 0 < left <= 30
    assert late.wait_s(now + 30) == 0  # though nothing has come since
    assert await late.write()
    assert blob.written == [delivered(0), delivered(2)]


async def test_a_late_checkpoint_does_not_go_back_behind_another_owners_row() -> None:
    storage, blob = MemoryTableStorage(), Blob()
    former = await owner(storage)
    late = blob.following(former)
    await saved(former, late, 0)
    other = await owner(storage)
    work(other, 1, 1)
    await other.save()
    assert not await late.write()
    assert blob.written == []
    assert late.position is None  # the other owner writes its own
