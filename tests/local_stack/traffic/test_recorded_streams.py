"""Recorded streams have no usage of their own: their tokens are in the log that comes along."""

import json
from datetime import UTC, datetime, timedelta

from consumers.gateway_log.decode import decode_diagnostics
from local_stack.traffic.recorded_streams import recorded_streams
from pricing_rules.decoding.usage_event import decode, is_deferred
from pricing_rules.types import UsageEvent
from table_api.open_calls.facts import TokenCounts
from tests.fixtures.builders import wire_violations

NOW = datetime(2027, 3, 1, 12, 34, 56, 789, tzinfo=UTC)


def test_each_stream_waits_for_tokens_that_the_log_has() -> None:
    played = recorded_streams(NOW)
    waiting = set()
    for event in played.usage_events:
        assert wire_violations(json.loads(event.body)) == []
        decoded = decode(event.body, enqueued_time=NOW)
        assert isinstance(decoded, UsageEvent)
        assert is_deferred(decoded)
        assert event.partition_key == decoded.subject
        assert NOW - timedelta(minutes=1) < decoded.time <= NOW
        waiting.add(decoded.id)
    found = decode_diagnostics(played.log.body, enqueued_time=NOW, oldest=NOW - timedelta(hours=1))
    assert found.bad == []
    counted = {call_id for call_id, fact in found.facts if isinstance(fact, TokenCounts)}
    assert counted == waiting
    assert len(waiting) >= 10


def test_another_time_makes_other_calls_and_the_same_time_the_same_bytes() -> None:
    first, later = recorded_streams(NOW), recorded_streams(NOW + timedelta(seconds=1))
    assert first == recorded_streams(NOW)
    ids = [
        {json.loads(event.body)["id"] for event in played.usage_events} for played in (first, later)
    ]
    assert ids[0].isdisjoint(ids[1])
