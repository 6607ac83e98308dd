"""What is decided about a call, at both sides of each boundary."""

import json
from collections.abc import Sequence
from dataclasses import replace as replace_call
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from msgspec.structs import replace

from consumers.pairing.decide import decide
from consumers.pairing.reported_fact import reported_fact
from pricing_rules.decoding.usage_event import decode
from pricing_rules.types import UNATTRIBUTED, CountedAt, Rank, UsageEvent
from table_api.open_calls.decision import Decision, PairingState, state_of
from table_api.open_calls.facts import EventReport, Fact, RequestRecord, TokenCounts
from table_api.open_calls.joined_call import join_facts
from tests.consumers.gateway_log.test_decode import decode as decode_log
from tests.consumers.pairing.gateway import GATEWAY_DELAY, Call, envelope
from tests.consumers.pairing.world import WAITS
from tests.fixtures.builders import CALL_TIME, make_usage, wire_violations

BEGIN = CALL_TIME - GATEWAY_DELAY
GRACE, TIMEOUT = BEGIN + WAITS.grace, BEGIN + WAITS.timeout
STEP = timedelta(microseconds=1)
TIMEOUT_LONG_PAST = timedelta(days=3)
STREAMED = Call(number=1)
PLAIN = Call(number=1, stream=False)
NAMELESS = Call(number=1, has_trace=False)


def reported(call: Call) -> Fact:
    event = decode(call.event(), enqueued_time=CALL_TIME)
    assert isinstance(event, UsageEvent)
    fact = reported_fact(event)
    assert fact is not None
    return fact


def outcome(call: Call) -> Fact:
    [(_, fact)] = decode_log(envelope(call.gateway_record())).facts
    return fact


def tokens(call: Call) -> Fact:
    [(_, fact)] = decode_log(envelope(call.llm_record())).facts
    return fact


def decided(
    facts: Sequence[Fact], at: datetime | None = None, before: Sequence[Decision] = ()
) -> Decision | None:
    known = join_facts(STREAMED.id, facts)
    assert known is not None
    return decide(known, before, at, WAITS)


def event_of(decision: Decision | None) -> UsageEvent:
    """The decoded event; it keeps the wire contract."""
    assert decision is not None
    assert wire_violations(json.loads(decision.event)) == []
    event = decode(decision.event.encode(), enqueued_time=CALL_TIME)
    assert isinstance(event, UsageEvent), event
    assert event.strength == decision.strength
    return event


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_a_stream_is_complete_with_its_event_and_its_tokens(order: tuple[int, ...]) -> None:
    facts = [reported(STREAMED), tokens(STREAMED)]
    event = event_of(decided([facts[index] for index in order]))
    assert (event.subject, event.time, event.id) == ("user-1", CALL_TIME, STREAMED.id)
    assert (event.rank, event.usage) == (
        Rank.GATEWAY_LOG,
        make_usage(input=1024, cache_read=1024, output=427),
    )
    assert event.completed_from == ("gateway-llm-log", "usage-event")
    assert (event.model, event.response_id) == ("gpt-4.1-mini-2025-04-14", "chatcmpl-1")
    assert (event.stream, event.duration_ms, event.caller.product) == (True, 812, "ai-standard")


def test_a_stream_whose_event_was_lost_is_complete_with_trace_and_tokens() -> None:
    event = event_of(decided([outcome(STREAMED), tokens(STREAMED)]))
    assert (event.subject, event.time) == ("user-1", CALL_TIME)  # the trace's time, not the log's
    assert event.completed_from == ("gateway-llm-log", "trace")


@pytest.mark.parametrize("call", [STREAMED, PLAIN])
def test_nothing_is_decided_from_one_half_before_its_time(call: Call) -> None:
    for fact in (outcome(call), tokens(call)):
        assert decided([fact]) is None
        assert decided([fact], TIMEOUT - STEP) is None


def test_a_plain_call_with_usage_is_meterings() -> None:
    facts = [reported(PLAIN), outcome(PLAIN), tokens(PLAIN)]
    assert decided(facts, TIMEOUT + TIMEOUT_LONG_PAST) is None
    known = join_facts(PLAIN.id, facts)
    assert known is not None
    assert state_of(known, []) is PairingState.METERED


def test_a_lost_plain_event_is_recovered_after_its_grace() -> None:
    facts = [outcome(PLAIN), tokens(PLAIN)]
    assert decided(facts, GRACE - STEP) is None
    event = event_of(decided(facts, GRACE))
    assert (event.subject, event.stream, event.rank) == ("user-1", False, Rank.GATEWAY_LOG)


def test_a_plain_event_that_left_usage_out_is_completed_at_once() -> None:
    facts = [reported(Call(number=1, stream=False, status=408)), tokens(PLAIN)]
    assert event_of(decided(facts)).rank is Rank.GATEWAY_LOG


@pytest.mark.parametrize("half", ["event", "trace"])
def test_a_stream_without_tokens_is_no_usage_after_the_timeout(half: str) -> None:
    fact: Fact = reported(STREAMED) if half == "event" else outcome(STREAMED)
    passed = fact.time + WAITS.timeout
    assert decided([fact], passed - STEP) is None
    event = event_of(decided([fact], passed))
    assert (event.subject, event.rank, event.usage) == ("user-1", Rank.NO_USAGE, None)


@pytest.mark.parametrize(
    "operation", ["embeddings", "images", "audio-transcriptions", "audio-speech"]
)
def test_an_operation_that_the_log_does_not_cover_ends_without_usage(operation: str) -> None:
    call = Call(number=1, stream=False, operation=operation)
    assert decided([outcome(call)], TIMEOUT - STEP) is None
    event = event_of(decided([outcome(call)], TIMEOUT))
    assert (event.operation, event.subject) == (operation, "user-1")
    assert (event.rank, event.usage) == (Rank.NO_USAGE, None)


def test_tokens_nobody_is_named_for_are_unattributed_after_the_timeout() -> None:
    facts = [outcome(NAMELESS), tokens(STREAMED)]
    assert decided(facts, TIMEOUT - STEP) is None
    event = event_of(decided(facts, TIMEOUT))
    assert (event.subject, event.time) == (UNATTRIBUTED, BEGIN)
    assert (event.rank, event.deployment, event.api) == (Rank.GATEWAY_LOG, "gpt-4.1-mini", "llm")
    assert event.completed_from == ("gateway-llm-log", "gateway-log")


def test_a_served_call_of_which_nothing_else_is_known_is_unattributed_without_usage() -> None:
    event = event_of(decided([outcome(NAMELESS)], TIMEOUT))
    assert (event.subject, event.usage) == (UNATTRIBUTED, None)
    assert event.completed_from == ("gateway-log",)


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_refused_call_makes_no_event_whatever_its_log_row_counts(status: int) -> None:
    refused = Call(number=1, status=status)
    facts = [outcome(refused), tokens(STREAMED)]
    assert decided(facts, TIMEOUT + TIMEOUT_LONG_PAST) is None
    known = join_facts(refused.id, facts)
    assert known is not None
    assert state_of(known, []) is PairingState.REFUSED


@pytest.mark.parametrize(
    ("status", "backend_status", "backend_ms", "reached"),
    [
        (500, 0, 0, False),
        (500, None, None, False),
        (500, 0, 240_000, True),  # the model did not answer in time: it may charge all the same
        (400, 400, 9, True),
        (200, None, None, True),
        (200, 0, 0, False),  # answered from the gateway's cache
    ],
)
def test_a_call_that_reached_no_model_makes_no_event(
    status: int, backend_status: int | None, backend_ms: int | None, reached: bool
) -> None:
    fact = RequestRecord(
        time=BEGIN, status=status, backend_status=backend_status, backend_ms=backend_ms
    )
    assert (decided([fact], TIMEOUT) is not None) is reached


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_call_that_the_model_itself_refused_makes_no_event(status: int) -> None:
    answered = RequestRecord(time=BEGIN, status=status, backend_status=status, backend_ms=9)
    assert decided([answered, tokens(STREAMED)], TIMEOUT) is None
    known = join_facts(STREAMED.id, [answered, tokens(STREAMED)])
    assert known is not None
    assert state_of(known, []) is PairingState.REFUSED


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_refused_event_of_a_call_that_the_log_saw_served_is_completed_in_any_order(
    order: tuple[int, ...],
) -> None:
    refused = replace_call(PLAIN, status=429)
    facts = [reported(refused), tokens(PLAIN), outcome(PLAIN)]
    event = event_of(decided([facts[number] for number in order]))
    assert (event.status, event.usage is not None) == (200, True)
    assert event.subject == refused.subject


def test_a_refused_event_stays_refused_while_the_log_does_not_say_served_and_counted() -> None:
    refused = replace_call(PLAIN, status=429)
    assert decided([reported(refused), tokens(PLAIN)], TIMEOUT) is None
    assert decided([reported(refused), outcome(PLAIN)], TIMEOUT) is None
    assert decided([reported(refused), tokens(PLAIN), outcome(refused)], TIMEOUT) is None


def test_the_caller_who_becomes_known_late_moves_the_call() -> None:
    facts: list[Fact] = [tokens(STREAMED)]
    first = decided(facts, TIMEOUT)
    assert first is not None
    moved = decided([*facts, reported(STREAMED)], None, [first])
    event = event_of(moved)
    assert (event.subject, event.time) == ("user-1", CALL_TIME)
    assert event.replaces == CountedAt(subject=UNATTRIBUTED, time=BEGIN)
    assert moved is not None
    assert moved.number == 2
    assert decided([*facts, reported(STREAMED)], TIMEOUT, [first, moved]) is None


def test_a_metered_call_is_moved_out_of_unattributed_too() -> None:
    first = decided([tokens(PLAIN)], TIMEOUT)
    assert first is not None
    facts = [tokens(PLAIN), reported(PLAIN)]
    event = event_of(decided(facts, TIMEOUT, [first]))
    assert event.replaces == CountedAt(subject=UNATTRIBUTED, time=BEGIN)
    assert event.rank is Rank.GATEWAY_LOG  # weaker than what metering posts there


def test_more_tokens_are_said_again_and_fewer_are_not() -> None:
    small = Call(number=1, prompt=100, cached=0, completion=1)
    first = decided([reported(STREAMED), tokens(small)])
    assert first is not None
    more = decided([reported(STREAMED), tokens(small), tokens(STREAMED)], None, [first])
    assert event_of(more).strength > event_of(first).strength
    assert more is not None
    less = [reported(STREAMED), tokens(STREAMED), tokens(small)]
    assert decided(less, TIMEOUT, [first, more]) is None


def test_usage_that_comes_after_the_timeout_corrects_no_usage() -> None:
    first = decided([reported(STREAMED)], TIMEOUT + GATEWAY_DELAY)
    assert event_of(first).usage is None
    assert first is not None
    second = decided([reported(STREAMED), tokens(STREAMED)], None, [first])
    assert event_of(second).replaces is None
    assert event_of(second).rank is Rank.GATEWAY_LOG


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_the_order_of_facts_changes_no_view(order: tuple[int, ...]) -> None:
    facts = [
        reported(STREAMED),
        outcome(STREAMED),
        tokens(STREAMED),
        TokenCounts(time=BEGIN, response_id="chatcmpl-1"),
    ]
    assert join_facts(STREAMED.id, [facts[index] for index in order]) == join_facts(
        STREAMED.id, facts
    )
    assert join_facts(STREAMED.id, [*facts, *facts]) == join_facts(STREAMED.id, facts)


def test_two_paths_that_name_different_callers_are_seen_and_the_event_wins() -> None:
    known = join_facts(STREAMED.id, [outcome(Call(number=1, subject="other")), reported(STREAMED)])
    assert known is not None
    assert known.two_identities
    assert known.identity is not None
    assert known.identity.subject == "user-1"


def test_no_order_of_reports_hides_a_usage_of_no_tokens() -> None:
    known = reported(PLAIN)
    assert isinstance(known, EventReport)
    told = [replace(known, tokens=None, prompt=None), replace(known, tokens=0, prompt=0)]
    for facts in permutations(told):
        seen = join_facts(PLAIN.id, facts)
        assert seen is not None
        assert (seen.reported_tokens, seen.reported_prompt) == (0, 0)
