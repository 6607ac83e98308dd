"""A background answer is charged once, to who asked for it, when and where they did."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from consumers.errors import HubUnavailable
from consumers.pairing.intake import UsageIntake
from pricing_rules.types import UNATTRIBUTED, CallState
from table_api.audit.ledger_audit import audit
from table_api.errors import Retryable
from table_api.ledger.entries import LedgerEntry
from table_api.open_calls.decision import PairingState
from table_api.open_calls.keys import response_key
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import TableStorage
from tests.consumers.pairing.background import FETCHED_AT, POLLER, USAGE, Background
from tests.consumers.pairing.gateway import envelope
from tests.consumers.pairing.world import KEEP, WAITS, World
from tests.fixtures.builders import CALL_TIME, call_id, wire_violations
from tests.fixtures.calls import NOW, FaultyStorage, all_rows

ANSWER = Background()
SOON = CALL_TIME + timedelta(seconds=5)
GIVEN_UP = CALL_TIME + WAITS.background + timedelta(seconds=1)
FETCH_OVERDUE = FETCHED_AT + WAITS.timeout + timedelta(seconds=1)
PAID = ("maker", CallState.PRICED, 2, 20_000)

Said = tuple[str, CallState, int, int]
"""Subject, state, rank and tokens of a call in the ledger."""


@pytest.fixture
async def world() -> World:
    return await World.over(MemoryTableStorage())


async def read(world: World, body: bytes, at: datetime) -> None:
    """One event of the usage hub, by metering and by pairing, and what that publishes."""
    await world.meter([body], at)
    await world.pair(world.usage, body, at)
    await meter_published(world, at)


async def read_log(world: World, *records: dict[str, Any], at: datetime) -> None:
    await world.pair(world.diagnostics, envelope(*records), at)
    await meter_published(world, at)


async def sweep(world: World, at: datetime) -> None:
    await world.sweep(at)
    await meter_published(world, at)


async def meter_published(world: World, at: datetime) -> None:
    bodies = list(world.outbox.sent)
    world.outbox.sent.clear()
    for body in bodies:
        assert wire_violations(json.loads(body)) == []
    await world.meter(bodies, at)


async def entries(world: World) -> list[LedgerEntry]:
    assert (await audit(world.storage, now=NOW)).problems == ()
    assert [letter async for letter in world.letters.all()] == []
    return [each for chain in (await world.standing()).values() for each in chain]


async def standing(world: World) -> list[Said]:
    return sorted(
        (each.subject, each.state, int(each.row["rank"]), int(each.row["tokens"]))
        for each in await entries(world)
    )


async def test_it_is_pending_until_somebody_fetches_it_and_then_its_maker_pays(
    world: World,
) -> None:
    await read(world, ANSWER.request(), SOON)
    assert await standing(world) == [("maker", CallState.PENDING, -1, 0)]
    await read(world, ANSWER.fetch(subject=POLLER), FETCHED_AT)
    [paid] = await entries(world)
    assert (paid.subject, paid.time, paid.call_id) == ("maker", CALL_TIME, ANSWER.id)
    assert (paid.deployment, paid.row["service_tier"]) == ("gpt-4.1-mini", "default")
    assert paid.row["completed_from"] == "fetched-answer,usage-event"
    assert await standing(world) == [PAID]


async def test_table_storage_keeps_what_the_rows_of_an_answer_need(
    either_storage: TableStorage,
) -> None:
    world = await World.over(either_storage)
    await read(world, ANSWER.fetch(), FETCHED_AT)
    await sweep(world, FETCH_OVERDUE)  # unattributed
    await read(world, ANSWER.request(), FETCH_OVERDUE)
    await sweep(world, SOON + KEEP * 3)  # purged
    later = SOON + KEEP * 4
    await read(world, ANSWER.fetch(2, at=later), later)
    assert await standing(world) == [PAID]


async def test_a_fetch_that_comes_before_the_request_waits_for_it(world: World) -> None:
    await read(world, ANSWER.fetch(), FETCHED_AT)
    await sweep(world, FETCH_OVERDUE - timedelta(seconds=2))
    assert await standing(world) == []
    await read(world, ANSWER.request(), FETCH_OVERDUE)
    assert await standing(world) == [PAID]


async def test_whoever_fetches_it_and_however_often_it_is_charged_once(world: World) -> None:
    await read(world, ANSWER.request(), SOON)
    for n in range(1, 6):
        at = FETCHED_AT + timedelta(days=7 * n)
        await read(world, ANSWER.fetch(n, subject=f"other-{n}", at=at), at)
        await sweep(world, at + WAITS.timeout)
    assert await standing(world) == [PAID]
    rows = await all_rows(world.storage, "opencalls")
    key = response_key(ANSWER.response_id)
    own = [name for partition, name in rows if partition.startswith("c|") and key[:8] in name]
    assert len(own) == 4  # created, fetched, decision, mark: no fetch after the first adds one


async def test_an_answer_that_nobody_fetches_has_no_usage_after_its_own_timeout(
    world: World,
) -> None:
    await read(world, ANSWER.request(), SOON)
    await sweep(world, GIVEN_UP - timedelta(seconds=2))
    assert await standing(world) == [("maker", CallState.PENDING, -1, 0)]
    await sweep(world, GIVEN_UP)
    assert await standing(world) == [("maker", CallState.NO_USAGE, 0, 0)]


async def test_an_answer_that_is_fetched_after_it_was_given_up_is_charged(world: World) -> None:
    await read(world, ANSWER.request(), SOON)
    await sweep(world, GIVEN_UP)
    late = GIVEN_UP + KEEP * 3  # long after the facts of the request were purged
    await sweep(world, late)
    await read(world, ANSWER.fetch(at=late), late)
    assert await standing(world) == [PAID]
    await sweep(world, late + WAITS.background)
    assert await standing(world) == [PAID]


@pytest.mark.parametrize("status", ["failed", "cancelled"])
async def test_an_answer_without_usage_ends_as_no_usage(world: World, status: str) -> None:
    await read(world, ANSWER.request(), SOON)
    await read(world, ANSWER.fetch(response_status=status, usage=None), FETCHED_AT)
    assert await standing(world) == [("maker", CallState.NO_USAGE, 0, 0)]
    await sweep(world, GIVEN_UP)
    assert await standing(world) == [("maker", CallState.NO_USAGE, 0, 0)]


async def test_an_answer_that_is_not_finished_says_nothing(world: World) -> None:
    await read(world, ANSWER.request(), SOON)
    await read(world, ANSWER.fetch(response_status="in_progress", usage=None), FETCHED_AT)
    assert await standing(world) == [("maker", CallState.PENDING, -1, 0)]


async def test_an_answer_whose_request_nobody_reports_is_unattributed(world: World) -> None:
    await read(world, ANSWER.fetch(), FETCHED_AT)
    await sweep(world, FETCH_OVERDUE)
    assert [each[0] for each in await standing(world)] == [UNATTRIBUTED]
    [stray] = await entries(world)
    assert (stray.call_id, stray.time) == (response_key(ANSWER.response_id), FETCHED_AT)
    assert int(stray.row["tokens"]) == 20_000


async def test_a_request_that_comes_after_all_takes_it_out_of_unattributed(world: World) -> None:
    await read(world, ANSWER.fetch(), FETCHED_AT)
    await sweep(world, FETCH_OVERDUE)
    await read(world, ANSWER.request(), FETCH_OVERDUE + timedelta(hours=2))
    assert await standing(world) == [PAID]
    await read(world, ANSWER.fetch(2), FETCH_OVERDUE + timedelta(hours=3))
    await sweep(world, GIVEN_UP)
    assert await standing(world) == [PAID]


@pytest.mark.parametrize("first", ["log", "fetch"])
async def test_a_request_whose_event_is_lost_is_known_by_its_trace(
    world: World, first: str
) -> None:
    if first == "fetch":
        await read(world, ANSWER.fetch(), FETCHED_AT)
    await read_log(world, ANSWER.request_record(), at=SOON)
    await sweep(world, CALL_TIME + WAITS.grace)
    if first == "log":
        assert await standing(world) == [("maker", CallState.PENDING, -1, 0)]
        await read(world, ANSWER.fetch(), FETCHED_AT)
    assert await standing(world) == [PAID]
    await read(world, ANSWER.request(), FETCHED_AT + timedelta(hours=5))
    await sweep(world, GIVEN_UP)
    assert await standing(world) == [PAID]


async def test_a_request_that_the_event_gives_another_caller_is_charged_to_that_one(
    world: World,
) -> None:
    """The trace is believed until the event comes."""
    await read_log(world, Background(subject="traced").request_record(), at=SOON)
    await sweep(world, CALL_TIME + WAITS.grace)
    await read(world, ANSWER.fetch(), FETCHED_AT)
    assert [each[0] for each in await standing(world)] == ["traced"]
    await read(world, ANSWER.request(), FETCHED_AT)
    assert await standing(world) == [PAID]


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_streamed_fetch_is_counted_by_the_gateways_log(
    world: World, order: tuple[int, ...]
) -> None:
    record, tokens = ANSWER.fetch_records()

    async def deliver(number: int) -> None:
        if number == 0:
            await read(world, ANSWER.request(), SOON)
        else:
            await read_log(world, record if number == 1 else tokens, at=FETCHED_AT)

    for number in order:
        await deliver(number)
    await sweep(world, FETCH_OVERDUE)
    assert await standing(world) == [("maker", CallState.PRICED, 1, 20_000)]
    await read(world, ANSWER.fetch(2), FETCHED_AT)
    await sweep(world, GIVEN_UP)
    assert await standing(world) == [PAID]


async def test_a_stored_answer_that_is_fetched_later_is_charged_once(world: World) -> None:
    """The gateway's log may count the fetch of any stored answer. Its call was charged."""
    plain = {"background": None, "response_status": "completed", "service_tier": "default"}
    await read(world, ANSWER.request(usage=USAGE, **plain), SOON)
    assert await standing(world) == [PAID]
    record, tokens = ANSWER.fetch_records()
    record["properties"]["url"] = record["properties"]["url"].partition("?")[0]
    await read_log(world, record, tokens, at=FETCHED_AT)
    await sweep(world, FETCH_OVERDUE)
    assert await standing(world) == [PAID]
    states = {each.state for each in await world.calls.calls(CALL_TIME, FETCH_OVERDUE)}
    assert states == {PairingState.METERED, PairingState.FETCHED, None}


@pytest.mark.parametrize("streamed", [(True, False), (False, True)])
async def test_a_fetch_as_a_stream_shows_that_the_request_is_missing(
    world: World, streamed: tuple[bool, bool]
) -> None:
    for n, as_stream in enumerate(streamed, start=1):
        record, tokens = ANSWER.fetch_records(n)
        if not as_stream:
            record["properties"]["url"] = record["properties"]["url"].partition("?")[0]
        await read_log(world, record, tokens, at=FETCHED_AT)
    await sweep(world, FETCH_OVERDUE)
    assert [(each[0], each[3]) for each in await standing(world)] == [(UNATTRIBUTED, 20_000)]


async def test_a_plain_fetch_without_its_event_is_counted_by_the_gateways_log(
    world: World,
) -> None:
    await read(world, ANSWER.request(), SOON)
    record, tokens = ANSWER.fetch_records()
    record["properties"]["url"] = record["properties"]["url"].partition("?")[0]
    await read_log(world, record, tokens, at=FETCHED_AT)
    await sweep(world, FETCH_OVERDUE)
    assert await standing(world) == [("maker", CallState.PRICED, 1, 20_000)]


async def test_polling_makes_no_call_and_no_row_of_the_ledger(world: World) -> None:
    await read(world, ANSWER.request(), SOON)
    for n in range(1, 4):
        record, _ = ANSWER.fetch_records(n)
        record["properties"]["url"] = record["properties"]["url"].partition("?")[0]
        await read_log(world, record, at=FETCHED_AT)
    await sweep(world, FETCH_OVERDUE)
    assert await standing(world) == [("maker", CallState.PENDING, -1, 0)]
    states = {each.state for each in await world.calls.calls(CALL_TIME, FETCH_OVERDUE)}
    assert states == {PairingState.PENDING, PairingState.FETCHED, None}


async def test_a_streamed_request_that_is_fetched_too_is_charged_once(world: World) -> None:
    """The gateway's log counts the stream and names the answer; the fetch has the model's word."""
    streamed = Background(stream=True)
    tokens = ANSWER.fetch_records()[1] | {"correlationId": ANSWER.id}
    await read(world, streamed.request(), SOON)
    await read_log(world, tokens, at=SOON)
    assert await standing(world) == [("maker", CallState.PRICED, 1, 20_000)]
    await read(world, ANSWER.fetch(), FETCHED_AT)
    await sweep(world, GIVEN_UP)
    assert await standing(world) == [PAID]


async def test_an_answer_that_was_finished_at_once_and_is_fetched_is_charged_once(
    world: World,
) -> None:
    usage = json.loads(ANSWER.fetch())["data"]["usage"]
    request = ANSWER.request(usage=usage, response_status="completed", service_tier="default")
    await read(world, request, SOON)
    await read(world, ANSWER.fetch(), FETCHED_AT)
    await sweep(world, GIVEN_UP)
    assert await standing(world) == [PAID]


async def test_each_of_many_answers_of_one_batch_is_found(world: World) -> None:
    """Of many calls the index is asked first which are due."""
    answers = [Background(number=number) for number in range(1, 41)]
    await world.meter([each.request() for each in answers], SOON)
    await world.pair_batch(world.usage, [each.request() for each in answers], SOON)
    await world.pair_batch(world.usage, [each.fetch() for each in answers], FETCHED_AT)
    await meter_published(world, FETCHED_AT)
    assert await standing(world) == [PAID] * 40


HALVES = ("request", "fetch", "again", "trace")


@pytest.mark.parametrize("order", list(permutations(HALVES)), ids="-".join)
@pytest.mark.parametrize("two_processes", [False, True])
async def test_no_order_and_no_second_process_changes_what_is_charged(
    world: World, order: tuple[str, ...], two_processes: bool
) -> None:
    processes = [world, world.other() if two_processes else world]
    for number, half in enumerate(order):
        await deliver(processes[number % 2], half)
        if number == 1:
            await sweep(processes[1], FETCH_OVERDUE)
    await sweep(world, GIVEN_UP)
    assert await standing(world) == [PAID]


async def deliver(world: World, half: str) -> None:
    match half:
        case "request":
            await read(world, ANSWER.request(), SOON)
        case "fetch":
            await read(world, ANSWER.fetch(), FETCHED_AT)
        case "again":
            await read(world, ANSWER.fetch(2), FETCHED_AT + timedelta(minutes=1))
        case "trace":
            await read_log(world, ANSWER.request_record(), at=SOON)


@pytest.mark.parametrize("fault", ["before", "after"])
@pytest.mark.parametrize("first", ["request", "fetch"])
@pytest.mark.parametrize("step", range(12))
async def test_a_kill_at_any_step_ends_alike(fault: str, first: str, step: int) -> None:
    """The process dies at one write; what it had read comes again to another process."""
    storage = MemoryTableStorage()
    failing = FaultyStorage(storage, [None] * step + [fault])
    world = await World.over(storage, failing)
    halves = ["request", "fetch"] if first == "request" else ["fetch", "request"]
    for half in halves:
        body, at = (ANSWER.request(), SOON) if half == "request" else (ANSWER.fetch(), FETCHED_AT)
        await world.meter([body], at)
        try:
            await world.pair(world.usage, body, at)
        except (Retryable, HubUnavailable):
            world = world.other()
            await world.pair(world.usage, body, at)
        await meter_published(world, at)
    await sweep(world, GIVEN_UP)
    assert failing.left == 0  # it failed before the last event was read
    assert await standing(world) == [PAID]


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_a_hub_that_fails_while_an_answer_is_published_costs_nothing(
    world: World, fault: str
) -> None:
    await read(world, ANSWER.request(), SOON)
    world.outbox.faults.append(fault)
    with pytest.raises(HubUnavailable):
        await world.pair(world.usage, ANSWER.fetch(), FETCHED_AT)
    await read(world, ANSWER.fetch(), FETCHED_AT)
    assert await standing(world) == [PAID]


async def test_two_requests_that_name_one_answer_do_not_stay_pending(world: World) -> None:
    """A fault of whoever makes the ids: the first is charged, the second has no usage."""
    other = ANSWER.request(id=call_id(9), subject="second")
    await read(world, ANSWER.request(), SOON)
    await read(world, other, SOON)
    await read(world, ANSWER.fetch(), FETCHED_AT)
    await sweep(world, GIVEN_UP)
    assert [each[:2] for each in await standing(world)] in (
        [("maker", CallState.PRICED), ("second", CallState.NO_USAGE)],
        [("maker", CallState.NO_USAGE), ("second", CallState.PRICED)],
    )


async def test_events_that_are_read_again_after_a_purge_charge_nothing_again(world: World) -> None:
    """By a replay or a redrive, which bring events of any age."""
    await read(world, ANSWER.request(), SOON)
    await read(world, ANSWER.fetch(), FETCHED_AT)
    later = SOON + KEEP * 3
    await sweep(world, later)
    pairing = replace(world.pairing, now=lambda: later)
    intake = UsageIntake("llm-usage", pairing, world.letters)
    for body, at in ((ANSWER.fetch(), FETCHED_AT), (ANSWER.request(), SOON)):
        await world.meter([body], at)
        assert await intake.take_again("0", world.received(body, at)) == []
        await meter_published(world, at)
    await sweep(world, SOON + KEEP * 4)
    assert await standing(world) == [PAID]


async def test_a_usage_that_no_row_can_hold_is_a_dead_letter(world: World) -> None:
    usage = USAGE | {"notes": "x" * 40_000}
    await read(world, ANSWER.request(), SOON)
    await world.pair(world.usage, ANSWER.fetch(usage=usage), FETCHED_AT)
    [letter] = [letter async for letter in world.letters.all()]
    assert (letter.reason, letter.field) == ("too_large", "data.usage")
    assert world.outbox.sent == []


async def test_names_of_any_length_fit_into_a_row(world: World) -> None:
    """Whatever a caller puts into an event, a row of Table Storage takes it."""
    long = "\u00e4" * 400
    tools = {
        "requested": [f"{long}{n}" for n in range(60)],
        "calls": {f"{n}{long}": 1 for n in range(150)},
        "usage": None,
    }
    names: dict[str, Any] = dict.fromkeys(
        ("deployment", "model", "api", "region", "session", "traceparent"), long
    )
    await read(world, ANSWER.request(tools=tools, **names), SOON)
    await world.pair(world.usage, ANSWER.fetch(tools=tools, **names), FETCHED_AT)
    rows = await all_rows(world.storage, "opencalls")
    assert max(len(str(text)) for row in rows.values() for text in row.values()) < 32 * 1024
