"""Saves beside the batches: what each of them covers, whatever happens between its steps."""

import asyncio
from collections.abc import Sequence

import pytest

from consumers.receiving.handler import Durable, MakeDurable, Received
from consumers.receiving.saving import partition_saves
from table_api.consumer_state.progress import Count
from table_api.errors import LedgerMismatch, Unavailable
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.interrupted import Interrupted
from tests.consumers.partition import Partition
from tests.consumers.receiving.deliveries import delivered
from tests.fixtures.waiting import until

AT_ONCE = {"CHECKPOINT_INTERVAL_S": "0.001"}


class Projected:
    """A handler whose projection waits until it may go on, and then fails or is written."""

    def __init__(self) -> None:
        self.posted: list[int] = []
        self.projected: list[int] = []
        """How many events were posted when each projection began that was written."""
        self.begun = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.failure: Exception | None = None
        self.at_once = 0
        self.at_once_max = 0

    def prepare(self, partition: str, events: Sequence[Received]) -> MakeDurable:
        async def make_durable() -> Durable:
            self.posted.extend(event.sequence_number for event in events)
            return Durable([(Count.POSTED,) for _ in events])

        return make_durable

    def set_aside(self, partition: str, received: Received, error: Exception) -> MakeDurable:
        raise AssertionError("no event fails by itself") from error

    async def before_save(self) -> None:
        covered = len(self.posted)
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        self.begun.set()
        try:
            await self.may_go_on.wait()
        finally:
            self.at_once -= 1
        if self.failure is not None:
            raise self.failure
        self.projected.append(covered)


class World:
    """A partition whose consumer is amid its first save, of three events."""

    def __init__(self) -> None:
        self.partition = Partition(MemoryTableStorage(), "hub")
        self.handler = Projected()

    async def saving(self, **settings: str) -> None:
        self.worker = await self.partition.worker(self.handler, **AT_ONCE | settings)
        self.running = asyncio.create_task(self.worker.run())
        await self.worker.accept([delivered(number) for number in range(3)])
        await self.handler.begun.wait()

    async def post(self, first: int, last: int) -> None:
        """Durable while the save goes on."""
        await self.worker.accept([delivered(number) for number in range(first, last + 1)])

        async def durable() -> bool:
            return self.worker.progress.durable == last

        await until(durable)

    async def saved(self) -> list[int]:
        """The position in the row; nothing before the first save."""
        try:
            return [(await self.partition.row()).sequence_number]
        except ValueError:
            return []

    async def next_owner(self) -> None:
        """Reads from the row's position on, as the SDK is told to."""
        after = (await self.saved() or [-1])[0]
        handler = Projected()
        handler.may_go_on.set()
        events = [delivered(number) for number in range(after + 1, 6)]
        await self.partition.read(handler, events)


@pytest.fixture
async def world() -> World:
    return World()


async def test_a_batch_is_posted_during_a_save_and_the_save_does_not_cover_it(
    world: World,
) -> None:
    await world.saving(CHECKPOINT_INTERVAL_S="0.3")
    await world.post(3, 5)
    assert await world.saved() == []
    world.handler.may_go_on.set()
    await until_saved(world, 2)
    assert world.handler.projected == [3]  # the others are none of this save
    assert world.worker.progress.pending == 3
    await until_saved(world, 5)  # by time, though no more events come
    world.worker.drain()
    await world.running
    assert await world.partition.counts() == {"received": 6, "posted": 6}
    assert world.handler.projected[:2] == [3, 6]


async def until_saved(world: World, number: int) -> None:
    async def saved() -> bool:
        return await world.saved() == [number]

    await until(saved)


async def test_a_crash_amid_the_projection_counts_nothing_twice(world: World) -> None:
    await world.saving()
    await world.post(3, 5)
    world.running.cancel()  # as a kill: nothing more is written
    await asyncio.wait({world.running})
    assert await world.saved() == []
    assert world.handler.at_once == 0  # the save has ended with its worker
    await world.next_owner()
    assert await world.partition.counts() == {"received": 6, "posted": 6}


async def test_a_crash_after_the_projection_and_before_the_row_counts_nothing_twice() -> None:
    stored = MemoryTableStorage()
    storage, handler, before_row = Interrupted(stored, 1), Projected(), asyncio.Event()
    handler.may_go_on.set()

    async def crash() -> None:
        before_row.set()
        await asyncio.Event().wait()

    storage.meanwhile = crash
    worker = await Partition(storage, "hub").worker(handler, **AT_ONCE)
    running = asyncio.create_task(worker.run())
    await worker.accept([delivered(number) for number in range(3)])
    await before_row.wait()
    assert handler.projected == [3]
    await worker.accept([delivered(number) for number in range(3, 6)])
    running.cancel()
    await asyncio.wait({running})
    next_owner = Partition(stored, "hub")
    await next_owner.read(handler, [delivered(number) for number in range(6)])
    assert await next_owner.counts() == {"received": 6, "posted": 6}


async def test_a_crash_after_a_save_delivers_again_what_it_did_not_cover(world: World) -> None:
    await world.saving(CHECKPOINT_INTERVAL_S="0.3")
    await world.post(3, 5)
    world.handler.may_go_on.set()
    await until_saved(world, 2)
    world.running.cancel()
    await asyncio.wait({world.running})
    await world.next_owner()
    assert await world.partition.counts() == {"received": 6, "posted": 6}


async def test_a_partition_that_is_lost_during_a_save_waits_for_it(world: World) -> None:
    await world.saving()
    await world.post(3, 5)
    world.worker.give_up()
    late = asyncio.create_task(world.worker.accept([delivered(6)]))
    _, waiting = await asyncio.wait({world.running, late}, timeout=0.05)
    assert waiting == {world.running, late}
    world.handler.may_go_on.set()
    await world.running
    await late
    assert await world.saved() == [5]  # the save in work, and one of the rest
    assert await world.partition.counts() == {"received": 6, "posted": 6}


async def test_a_lost_partition_tries_once_more_where_storage_does_not_answer(
    world: World,
) -> None:
    await world.saving()
    world.handler.failure = Unavailable("503")
    world.worker.give_up()
    world.handler.may_go_on.set()
    await world.running
    assert await world.saved() == []
    world.handler.failure = None
    await world.next_owner()
    assert await world.partition.counts() == {"received": 6, "posted": 6}


async def test_another_owner_who_saves_during_a_save_is_not_counted_over(world: World) -> None:
    await world.saving(CHECKPOINT_INTERVAL_S="0.3")
    await world.post(3, 3)
    await world.next_owner()
    assert await world.saved() == [5]
    world.handler.may_go_on.set()
    world.worker.drain()
    await world.running
    assert await world.saved() == [5]
    assert await world.partition.counts() == {"received": 6, "posted": 6}


async def test_a_save_that_is_slower_than_the_interval_is_the_only_one_at_a_time(
    world: World,
) -> None:
    await world.saving()  # the next one is due at once
    for number in range(3, 6):
        await world.post(number, number)
    assert world.handler.at_once_max == 1
    world.handler.may_go_on.set()
    await until_saved(world, 5)
    world.worker.drain()
    await world.running
    assert world.handler.at_once_max == 1
    assert await world.partition.counts() == {"received": 6, "posted": 6}


async def test_batches_wait_for_a_save_when_too_many_events_are_not_saved(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_saves, "UNSAVED_EVENTS_MAX", 5)
    await world.saving(BATCH_EVENTS_MAX="1")
    await world.worker.accept([delivered(number) for number in range(3, 9)])
    await asyncio.wait({world.running}, timeout=0.1)
    assert world.handler.posted == [0, 1, 2, 3, 4]
    world.handler.may_go_on.set()
    await until_saved(world, 8)
    world.worker.drain()
    await world.running
    assert await world.partition.counts() == {"received": 9, "posted": 9}


async def test_what_ends_a_save_ends_the_worker_with_its_error(world: World) -> None:
    await world.saving()
    world.handler.failure = LedgerMismatch("another ledger")
    world.handler.may_go_on.set()
    with pytest.raises(LedgerMismatch, match="another ledger"):
        await world.running
    assert await world.saved() == []
