"""Dead letters that a later decoder can read, long after the sweepers have passed their time."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from azure.storage.blob.aio import ContainerClient

from consumers.dead_letters.letter_store import make_letter
from consumers.pairing.open_intakes import pairing_path
from consumers.receiving.handler import Received
from consumers.replay.letter_replay import open_letters, replay_letters
from consumers.replay.source import Period
from consumers.verbs.dead_letter_verbs import list_letters, redrive_letters
from pricing_rules.decoding.invalid_event import InvalidCode, InvalidEvent
from pricing_rules.types import UNATTRIBUTED
from table_api.open_calls.decision import PairingState
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.pairing.conftest import Stage
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.traffic import Sent
from tests.consumers.pairing.world import DIAGNOSTICS, KEEP, USAGE, WAITS, World
from tests.fixtures.builders import CALL_TIME

DAY = timedelta(days=1)
LATER = CALL_TIME + DAY
PLAIN = Call(number=1, stream=False)
STREAMED = Call(number=1)


async def redriven(world: World, body: bytes, *, now: datetime) -> None:
    """One letter of the diagnostics hub, enqueued soon after the call."""
    world.stream_time.latest = now
    world.pairing = replace(world.pairing, now=lambda: now)
    world.diagnostics._pairing = world.pairing
    again = pairing_path(world.diagnostics)
    await again("0", Received(7, "", CALL_TIME + timedelta(seconds=90), body))


async def states(world: World) -> set[PairingState | None]:
    return {each.state for each in await world.calls.calls(CALL_TIME - DAY, CALL_TIME + DAY)}


@pytest.fixture
async def world() -> World:
    return await World.over(MemoryTableStorage())


async def test_a_plain_call_whose_hour_was_swept_does_not_wait_for_ever(world: World) -> None:
    await world.sweep(LATER)
    await redriven(world, envelope(PLAIN.gateway_record(), PLAIN.llm_record()), now=LATER)
    assert await states(world) == {PairingState.WAITING}
    await world.sweep(LATER + WAITS.timeout)
    assert await states(world) == {PairingState.RECOVERED}


async def test_a_redriven_trace_moves_the_call_to_its_caller_at_once(world: World) -> None:
    await world.pair(world.diagnostics, envelope(PLAIN.llm_record()), CALL_TIME)
    await world.sweep(LATER)
    assert await states(world) == {PairingState.UNATTRIBUTED}
    await redriven(world, envelope(PLAIN.gateway_record()), now=LATER)
    assert await states(world) == {PairingState.RECOVERED}
    await world.meter(list(world.outbox.sent), LATER)
    [[entry]] = (await world.standing()).values()
    assert entry.row["subject"] != UNATTRIBUTED


async def test_a_replayed_letter_of_the_usage_hub_tells_pairing_too(world: World) -> None:
    await world.pair(world.diagnostics, envelope(STREAMED.llm_record()), CALL_TIME)
    received = Received(7, "", CALL_TIME, STREAMED.event())
    invalid = InvalidEvent(
        code=InvalidCode.NOT_JSON,
        field="body",
        value="",
        message="by an older decoder",
        event_id=None,
    )
    letter = make_letter(USAGE, "0", received, invalid=invalid, recorded_at=CALL_TIME)
    await world.letters.add([letter])
    world.pairing = replace(world.pairing, now=lambda: LATER)
    world.usage._pairing = world.pairing
    tally = await replay_letters(
        world.letters,
        world.metering(LATER),
        await open_letters(world.letters, Period(from_time=None, to_time=None)),
        pairing=pairing_path(world.usage),
        ended=asyncio.Event(),
        progressed=lambda _: None,
    )
    assert tally.counts == {"deferred": 1}
    assert await states(world) == {PairingState.COMPLETED}


async def test_a_half_of_purged_facts_stays_a_letter(world: World) -> None:
    now = CALL_TIME + KEEP + DAY
    world.stream_time.latest = now
    letters = await world.diagnostics.take_again(
        "0", Received(7, "", CALL_TIME, envelope(PLAIN.gateway_record()))
    )
    assert [letter.entry.reason for letter in letters] == ["far_past"]
    assert await states(world) == set()


async def test_the_verb_takes_a_letter_of_the_gateway_log_through_pairing(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after a new release of the decoder: the stored bytes are good now."""
    call = Call(number=1, time=datetime.now(UTC) - timedelta(minutes=5))
    body = envelope(call.gateway_record(), call.llm_record())
    stage.put([Sent(DIAGNOSTICS, body[:-40], call.time)], Random(1))
    await stage.until_paired()
    await list_letters(stage.settings(), reason="not_json", diagnostics=True)
    letter_id = capsys.readouterr().out.split("\t")[0]
    async with ContainerClient.from_connection_string(
        stage.environment["STORAGE_CONNECTION_STRING"], stage.environment["DEAD_LETTER_CONTAINER"]
    ) as client:
        await client.upload_blob(f"{DIAGNOSTICS}/{letter_id}", body, overwrite=True)
    assert await redrive_letters(stage.settings(), reason="not_json", diagnostics=True) == 0
    await stage.until_metered()
    [[entry]] = (await stage.standing()).values()
    assert (int(entry.row["rank"]), int(entry.row["tokens"])) == (1, call.total)
