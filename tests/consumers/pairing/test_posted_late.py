"""One id with two callers, both known to nobody and older than pairing's memory: counted once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from table_api.errors import Unavailable
from table_api.storage.blobs import BlobStore
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.interrupted import Interrupted
from tests.consumers.pairing.gateway import Call
from tests.consumers.pairing.replays import ALICE, ARRIVED, counted, replayed, settled
from tests.consumers.pairing.test_old_events import redriven
from tests.consumers.pairing.world import World
from tests.fixtures.builders import CALL_TIME
from tests.fixtures.calls import open_ledger

CAROL = replace(ALICE, subject="carol")
EARLIER = replace(ALICE, subject="zoe", time=CALL_TIME - timedelta(minutes=20))
KNOWN = replace(ALICE, number=9, subject="dan")
NOW = CALL_TIME + timedelta(days=40)
ORDERS = list(permutations((ALICE, CAROL)))
STEPS = range(0, 46, 5)


class InterruptedBlobs(MemoryBlobStore):
    """Something else happens just before one of its requests, too."""

    def __init__(self, blobs: BlobStore, happen: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self._inner = blobs
        self._happen = happen

    async def create(self, name: str, content: bytes, *, content_type: str) -> None:
        await self._happen()
        await self._inner.create(name, content, content_type=content_type)

    async def read(self, name: str) -> bytes | None:
        await self._happen()
        return await self._inner.read(name)

    async def names(self, prefix: str) -> AsyncIterator[str]:
        await self._happen()
        async for name in self._inner.names(prefix):
            yield name


async def purged_world() -> World:
    """Its hours left blobs, and none of them knows the id."""
    world = await World.over(MemoryTableStorage())
    await world.meter([KNOWN.event()], ARRIVED)
    await world.pair(world.usage, KNOWN.event(), ARRIVED)
    await settled(world, NOW)
    return world


async def interrupted_at(world: World, number: int) -> tuple[World, Interrupted]:
    """A process with a ledger and blobs of its own connection, interrupted at its n-th request."""
    interrupted = Interrupted(world.storage, number)
    process = World(
        interrupted,
        await open_ledger(interrupted),
        world.outbox,
        world.stream_time,
        InterruptedBlobs(world.blobs, interrupted.happen),
    )
    process.storage = world.storage
    return process, interrupted


@pytest.mark.parametrize("calls", [*ORDERS, *permutations((ALICE, EARLIER))])
@pytest.mark.parametrize("ways", ["one batch", "two replays", "letters", "replay, then letter"])
async def test_an_id_of_two_callers_that_nobody_knows_is_counted_at_one(
    ways: str, calls: tuple[Call, Call]
) -> None:
    world = await purged_world()
    first, second = calls
    if ways == "one batch":
        await replayed(world, first, second, now=NOW)
    else:
        for call, letter in zip(calls, (ways == "letters", "letter" in ways), strict=True):
            await (redriven if letter else replayed)(world, call, now=NOW)
    kept = min(calls, key=lambda call: (call.time, call.subject))
    assert await counted(world, NOW) == sorted([kept.subject, "dan"])
    for call in calls:
        await replayed(world, call, now=NOW + timedelta(days=3))
    assert len(await counted(world, NOW)) == 2


@pytest.mark.parametrize("number", STEPS)
@pytest.mark.parametrize("calls", ORDERS)
async def test_two_processes_that_replay_one_id_count_it_once(
    calls: tuple[Call, Call], number: int
) -> None:
    world = await purged_world()
    process, interrupted = await interrupted_at(world, number)
    first, second = calls

    async def meanwhile() -> None:
        await replayed(world.other(), second, now=NOW)

    interrupted.meanwhile = meanwhile
    await replayed(process, first, now=NOW)
    await interrupted.now()
    assert len(await counted(world, NOW)) == 2


@pytest.mark.parametrize("number", STEPS)
@pytest.mark.parametrize("calls", ORDERS)
async def test_a_replay_that_is_killed_and_comes_again_counts_the_id_once(
    calls: tuple[Call, Call], number: int
) -> None:
    world = await purged_world()
    process, interrupted = await interrupted_at(world, number)
    killed = asyncio.Event()
    first, second = calls

    async def kill() -> None:
        killed.set()
        raise Unavailable("the process ends here")

    interrupted.meanwhile = kill
    await replayed(process, first, now=NOW, ended=killed)
    await replayed(world.other(), second, now=NOW)
    await replayed(world.other(), first, now=NOW)
    assert len(await counted(world, NOW)) == 2


async def test_a_second_replay_of_unknown_calls_leaves_no_more_blobs() -> None:
    world = await purged_world()
    before = {name async for name in world.blobs.names("")}
    for _ in range(2):
        await replayed(world, ALICE, now=NOW)
        late = {name async for name in world.blobs.names("")} - before
        assert [name.partition("posted-")[0] for name in late] == ["2026112009/"]
    assert not await world.pairing.counted.remember(CALL_TIME - timedelta(days=1))
