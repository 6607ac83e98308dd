"""Events that come by replay or redrive, within pairing's memory and long after: counted once."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from consumers.dead_letters.letter_store import make_letter
from consumers.dead_letters.redrive import redrive
from consumers.metering.metering import metering_path
from consumers.pairing.open_intakes import pairing_path
from consumers.receiving.handler import Received
from pricing_rules.decoding.invalid_event import InvalidCode, InvalidEvent
from pricing_rules.types import UNATTRIBUTED
from table_api.audit.ledger_audit import audit
from table_api.consumer_state.dead_letters import DeadLetter
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.replays import (
    ALICE,
    ARRIVED,
    BOB,
    at,
    counted,
    replayed,
    settled,
)
from tests.consumers.pairing.world import USAGE, World
from tests.fixtures.builders import CALL_TIME


async def redriven(world: World, call: Call, *, now: datetime) -> DeadLetter:
    invalid = InvalidEvent(
        code=InvalidCode.BAD_USAGE, field="data.usage", value="", message="", event_id=None
    )
    received = Received(7, "", ARRIVED, call.event())
    letter = make_letter(USAGE, "0", received, invalid=invalid, recorded_at=ARRIVED)
    await world.letters.add([letter])
    metering = metering_path(at(world, now))
    return await redrive(world.letters, [metering, pairing_path(world.usage)], letter.entry)


async def logged(*calls: Call) -> World:
    """The log counted the calls and named nobody, and no usage event came: unattributed."""
    world = await World.over(MemoryTableStorage())
    records = [envelope(call.llm_record()) for call in calls]
    await world.pair_batch(world.diagnostics, records, CALL_TIME + timedelta(seconds=3))
    await settled(world, CALL_TIME + timedelta(hours=3))
    return world


async def letters(world: World) -> list[str]:
    return [letter.reason async for letter in world.letters.all()]


async def test_a_replay_of_lost_events_names_the_callers_of_what_the_log_counted() -> None:
    world = await logged(ALICE, BOB)
    now = CALL_TIME + timedelta(hours=4)
    assert await replayed(world, ALICE, BOB, now=now) == {"posted": 1, "deferred": 1}
    await settled(world, now)
    assert await counted(world, now) == ["alice", "bob"]
    assert await replayed(world, ALICE, BOB, now=now) == {"duplicates": 1, "deferred": 1}
    assert await counted(world, now) == ["alice", "bob"]


@pytest.mark.parametrize("days", [15, 16, 40, 99])
async def test_a_replay_of_forgotten_calls_moves_the_plain_one_and_keeps_the_stream_as_letter(
    days: int,
) -> None:
    world = await logged(ALICE, BOB)
    now = CALL_TIME + timedelta(days=days)
    await settled(world, now)
    assert await replayed(world, ALICE, BOB, now=now) == {"posted": 1, "deferred": 1}
    assert await counted(world, now) == ["alice", UNATTRIBUTED]
    assert await letters(world) == ["far_past"]
    again = await replayed(world, ALICE, BOB, now=now)
    assert again == {"duplicates": 1, "deferred": 1}
    assert await counted(world, now) == ["alice", UNATTRIBUTED]


@pytest.mark.parametrize("days", [1, 13, 14, 15, 16, 40])
async def test_a_redriven_letter_of_any_age_moves_its_call(days: int) -> None:
    world = await logged(ALICE)
    now = CALL_TIME + timedelta(days=days)
    await settled(world, now)
    after = await redriven(world, ALICE, now=now)
    assert (after.state, after.outcome) == ("redriven", "posted")
    await settled(world, now + timedelta(days=2))
    assert await counted(world, now) == ["alice"]


@pytest.mark.parametrize("days", [15, 16, 40])
async def test_a_forgotten_stream_stays_a_letter_unless_it_is_counted(days: int) -> None:
    world = await logged(BOB)
    now = CALL_TIME + timedelta(days=days)
    await settled(world, now)
    after = await redriven(world, BOB, now=now)
    assert (after.state, after.reason) == ("open", "far_past")
    assert await counted(world, now) == [UNATTRIBUTED]

    known = await World.over(MemoryTableStorage())
    await known.pair(known.usage, BOB.event(), ARRIVED)
    await known.pair(known.diagnostics, envelope(BOB.llm_record()), ARRIVED)
    await settled(known, now)
    assert (await redriven(known, BOB, now=now)).state == "redriven"
    assert await counted(known, now) == ["bob"]


@pytest.mark.parametrize("days", [1, 15, 40])
@pytest.mark.parametrize("calls", list(permutations((ALICE, replace(ALICE, subject="carol")))))
async def test_an_id_that_comes_late_with_another_caller_is_counted_once(
    calls: tuple[Call, Call], days: int
) -> None:
    world = await World.over(MemoryTableStorage())
    first, second = calls
    await world.meter([first.event()], ARRIVED)
    await world.pair(world.usage, first.event(), ARRIVED)
    now = CALL_TIME + timedelta(days=days)
    await settled(world, now)
    counts = await replayed(world, second, now=now)
    await settled(world, now)
    if days == 1:
        assert await counted(world, now) == ["alice"]  # the first of both, as of live traffic
    else:
        assert counts == {"duplicates": 1, "mismatches": 1}
        assert await counted(world, now) == [first.subject]


async def test_an_event_that_metering_lost_is_posted_although_pairing_heard_another() -> None:
    """The blob says where a call should be counted; the ledger says whether it is."""
    world = await World.over(MemoryTableStorage())
    await world.pair(world.usage, replace(ALICE, subject="carol").event(), ARRIVED)
    now = CALL_TIME + timedelta(days=40)
    await settled(world, now)
    assert await replayed(world, ALICE, now=now) == {"posted": 1}
    assert await counted(world, now) == ["alice"]


async def test_calls_of_before_the_first_blob_are_left_as_they_come() -> None:
    """Of hours that an earlier release purged nobody knows what was counted."""
    world = await World.over(MemoryTableStorage())
    now = CALL_TIME + timedelta(days=40)
    assert await replayed(world, ALICE, BOB, now=now) == {"posted": 1, "deferred": 1}
    assert await letters(world) == []


@pytest.mark.parametrize("calls", [5, 60])
@pytest.mark.parametrize("apart", [timedelta(seconds=1), timedelta(seconds=90)])
async def test_late_events_in_bulk_join_what_the_log_counted_at_another_time(
    calls: int, apart: timedelta
) -> None:
    """The clocks of policy and log differ; of many calls the index tells which to look at."""
    world = await World.over(MemoryTableStorage())
    made = [
        Call(
            number=number,
            stream=False,
            subject=f"s{number}",
            time=CALL_TIME + timedelta(milliseconds=number),
        )
        for number in range(1, calls + 1)
    ]
    records = [envelope(replace(call, time=call.time + apart).llm_record()) for call in made]
    await world.pair_batch(world.diagnostics, records, CALL_TIME + timedelta(seconds=200))
    await settled(world, CALL_TIME + timedelta(hours=2))
    late, bodies = CALL_TIME + timedelta(hours=2, minutes=5), [call.event() for call in made]
    await world.meter(bodies, late)
    await world.pair_batch(world.usage, bodies, late)
    await settled(world, CALL_TIME + timedelta(hours=4))
    found = await audit(world.storage, now=CALL_TIME + timedelta(days=3))
    assert found.ok, found.render()
    assert found.calls == calls
