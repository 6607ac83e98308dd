"""Rows of `opencalls` that are damaged cost their own call, in both hubs and in the sweep."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from consumers.dead_letters.redrive import redrive
from consumers.gateway_log.record_fields import Fields
from consumers.pairing.intake import Intake
from consumers.pairing.open_intakes import pairing_path
from consumers.receiving.handler import Received
from table_api.consumer_state.dead_letters import DeadLetter, LetterState
from table_api.open_calls.decision import PairingState
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Delete, Insert
from tests.consumers.gateway_log.test_message_text import SAID
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.world import DIAGNOSTICS, USAGE, WAITS, World
from tests.consumers.partition import Partition
from tests.fixtures.builders import CALL_TIME
from tests.fixtures.damage import damage, mend
from tests.fixtures.waiting import until

SOON = CALL_TIME + timedelta(seconds=90)
LATE = CALL_TIME + WAITS.grace
"""Of such an event all facts of its call are read at once."""
OVERDUE = CALL_TIME + WAITS.timeout
CALLS = [Call(number=number, subject=f"user-{number}") for number in range(12)]
BAD = CALLS[5]
OTHERS = {call.id for call in CALLS} - {BAD.id}


@pytest.fixture
async def world() -> World:
    return await World.over(MemoryTableStorage())


def received(bodies: Sequence[bytes], at: datetime) -> list[Received]:
    return [Received(number, "0", at, body) for number, body in enumerate(bodies)]


async def read(
    world: World, intake: Intake, hub: str, bodies: Sequence[bytes], at: datetime = SOON
) -> Partition:
    partition = Partition(world.storage, hub)
    await partition.read(intake, received(bodies, at))
    return partition


def events() -> list[bytes]:
    return [call.event() for call in CALLS]


def logged() -> list[bytes]:
    """Without traces, so that no call is complete before its event comes."""
    calls = [replace(call, has_trace=False) for call in CALLS]
    return [envelope(call.gateway_record(), call.llm_record()) for call in calls]


async def open_letters(world: World) -> list[DeadLetter]:
    return [each async for each in world.letters.all() if each.state is LetterState.OPEN]


async def completed(world: World) -> set[str]:
    """Ids of the calls that were published and are in the ledger now."""
    await world.meter(list(world.outbox.sent), OVERDUE)
    return set(await world.standing())


async def test_a_damaged_fact_costs_its_own_event_of_the_usage_hub(world: World) -> None:
    await read(world, world.diagnostics, DIAGNOSTICS, logged())
    rows = await damage(world.storage, "opencalls", "c|", BAD.id, fact="{")
    partition = await read(world, world.usage, USAGE, events(), LATE)

    [letter] = await open_letters(world)
    assert (letter.reason, letter.event_id, letter.sequence_number) == (
        "unexpected_error", BAD.id, 5,
    )  # fmt: skip
    assert await partition.counts() == {"received": 12, "kept": 11, "dead_lettered": 1}
    assert (await partition.row()).sequence_number == 11
    assert await completed(world) == OTHERS
    await mend(world.storage, "opencalls", rows, "fact")
    world.usage._pairing = replace(world.pairing, now=lambda: OVERDUE)
    after = await redrive(world.letters, [pairing_path(world.usage)], letter)
    assert (after.state, after.outcome) == (LetterState.REDRIVEN, "kept")
    assert await completed(world) == OTHERS | {BAD.id}


async def test_a_damaged_fact_costs_its_own_event_of_the_diagnostics_hub(world: World) -> None:
    """What people said is neither in the letter nor in its reason."""
    await read(world, world.usage, USAGE, events())
    await damage(world.storage, "opencalls", "c|", BAD.id, fact=f'{{"{SAID}')
    bodies = logged()
    record = BAD.gateway_record()
    record["properties"] |= {"requestBody": SAID}
    bodies[5] = envelope(record, BAD.llm_record())
    partition = await read(world, world.diagnostics, DIAGNOSTICS, bodies, LATE)

    [letter] = await open_letters(world)
    assert (letter.reason, letter.sequence_number) == ("unexpected_error", 5)
    assert SAID not in letter.message
    assert SAID.encode() not in await world.letters.body(letter.id)
    assert (await partition.row()).sequence_number == 11
    assert await completed(world) == OTHERS


async def test_a_damaged_fact_that_is_read_by_a_look_up_keeps_no_other_call_open(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The halves came to two processes in time: what each left open is looked up by the sweeper."""
    other = world.other()
    await read(other, other.diagnostics, DIAGNOSTICS, logged())
    await damage(world.storage, "opencalls", "c|", BAD.id, fact="{")
    await read(world, world.usage, USAGE, events())
    assert await completed(world) == set()
    for _ in range(2):
        await world.sweep(CALL_TIME)
    assert await completed(world) == OTHERS
    said = [each for each in caplog.records if getattr(each, "action", "") == "unexpected_error"]
    assert len(said) == 1


async def test_what_a_decoder_fails_on_is_not_repeated(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error of the gateway log's decoder may quote what somebody said."""

    def failing(fields: Fields, properties: Fields, call_id: str | None) -> None:
        raise ValueError(f"{call_id}: {SAID}")

    with monkeypatch.context() as patch:
        patch.setattr("consumers.gateway_log.decode._fact", failing)
        await read(world, world.diagnostics, DIAGNOSTICS, logged()[:3])
    letters = await open_letters(world)
    assert [letter.reason for letter in letters] == ["unexpected_error"] * 3
    assert letters[0].message.startswith("ValueError at test_damaged_facts.py:")
    assert SAID not in repr(letters) + caplog.text


@pytest.mark.parametrize("partition", ["c|", "a|"], ids=["of the call", "of the index"])
@pytest.mark.parametrize("column", ["fact", "call_id"])
async def test_a_damaged_row_keeps_no_other_call_from_its_timeout(
    world: World, caplog: pytest.LogCaptureFixture, partition: str, column: str
) -> None:
    """In the index the row is a copy: the call's own rows say what it lost."""
    await read(world, world.diagnostics, DIAGNOSTICS, logged())
    await damage(world.storage, "opencalls", partition, BAD.id, **{column: "{"})
    caplog.set_level(logging.ERROR)
    await world.sweep(OVERDUE)

    expected = OTHERS if (partition, column) == ("c|", "fact") else OTHERS | {BAD.id}
    if (partition, column) == ("a|", "call_id"):
        expected = OTHERS  # nobody can tell whose row it is
    assert await completed(world) == expected
    said = [each for each in caplog.records if getattr(each, "action", "") == "unexpected_error"]
    assert bool(said) == ((partition, column) == ("c|", "fact"))
    # Swept once: the next sweep goes on from there, and reports leave the call out.
    assert await world.calls.swept() == OVERDUE - WAITS.timeout
    await world.sweep(OVERDUE + WAITS.timeout)
    if (partition, column) == ("a|", "call_id"):
        expected = OTHERS | {BAD.id}  # its reader had left it open, and looks it up by its id
    assert await completed(world) == expected


async def test_a_report_leaves_a_damaged_call_out_and_names_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await read(world, world.usage, USAGE, events())
    await damage(world.storage, "opencalls", "a|", BAD.id, fact="{")
    day = timedelta(days=1)
    found = await world.calls.calls(CALL_TIME - day, CALL_TIME + day)
    assert {each.call_id for each in found} == OTHERS
    assert {each.state for each in found} == {PairingState.WAITING}
    assert BAD.id in caplog.text


async def test_a_sweep_that_fails_as_a_whole_ends_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Here somebody has written into a partition of the index that is no hour."""
    await read(world, world.usage, USAGE, events())
    world.stream_time.latest = OVERDUE
    await world.storage.transact("opencalls", "a|!", [Insert("stray", {})])
    ended, process = asyncio.Event(), world.other()  # that has heard of none of them
    process.sweeper._interval_s = 0.01
    sweeping = asyncio.create_task(process.sweeper.run(ended, until_idle_s=None))

    async def failed() -> bool:
        return "unexpected_error" in [getattr(each, "action", "") for each in caplog.records]

    await until(failed)
    assert not world.outbox.sent
    await world.storage.transact("opencalls", "a|!", [Delete("stray")])

    async def swept() -> bool:
        return bool(world.outbox.sent)

    await until(swept)
    ended.set()
    await sweeping
