"""Plain calls that a replay posts long after: kept in few rows, counted once whatever follows."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from table_api.errors import Unavailable
from table_api.open_calls.decision import PairingState
from table_api.open_calls.keys import is_packed
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import TableStorage
from tests.consumers.interrupted import Interrupted
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.replays import ALICE, counted, replayed, settled
from tests.consumers.pairing.world import WAITS, World
from tests.fixtures.builders import CALL_TIME
from tests.fixtures.calls import all_rows
from tests.fixtures.damage import damage

NOW = CALL_TIME + timedelta(hours=8)
LATER = timedelta(minutes=3)
OPERATIONS = range(16)
"""More than pairing's storage is asked for before the calls are settled one by one."""
CROWDS = [1, 50]
"""Calls of one batch: a few are looked up one by one, and many in the index."""

Calls = Sequence[Call]
Meanwhile = Callable[[World, Calls], Awaitable[None]]


async def swept_world(storage: TableStorage, failing: TableStorage | None = None) -> World:
    """The sweeper has passed all hours whose calls have timed out by now."""
    world = await World.over(storage, failing)
    await world.other().calls.set_swept(NOW - WAITS.timeout)
    world.stream_time.latest = NOW
    return world


def alices(crowd: int) -> Calls:
    return [replace(ALICE, number=number) for number in range(crowd)]


def carols(calls: Calls) -> Calls:
    """The same ids with another caller and time."""
    return [replace(call, subject="carol", time=call.time + LATER) for call in calls]


async def replay(world: World, calls: Calls) -> None:
    await replayed(world, *calls, now=NOW)


async def replay_posted(world: World, calls: Calls) -> None:
    """Metering has the calls already, and pairing never heard of them."""
    await world.meter([call.event() for call in calls], CALL_TIME)
    await replay(world, calls)


async def replay_carols(world: World, calls: Calls) -> None:
    await replayed(world, *carols(calls), now=NOW)


async def late_log(world: World, calls: Calls) -> None:
    """Nobody was named: the log's half counts as unattributed unless the call is known."""
    records = [envelope(call.llm_record()) for call in calls]
    await world.pair_batch(world.diagnostics, records, NOW)


async def late_carols(world: World, calls: Calls) -> None:
    """By live traffic."""
    bodies = [call.event() for call in carols(calls)]
    await world.meter(bodies, NOW)
    await world.pair_batch(world.usage, bodies, NOW)


OTHERS = [late_log, late_carols, replay_carols]


async def ended(world: World) -> list[str]:
    for hours in (3, 5, 30):
        await settled(world, NOW + timedelta(hours=hours))
    return await counted(world, NOW)


async def kept_rows(world: World) -> tuple[int, int]:
    """Rows of packed facts, and other rows of calls."""
    rows = await all_rows(world.storage, "opencalls")
    of_calls = [partition for partition, _ in rows if partition != "0"]
    packed = sum(map(is_packed, of_calls))
    return packed, len(of_calls) - packed


async def test_many_calls_take_a_row_together_and_none_when_they_come_again(
    either_storage: TableStorage,
) -> None:
    world = await swept_world(either_storage)
    calls = [Call(number=number, stream=False, subject="alice") for number in range(150)]
    assert await replayed(world, *calls, now=NOW) == {"posted": 150}
    assert await kept_rows(world) == (2, 0)
    rows = await all_rows(world.storage, "opencalls")
    assert await replayed(world, *calls, now=NOW) == {"duplicates": 150}
    assert await all_rows(world.storage, "opencalls") == rows
    hour = CALL_TIME.replace(minute=0, second=0, microsecond=0)
    seen = await world.calls.calls(hour, hour + timedelta(hours=1))
    assert {each.state for each in seen} == {PairingState.METERED}
    assert {each.call_id for each in seen} == {call.id for call in calls}


async def test_calls_that_live_traffic_brought_are_kept_no_second_time() -> None:
    world = await swept_world(MemoryTableStorage())
    calls = [Call(number=number, stream=False, subject="alice") for number in range(150)]
    await world.meter([call.event() for call in calls], CALL_TIME)
    await world.pair_batch(world.usage, [call.event() for call in calls], CALL_TIME)
    rows = await all_rows(world.storage, "opencalls")
    assert await replayed(world, *calls, now=NOW) == {"duplicates": 150}
    assert await all_rows(world.storage, "opencalls") == rows


async def test_a_damaged_list_of_ids_keeps_no_call_of_its_hour_from_being_settled() -> None:
    """The facts in the row say whose they are, and the log's half counts nothing again."""
    world = await swept_world(MemoryTableStorage())
    await replay(world, [ALICE])
    await damage(world.storage, "opencalls", "|p", call_ids="[")
    other = Call(number=7, subject="bob", has_trace=False)
    await world.pair(world.usage, other.event(), NOW)
    record = envelope(other.gateway_record(), other.llm_record(), ALICE.llm_record())
    await world.pair(world.diagnostics, record, NOW)
    assert sorted(await ended(world)) == ["alice", "bob"]


@pytest.mark.parametrize("unswept", [None, CALL_TIME, CALL_TIME + timedelta(minutes=59)])
async def test_calls_that_no_sweeper_has_passed_take_rows_of_their_own(unswept: Any) -> None:
    """A reader that lags behind may still have a half of them: the sweeper looks at the index."""
    world = await World.over(MemoryTableStorage())
    if unswept is not None:
        await world.calls.set_swept(unswept)
    await replayed(world, ALICE, now=NOW)
    assert await kept_rows(world) == (0, 2)


@pytest.mark.parametrize("crowd", CROWDS)
@pytest.mark.parametrize("other", OTHERS)
async def test_what_follows_a_replay_counts_nothing_again(
    either_storage: TableStorage, other: Meanwhile, crowd: int
) -> None:
    world, calls = await swept_world(either_storage), alices(crowd)
    await replay(world, calls)
    assert await kept_rows(world) == (1, 0)
    await other(world.other(), calls)
    assert await ended(world) == ["alice"] * crowd


@pytest.mark.parametrize("crowd", CROWDS)
@pytest.mark.parametrize("other", OTHERS)
async def test_what_a_replay_follows_is_counted_no_second_time(
    either_storage: TableStorage, other: Meanwhile, crowd: int
) -> None:
    world, calls = await swept_world(either_storage), alices(crowd)
    await other(world.other(), calls)
    await settled(world, NOW + timedelta(hours=2))
    await replayed(world, *calls, now=NOW + timedelta(hours=3))
    assert await ended(world) == ["alice"] * crowd


@pytest.mark.parametrize("number", OPERATIONS)
@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("crowd", CROWDS)
@pytest.mark.parametrize("of", [replay, replay_posted])
async def test_whatever_happens_amid_a_replay_the_calls_count_once(
    number: int, other: Meanwhile, crowd: int, of: Meanwhile
) -> None:
    storage, calls = MemoryTableStorage(), alices(crowd)
    interrupted = Interrupted(storage, number)
    world = await swept_world(storage, interrupted)
    interrupted.meanwhile = lambda: other(world.other(), calls)
    await of(world, calls)
    await interrupted.now()
    assert await ended(world) == ["alice"] * crowd


@pytest.mark.parametrize("number", OPERATIONS)
@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("crowd", CROWDS)
async def test_a_replay_amid_anything_else_counts_the_calls_once(
    number: int, other: Meanwhile, crowd: int
) -> None:
    storage, calls = MemoryTableStorage(), alices(crowd)
    interrupted = Interrupted(storage, number)
    world = await swept_world(storage, interrupted)
    interrupted.meanwhile = lambda: replay(world.other(), calls)
    await other(world, calls)
    await interrupted.now()
    assert await ended(world) == ["alice"] * crowd


@pytest.mark.parametrize("number", OPERATIONS)
@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("crowd", CROWDS)
async def test_a_replay_that_is_killed_anywhere_and_comes_again_counts_the_calls_once(
    number: int, other: Meanwhile, crowd: int
) -> None:
    storage, calls = MemoryTableStorage(), alices(crowd)
    world = await swept_world(storage)
    interrupted, killed = Interrupted(storage, number), asyncio.Event()

    async def kill() -> None:
        killed.set()
        raise Unavailable("the process ends here")

    interrupted.meanwhile = kill
    process = World(interrupted, world.ledger, world.outbox, world.stream_time, world.blobs)
    process.storage = storage
    await replayed(process, *calls, now=NOW, ended=killed)
    await other(world.other(), calls)
    await replay(world.other(), calls)
    assert await ended(world) == ["alice"] * crowd
