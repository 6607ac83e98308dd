"""Each kind of loss, injected into real pairing and metering, is counted as what it is."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from table_api.completeness.days import DAY_MARGIN, day_span
from table_api.consumer_state.dead_letters import DeadLetter, DeadLetterIndex, LetterState
from table_api.http_api.status import endpoints
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import TableStorage
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.traffic import traffic
from tests.consumers.pairing.world import DIAGNOSTICS, USAGE, WAITS, World
from tests.fixtures.builders import CALL_TIME
from tests.fixtures.calls import NOW, open_ledger
from tests.fixtures.losses import tallies_of, with_rare_losses
from tests.table_api.conftest import api_over

SOON = CALL_TIME + timedelta(seconds=90)
OVERDUE = CALL_TIME + WAITS.timeout
LATER = CALL_TIME + timedelta(minutes=40)
"""Of the next hour, and not overdue."""
COST = "0.0011952"
"""Of a usual call: 1,024 input, 1,024 cached and 427 output tokens of gpt-4.1-mini."""
PLAIN, STREAMED = Call(number=0, stream=False), Call(number=0)
UNNAMED = replace(STREAMED, has_event=False, has_trace=False)


@dataclass(frozen=True)
class Injected:
    """Calls to arrive, and what is to be counted of them beside `gateway_calls`."""

    call: Call
    tallies: Sequence[str]
    metered: bool = True
    """False: metering is behind."""
    logged: dict[str, Any] = field(default_factory=dict)
    """What the gateway's log says otherwise."""
    deployment: bytes = b"gpt-4.1-mini"


WHOLE = ("logged", "usage_events", "posted")
COUNTED = (*WHOLE, "counted")
INJECTED = {
    "plain": Injected(PLAIN, [*COUNTED, "compared"]),
    "streamed": Injected(STREAMED, [*COUNTED, "completed"]),
    "event lost": Injected(
        replace(STREAMED, has_event=False), ["logged", "posted", "recovered", "counted"]
    ),
    "log lost": Injected(
        replace(PLAIN, has_outcome=False, has_tokens=False), ["usage_events", "posted"]
    ),
    "no tokens": Injected(replace(STREAMED, has_tokens=False), [*WHOLE, "no_usage"]),
    "nobody named": Injected(
        UNNAMED, ["logged", "posted", "unattributed", "counted"]
    ),
    "nobody named, no tokens": Injected(
        replace(UNNAMED, has_tokens=False),
        ["logged", "posted", "unattributed", "no_usage"],
    ),
    "refused": Injected(
        replace(PLAIN, status=429, has_event=False), ["logged", "refused", "refused_unreported"]
    ),
    "refused and reported": Injected(replace(PLAIN, status=429), [*WHOLE]),
    "no price": Injected(
        PLAIN, [*COUNTED, "compared", "unpriced"], deployment=b"lab-model-x"
    ),
    "half missing": Injected(
        replace(STREAMED, time=LATER, has_outcome=False, has_tokens=False),
        ["usage_events", "waiting"],
    ),
    "not posted yet": Injected(
        replace(PLAIN, time=LATER),
        ["logged", "usage_events", "waiting", "counted", "compared"],
        metered=False,
    ),
    "other numbers": Injected(
        PLAIN, [*COUNTED, "compared", "mismatched"], logged={"prompt": 2050}
    ),
    "the same sum, divided otherwise": Injected(
        PLAIN,
        [*COUNTED, "compared", "mismatched"],
        logged={"prompt": PLAIN.prompt - 7, "completion": PLAIN.completion + 7},
    ),
    "other caller": Injected(
        STREAMED, [*COUNTED, "completed", "two_callers"], logged={"subject": "other"}
    ),
    "completion not counted": Injected(
        replace(STREAMED, completion=0), [*COUNTED, "completed", "zero_completions"]
    ),
}  # fmt: skip


async def arrive(world: World, injected: Injected, number: int) -> None:
    call = replace(injected.call, number=number)
    said = replace(call, **injected.logged)
    records = [said.gateway_record()] * call.has_outcome + [said.llm_record()] * (
        call.has_tokens and call.status < 400
    )
    event = call.event().replace(b"gpt-4.1-mini", injected.deployment)
    if call.has_event:
        await world.pair(world.usage, event, call.time + timedelta(seconds=2))
        if injected.metered:
            await world.meter([event], call.time + timedelta(seconds=2))
    if records:
        body = envelope(*records).replace(b"gpt-4.1-mini", injected.deployment)
        await world.pair(world.diagnostics, body, call.time + timedelta(seconds=90))


async def settled(storage: TableStorage, *injected: Injected) -> World:
    """All of them arrived; those of before the last hour timed out."""
    world = await World.over(storage)
    for number, each in enumerate(injected):
        await arrive(world, each, number)
    await world.sweep(OVERDUE)
    await world.meter(list(world.outbox.sent), OVERDUE)
    return world


async def answer(storage: TableStorage, **parameters: str) -> Any:
    """Of the day of CALL_TIME."""
    asked = {"from": "2026-11-20", "to": "2026-11-21", **parameters}
    async with api_over(storage) as api:
        got = await api.get("/v1/completeness", params=asked)
    assert got.status_code == 200, got.text
    return got.json()


def counted(sums: dict[str, Any]) -> dict[str, int]:
    """What is above zero, without the sums of tokens."""
    return {
        name: value
        for name, value in sums.items()
        if isinstance(value, int) and value and not name.endswith("_tokens")
    }


@pytest.mark.parametrize("loss", INJECTED)
async def test_a_loss_is_counted_as_what_it_is(loss: str, memory: MemoryTableStorage) -> None:
    injected = INJECTED[loss]
    await settled(memory, injected)
    totals = counted((await answer(memory))["totals"])
    totals.pop("unestimated", None)
    assert totals == dict.fromkeys(["gateway_calls", *injected.tallies], 1)


async def test_all_losses_together_add_up(either_storage: TableStorage) -> None:
    await settled(either_storage, *INJECTED.values())
    got = await answer(either_storage)
    expected = Counter(name for each in INJECTED.values() for name in each.tallies)
    totals = counted(got["totals"])
    totals.pop("unestimated")
    assert totals == {**expected, "gateway_calls": len(INJECTED)}
    for sums in (*got["data"], *got["models"], got["totals"]):
        assert sums["gateway_calls"] == sums["posted"] + sums["waiting"] + sums["refused"]
    for name in totals:
        for parts in (got["data"], got["models"]):
            assert sum(part[name] for part in parts) == got["totals"][name]
    assert got["ledger_calls"] == got["totals"]["posted"]
    assert [line["hour"] for line in got["data"]] == sorted(line["hour"] for line in got["data"])
    assert {line["hour"] for line in got["data"]} == {
        "2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z",
    }  # fmt: skip


async def test_values_of_gaps_are_exact_or_estimated_by_the_models_mean(
    memory: MemoryTableStorage,
) -> None:
    world = await settled(memory, *INJECTED.values())
    got = await answer(memory)
    charges = [
        int(entry.row["charge"])
        for entries in (await world.standing()).values()
        for entry in entries
        if entry.row["state"] == "priced"
    ]
    mean = Fraction(sum(charges), len(charges) * 10**12)
    assert got["totals"]["recovered_charge"] == COST
    assert got["totals"]["unattributed_charge"] == COST
    [line] = [each for each in got["data"] if each["waiting"]]
    assert abs(Fraction(line["waiting_estimate"]) - 2 * mean) <= Fraction(1, 10**12)
    no_usage = Fraction(got["totals"]["no_usage_estimate"])
    assert abs(no_usage - 2 * mean) <= Fraction(1, 10**12)
    # Nobody ever priced this model: that is unknown, and never 0.
    [unpriced] = [each for each in got["models"] if each["unpriced"]]
    assert unpriced["model"] == "lab-model-x-2025-04-14"
    assert unpriced["unpriced_estimate"] is None
    assert unpriced["unestimated"] == 1


async def test_the_oldest_open_call_is_named_by_its_time(memory: MemoryTableStorage) -> None:
    await settled(memory, INJECTED["half missing"], INJECTED["plain"])
    assert (await answer(memory))["totals"]["oldest_waiting"] == f"{LATER:%FT%T.%f}Z"


async def test_both_sums_of_tokens_are_shown_where_they_differ(memory: MemoryTableStorage) -> None:
    await settled(memory, INJECTED["other numbers"], INJECTED["streamed"])
    totals = (await answer(memory))["totals"]
    assert (totals["reported_tokens"], totals["logged_tokens"]) == (2475, 2477)


async def test_open_dead_letters_are_counted_with_their_call_or_by_their_hour(
    memory: MemoryTableStorage,
) -> None:
    await settled(memory, INJECTED["event lost"])
    known = letter(USAGE, 1, event_id=Call(number=0).id)
    lost = letter(DIAGNOSTICS, 2, event_id=None)
    redriven = replace(letter(USAGE, 3, event_id=None), state=LetterState.REDRIVEN)
    for each in (known, lost, redriven):
        index = DeadLetterIndex(memory, each.hub)
        await index.create()
        await index.add([each])
    found = {line["model"]: line["dead_lettered"] for line in (await answer(memory))["data"]}
    assert found == {"gpt-4.1-mini": 1, None: 1}


def letter(hub: str, sequence_number: int, *, event_id: str | None) -> DeadLetter:
    return DeadLetter(
        hub=hub,
        partition="0",
        sequence_number=sequence_number,
        content_hash="0" * 12,
        enqueued_time=SOON,
        recorded_at=NOW,
        reason="not_json",
        field="body",
        value="{",
        message="the body is cut",
        event_id=event_id,
        body_bytes=1,
    )


async def test_a_days_traffic_is_counted_as_it_was_sent(memory: MemoryTableStorage) -> None:
    world = await World.over(memory)
    sent = with_rare_losses(traffic(200, start=CALL_TIME, span=timedelta(hours=3)))
    end = CALL_TIME + timedelta(hours=3)
    for event in sent.events:
        if event.hub == USAGE:
            await world.pair(world.usage, event.body, end)
            await world.meter([event.body], end)
        else:
            await world.pair(world.diagnostics, event.body, end)
    await world.sweep(end + WAITS.timeout)
    await world.meter(list(world.outbox.sent), end)
    got = await answer(memory)
    assert {name: got["totals"][name] for name in tallies_of(sent)} == tallies_of(sent)
    assert got["ledger_calls"] == got["totals"]["posted"]


async def test_a_call_at_midnight_counts_on_the_ledgers_day(memory: MemoryTableStorage) -> None:
    # The policy noted 00:00:00.001 in Berlin, the gateway itself 23:59:59.998.
    midnight = CALL_TIME.replace(hour=23, minute=0, second=0, microsecond=1000)
    await settled(memory, Injected(replace(PLAIN, time=midnight), []))
    before = await answer(memory)
    after = await answer(memory, **{"from": "2026-11-21", "to": "2026-11-22"})
    assert [got["totals"]["posted"] for got in (before, after)] == [0, 1]
    assert [got["ledger_calls"] for got in (before, after)] == [0, 1]


async def test_a_storage_without_pairing_says_so(memory: MemoryTableStorage) -> None:
    await open_ledger(memory)
    got = await answer(memory)
    assert (got["data"], got["models"]) == ([], [])
    assert (got["facts_from"], got["newest_usage_event"], got["newest_diagnostics"]) == (
        None, None, None,
    )  # fmt: skip
    assert got["totals"]["waiting_estimate"] == "0"


async def test_too_many_calls_are_refused(
    memory: MemoryTableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "CALLS_READ_MAX", 1)
    await settled(memory, INJECTED["plain"])
    assert (await answer(memory))["totals"]["gateway_calls"] == 1
    await settled(memory, INJECTED["plain"], INJECTED["streamed"])
    async with api_over(memory) as api:
        got = await api.get("/v1/completeness", params={"from": "2026-11-20"})
    assert (got.status_code, got.json()["type"]) == (400, "urn:problem:too-much")


@pytest.mark.parametrize(
    ("asked", "days"),
    [
        ({}, ("2026-11-22", "2026-11-24")),
        ({"from": "2026-11-20"}, ("2026-11-20", "2026-11-24")),
        ({"to": "2026-11-20"}, ("2026-11-18", "2026-11-20")),
    ],
)
async def test_yesterday_and_today_are_asked_for_by_default(
    memory: MemoryTableStorage, asked: dict[str, str], days: tuple[str, str]
) -> None:
    await open_ledger(memory)
    async with api_over(memory) as api:
        got = json.loads((await api.get("/v1/completeness", params=asked)).text)
    assert (got["from"], got["to"]) == days


@pytest.mark.parametrize(("changing", "hours"), [(date(2026, 10, 25), 25), (date(2026, 3, 29), 23)])
async def test_a_day_of_changing_clocks_is_read_whole(changing: date, hours: int) -> None:
    ledger = await open_ledger(MemoryTableStorage())
    start, stop = day_span(changing, ledger.meta.calendar)
    inside = [
        each
        for minutes in range(60 * 30)
        if ledger.meta.calendar.day(each := start + timedelta(minutes=minutes)) == changing
    ]
    assert len(inside) == hours * 60
    assert start + DAY_MARGIN <= inside[0]
    assert inside[-1] <= stop - DAY_MARGIN
    assert stop - start <= timedelta(hours=hours) + 4 * DAY_MARGIN
