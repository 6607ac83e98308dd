"""Answers of the gateway's cache, and failed calls whose tokens nobody but the gateway knows."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from pricing_rules.types import CallState, Exclusion
from table_api.audit.ledger_audit import audit
from table_api.completeness.calls import posted_calls, seen_call
from table_api.completeness.meter import CompletenessMeter, Sums
from table_api.completeness.tallies import CallTally
from table_api.open_calls.decision import PairingState
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.pairing.gateway import Call, envelope, seven_digits
from tests.consumers.pairing.world import WAITS, World
from tests.fixtures.builders import CALL_TIME, make_body
from tests.fixtures.calls import NOW

SOON = CALL_TIME + timedelta(seconds=30)
OVERDUE = CALL_TIME + WAITS.timeout + timedelta(seconds=1)
STREAMED = Call(number=1)
PLAIN = Call(number=1, stream=False)


@pytest.fixture
async def world() -> World:
    return await World.over(MemoryTableStorage())


def record(call: Call, *, traced: bool = True, **properties: Any) -> dict[str, Any]:
    """The gateway's own record."""
    found = replace(call, has_trace=traced).gateway_record()
    found["properties"] |= properties
    return found


def hit(call: Call, *, traced: bool = True) -> dict[str, Any]:
    """The record of an answer from the gateway's cache: no backend was asked."""
    return record(call, traced=traced, cache="hit", backendResponseCode=None, backendTime=None)


def event(call: Call, **changes: Any) -> bytes:
    return make_body(
        id=call.id,
        subject=call.subject,
        time=seven_digits(call.time),
        stream=call.stream,
        status=call.status,
        **({"usage": None} | changes),
    )


async def read(world: World, half: bytes | dict[str, Any], at: datetime = SOON) -> None:
    if isinstance(half, bytes):
        await world.meter([half], at)
        await world.pair(world.usage, half, at)
    else:
        await world.pair(world.diagnostics, envelope(half), at)
    await meter_published(world)


async def meter_published(world: World) -> None:
    bodies = list(world.outbox.sent)
    world.outbox.sent.clear()
    await world.meter(bodies, SOON)


async def sweep(world: World) -> None:
    await world.sweep(OVERDUE)
    await meter_published(world)


async def states(world: World) -> list[tuple[str, CallState]]:
    assert (await audit(world.storage, now=NOW)).problems == ()
    chains = (await world.standing()).values()
    return [(entry.subject, entry.state) for chain in chains for entry in chain]


async def totals(world: World) -> Sums:
    """What completeness counts."""
    calls = await world.calls.calls(CALL_TIME - timedelta(1), CALL_TIME + timedelta(1))
    rows = [dict(entry.row) for chain in (await world.standing()).values() for entry in chain]
    meter = CompletenessMeter()
    meter.add([seen for call in calls if (seen := seen_call(call))], posted_calls(rows, ""))
    return meter.report().totals


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("marked", [False, True], ids=["an older policy", "today's policy"])
@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_cached_answer_is_zero_in_whichever_order_its_halves_come(
    world: World, stream: bool, marked: bool, order: tuple[int, ...]
) -> None:
    """The log may count the tokens of the cached text too: they cost nothing."""
    call = replace(STREAMED, stream=stream)
    halves: list[bytes | dict[str, Any]] = [
        event(call, cache="hit" if marked else None),
        hit(call),
        call.llm_record(),
    ]
    for number in order:
        await read(world, halves[number])
    await sweep(world)
    assert await states(world) == [("user-1", CallState.ZERO)]
    counts = (await totals(world)).calls
    assert (counts[CallTally.POSTED], counts[CallTally.CACHED]) == (1, 1)
    assert counts[CallTally.GATEWAY_CALLS] == 1


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_model_that_was_asked_is_charged_whatever_the_policy_says_of_a_cache(
    world: World, stream: bool, order: tuple[int, ...]
) -> None:
    """The API forwards calls itself, and its policy does not say so."""
    call = replace(STREAMED, stream=stream)
    asked = record(call, cache="miss", backendResponseCode=200, backendTime=90)
    halves: list[bytes | dict[str, Any]] = [event(call, cache="hit"), asked, call.llm_record()]
    for number in order:
        await read(world, halves[number])
    await sweep(world)
    assert await states(world) == [("user-1", CallState.PRICED)]
    [[entry]] = (await world.standing()).values()
    assert dict(entry.row).get("cache") is None
    assert (await totals(world)).calls.get(CallTally.CACHED, 0) == 0


async def test_a_model_that_was_asked_and_not_counted_has_no_usage(world: World) -> None:
    await read(world, event(PLAIN, cache="hit"))
    await read(world, record(PLAIN, backendResponseCode=200, backendTime=90))
    await sweep(world)
    assert await states(world) == [("user-1", CallState.NO_USAGE)]


async def test_without_the_log_the_policy_is_believed_after_the_timeout(world: World) -> None:
    await read(world, event(PLAIN, cache="hit"))
    assert await states(world) == []
    await sweep(world)
    assert await states(world) == [("user-1", CallState.ZERO)]


async def test_a_cached_answer_that_only_the_log_knows_is_zero_by_its_trace(world: World) -> None:
    await read(world, hit(PLAIN))
    await sweep(world)
    assert await states(world) == [("user-1", CallState.ZERO)]


async def test_a_cached_answer_of_which_nobody_knows_the_caller_makes_no_row(world: World) -> None:
    await read(world, hit(PLAIN, traced=False))
    await read(world, PLAIN.llm_record())
    await sweep(world)
    assert await states(world) == []
    counts = (await totals(world)).calls
    assert (counts[CallTally.REFUSED], counts[CallTally.CACHED]) == (1, 1)


async def test_a_caller_who_is_named_late_gets_the_cached_answer_for_nothing(world: World) -> None:
    await read(world, PLAIN.llm_record())
    await sweep(world)  # unattributed, with tokens
    await read(world, hit(PLAIN, traced=False), OVERDUE)
    assert await states(world) == []
    await read(world, event(PLAIN), OVERDUE)
    assert await states(world) == [("user-1", CallState.ZERO)]


async def test_what_an_older_policy_charged_from_a_cached_body_is_taken_out(world: World) -> None:
    """It knew of no cache, and read the usage that the cached body repeats."""
    await read(world, PLAIN.event())
    assert await states(world) == [("user-1", CallState.PRICED)]
    await read(world, hit(PLAIN))
    await sweep(world)
    assert await states(world) == []
    [call] = await world.calls.read([PLAIN.id])
    assert call.state is PairingState.REFUSED


async def test_a_hit_of_another_cache_takes_nothing_from_a_call_of_the_model(world: World) -> None:
    """A policy may look up a budget or a token in the cache, and call the model all the same."""
    await read(world, STREAMED.event())
    await read(world, record(STREAMED, cache="hit"))
    await read(world, STREAMED.llm_record())
    await sweep(world)
    assert await states(world) == [("user-1", CallState.PRICED)]


def estimate(call: Call, **counts: int) -> dict[str, Any]:
    """The log's row of a call that the model refused: no model's name, and an estimate."""
    row = call.llm_record()
    row["properties"] |= {"modelName": None, **counts}
    return row


@pytest.mark.parametrize(
    ("status", "completion", "state"),
    [
        (400, 0, CallState.PRICED),  # a content filter's answer is charged
        (408, 0, CallState.PRICED),  # so is a call that took too long
        (400, 7, CallState.PRICED),
        (404, 0, CallState.NO_USAGE),
        (422, 0, CallState.NO_USAGE),
        (500, 0, CallState.NO_USAGE),
        (503, 0, CallState.NO_USAGE),
        (500, 9, CallState.PRICED),  # something was completed
    ],
)
@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_an_estimate_is_charged_where_azure_charges_and_says_so(
    world: World, status: int, completion: int, state: CallState, order: tuple[int, ...]
) -> None:
    call = replace(STREAMED, status=status)
    answered = record(call, backendResponseCode=status, backendTime=90)
    row = estimate(call, completionTokens=completion, totalTokens=call.prompt + completion)
    halves: list[bytes | dict[str, Any]] = [event(call), answered, row]
    for number in order:
        await read(world, halves[number])
    await sweep(world)
    assert await states(world) == [("user-1", state)]
    [[entry]] = (await world.standing()).values()
    assert (Exclusion.ESTIMATED in entry.excludes) is (state is CallState.PRICED)


async def test_a_failed_call_whose_model_reported_is_no_estimate(world: World) -> None:
    call = replace(STREAMED, status=400)
    for half in (event(call), record(call, backendResponseCode=400), call.llm_record()):
        await read(world, half)
    assert await states(world) == [("user-1", CallState.PRICED)]
    [[entry]] = (await world.standing()).values()
    assert Exclusion.ESTIMATED not in entry.excludes


def with_trace(call: Call, **metadata: str) -> dict[str, Any]:
    """The gateway's own record, whose trace says more."""
    found = record(call)
    found["properties"]["traceRecords"][0]["metadata"] |= metadata
    return found


@pytest.mark.parametrize("by_trace", [False, True])
@pytest.mark.parametrize(("unasked", "marked"), [(True, True), (None, False)])
async def test_a_stream_that_nobody_asked_for_its_usage_may_be_estimated(
    world: World, *, by_trace: bool, unasked: bool | None, marked: bool
) -> None:
    """Its log row looks like any other, so that the mark is the policy's word."""
    if by_trace:
        said = {} if unasked is None else {"usage_unasked": "true"}
        await read(world, with_trace(STREAMED, **said))
    else:
        await read(world, event(STREAMED, usage_unasked=unasked))
        await read(world, record(STREAMED, traced=False))
    await read(world, STREAMED.llm_record())
    await sweep(world)
    assert await states(world) == [("user-1", CallState.PRICED)]
    [[entry]] = (await world.standing()).values()
    assert (Exclusion.ESTIMATED in entry.excludes) is marked
    assert (await audit(world.storage, now=NOW)).ok


async def test_an_unasked_stream_that_failed_without_a_completion_is_free_as_before(
    world: World,
) -> None:
    call = replace(STREAMED, status=500)
    await read(world, event(call, usage_unasked=True))
    await read(world, record(call, backendResponseCode=500, backendTime=90))
    await read(world, estimate(call, completionTokens=0, totalTokens=call.prompt))
    await sweep(world)
    assert await states(world) == [("user-1", CallState.NO_USAGE)]
