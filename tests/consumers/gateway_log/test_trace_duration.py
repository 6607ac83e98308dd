"""A transcription whose UsageEvent was lost: the trace says its seconds, and the log no tokens."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from pricing_rules.units import Unit
from table_api.audit.ledger_audit import audit
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.recorded_call import recorded_event
from table_api.open_calls.decision import PairingState
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.world import WAITS, World
from tests.fixtures.builders import CALL_TIME
from tests.fixtures.calls import NOW

DAY = timedelta(days=1)
OVERDUE = CALL_TIME + WAITS.timeout + timedelta(seconds=1)
CALL = replace(Call(number=1, operation="audio-transcriptions"), stream=False)


async def recovered(said: str, call: Call = CALL) -> tuple[World, LedgerEntry]:
    """What becomes of the call by its trace alone."""
    world = await World.over(MemoryTableStorage())
    record = call.gateway_record()
    record["properties"]["traceRecords"][0]["metadata"]["duration"] = said
    await world.pair(world.diagnostics, envelope(record), CALL_TIME)
    await world.sweep(OVERDUE)
    await world.meter(world.outbox.sent, OVERDUE)
    assert (await audit(world.storage, now=NOW)).problems == ()
    [[entry]] = (await world.standing()).values()
    return world, entry


@pytest.mark.parametrize(
    ("said", "ms"),
    [("8.470000267028809", 8470), ("11", 11_000), ("-", None), ("soon", None), ("9999999", None)],
)
async def test_the_seconds_of_a_trace_are_counted(said: str, ms: int | None) -> None:
    world, entry = await recovered(said)

    [call] = await world.calls.calls(CALL_TIME - DAY, CALL_TIME + DAY)
    if ms is None:
        assert (recorded_event(entry).usage, call.state) == (None, PairingState.NO_USAGE)
    else:
        usage = recorded_event(entry).usage
        assert usage is not None
        assert usage.counts == {Unit.AUDIO_MS: ms}
        assert call.state is PairingState.RECOVERED


async def test_a_usage_event_that_was_only_late_counts_the_call_once() -> None:
    world, entry = await recovered("8.47")
    late = CALL.event().replace(b'"usage": {', b'"duration": 8.47, "usage": null, "x": {')

    await world.pair(world.usage, late, OVERDUE)
    await world.meter([late, *world.outbox.sent], OVERDUE)
    assert (await audit(world.storage, now=NOW)).problems == ()

    # What the answer itself says is stronger, and here the same: a correction of nothing.
    [[corrected]] = (await world.standing()).values()
    assert (entry.number, corrected.number) == (0, 1)
    assert corrected.measures == entry.measures
    assert [each for effect in corrected.effects for each in effect.delta.values() if each] == []
    usage = recorded_event(corrected).usage
    assert usage is not None
    assert usage.counts == {Unit.AUDIO_MS: 8470}


async def test_tokens_of_a_usage_event_that_was_only_late_replace_the_seconds() -> None:
    """An answer with speakers says seconds next to its text, and is billed by tokens."""
    world, _ = await recovered("30.0")
    tokens = {"type": "tokens", "input_tokens": 300, "output_tokens": 90, "total_tokens": 390}
    event = json.loads(CALL.event())
    event["data"] |= {"duration": 30.0, "usage": tokens}
    late = json.dumps(event).encode()

    await world.pair(world.usage, late, OVERDUE)
    await world.meter([late, *world.outbox.sent], OVERDUE)
    assert (await audit(world.storage, now=NOW)).problems == ()

    [[corrected]] = (await world.standing()).values()
    usage = recorded_event(corrected).usage
    assert usage is not None
    assert (usage.total, Unit.AUDIO_MS in usage.counts) == (390, False)


async def test_seconds_of_another_operation_are_no_usage() -> None:
    _, entry = await recovered("8.47", replace(CALL, operation="embeddings"))
    assert recorded_event(entry).usage is None
