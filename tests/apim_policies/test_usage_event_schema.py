"""The wire contract: schema, samples, reference page and decoder say the same."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from consumers.decoding import usage_event as decoder
from consumers.decoding.invalid_event import InvalidCode, InvalidEvent
from consumers.decoding.usage_event import decode, is_deferred
from consumers.decoding.wire_event import EventType
from pricing_rules.types import Operation, Rank, Usage, UsageEvent
from tests.fixtures.builders import (
    ABSENT,
    ENQUEUED_TIME,
    WIRE_SCHEMA,
    make_body,
    make_document,
    make_usage,
    wire_violations,
)
from tests.paths import ROOT

SCHEMA: dict[str, Any] = json.loads(WIRE_SCHEMA.read_text())
SAMPLES = {path.stem: path for path in sorted((WIRE_SCHEMA.parent / "samples").glob("*.json"))}
REFERENCE = (ROOT / "docs/usage_event.md").read_text()
WRITTEN_BYTES_MAX = 2048
COMPLETED = "llm.call.completed.v1"
MOVED = {"type": COMPLETED, "completed_from": ["gateway-llm-log", "trace"]}

EXPECTED: dict[str, tuple[bool, Usage | None]] = {
    "audio_transcriptions": (False, make_usage(input_audio=14, output=45)),
    "chat": (False, make_usage(input=2048, output=427)),
    "chat_cached": (False, make_usage(input=1024, cache_read=1024, output=427, reasoning=192)),
    "chat_completed": (False, make_usage(input=1024, cache_read=1024, output=427)),
    "chat_content_filter_400": (True, None),
    "chat_moved": (False, make_usage(input=1024, cache_read=1024, output=427)),
    "chat_refused_429": (False, None),
    "chat_streamed": (True, None),
    "chat_subscription_key": (False, make_usage(input=310, output=42)),
    "embeddings": (False, make_usage(input=8)),
    "images": (False, make_usage(input=10, input_image=40, output_image=4160)),
    "messages": (False, make_usage(input=2, cache_write_5m=42334, output=121)),
    "responses": (False, make_usage(input=200, cache_read=128, output=52, reasoning=32)),
}
"""Per sample: whether it waits for pairing, and its usage in units."""


def sample_event(name: str) -> UsageEvent:
    body = SAMPLES[name].read_bytes()
    called = datetime.fromisoformat(json.loads(body)["time"])
    event = decode(body, enqueued_time=called + timedelta(seconds=5))
    assert isinstance(event, UsageEvent), event
    return event


def test_schema_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_sample_is_expected_and_every_expectation_has_a_sample() -> None:
    assert set(SAMPLES) == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_sample_keeps_the_contract(name: str) -> None:
    body = SAMPLES[name].read_bytes()
    assert wire_violations(json.loads(body)) == []
    assert len(body) < WRITTEN_BYTES_MAX


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_sample_decodes_to_its_units_and_disposition(name: str) -> None:
    event = sample_event(name)
    assert (is_deferred(event), event.usage) == EXPECTED[name]


def test_completed_sample_is_the_streamed_sample_with_usage() -> None:
    streamed, completed = sample_event("chat_streamed"), sample_event("chat_completed")
    assert (streamed.id, streamed.time, streamed.subject) == (
        completed.id,
        completed.time,
        completed.subject,
    )
    assert (streamed.rank, completed.rank) == (Rank.NO_USAGE, Rank.GATEWAY_LOG)


def test_moved_sample_replaces_the_place_it_names() -> None:
    moved = sample_event("chat_moved").replaces
    assert moved is not None
    assert moved.subject == "unattributed"
    assert moved.time == datetime(2026, 11, 20, 9, 30, 16, 998001, tzinfo=UTC)


def test_the_gateways_own_event_replaces_nothing() -> None:
    replaces = {"subject": "somebody", "time": "2026-11-20T09:30:15Z"}
    event = decode(make_body(replaces=replaces), enqueued_time=ENQUEUED_TIME)
    assert isinstance(event, UsageEvent)
    assert event.replaces is None


@pytest.mark.parametrize(
    "change",
    [
        *({name: ABSENT} for name in SCHEMA["required"]),
        *({name: ABSENT} for name in SCHEMA["$defs"]["call"]["required"]),
        {"specversion": "0.3"},
        {"type": "llm.call.v2"},
        {"id": ""},
        {"id": "NA"},
        {"id": "i" * (decoder.ID_CHARS_MAX + 1)},
        {"id": "a\u0000b"},
        {"time": "2026-11-20T09:30:15"},
        {"time": "5/24/2024 2:45:56 PM"},
        {"subject": "   "},
        {"subject": "s" * (decoder.SUBJECT_CHARS_MAX + 1)},
        {"status": "200"},
        {"status": 600},
        {"status": -1},
        {"stream": "false"},
        {"operation": "rerank"},
        {"duration_ms": -1},
        {"usage": []},
        {"deployment": 5},
        {"caller": {"oid": 5}},
        {"type": COMPLETED},
        {"type": COMPLETED, "completed_from": []},
        {"type": COMPLETED, "completed_from": ["trace"]},
        {**MOVED, "replaces": {"subject": "unattributed"}},
        {**MOVED, "replaces": {"subject": "", "time": "2026-11-20T09:30:15Z"}},
        {**MOVED, "replaces": {"subject": "unattributed", "time": "yesterday"}},
    ],
    ids=str,
)
def test_what_the_schema_forbids_the_decoder_refuses(change: dict[str, Any]) -> None:
    assert wire_violations(make_document(**change)) != []
    assert isinstance(decode(make_body(**change), enqueued_time=ENQUEUED_TIME), InvalidEvent)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"usage": None},
        {"id": "i" * decoder.ID_CHARS_MAX, "subject": "s" * decoder.SUBJECT_CHARS_MAX},
        {"subject": "a|b/c#d?e\\f é日本"},
        {"time": "2026-11-20T09:30:15Z"},
        {"status": 0, "usage": None},
        {"status": 599, "usage": None},
        {"caller": None},
        {"deployment": ABSENT, "model": None},
        {"type": COMPLETED, "completed_from": ["gateway-llm-log"]},
        {"type": COMPLETED, "usage": None, "completed_from": ["trace"]},
        {"type": COMPLETED, "usage": None, "completed_from": ["gateway-log"]},
        {**MOVED, "replaces": {"subject": "unattributed", "time": "2026-11-20T09:30:15Z"}},
    ],
    ids=str,
)
def test_what_the_schema_allows_the_decoder_reads(change: dict[str, Any]) -> None:
    assert wire_violations(make_document(**change)) == []
    assert isinstance(decode(make_body(**change), enqueued_time=ENQUEUED_TIME), UsageEvent)


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "hello"},
        {"session": "NA"},
        {"region": ""},
        {"completed_from": ["trace"]},
        {"replaces": {"subject": "unattributed", "time": "2026-11-20T09:30:15Z"}},
    ],
    ids=str,
)
def test_writer_is_held_to_more_than_a_reader(change: dict[str, Any]) -> None:
    assert wire_violations(make_document(**change)) != []
    assert isinstance(decode(make_body(**change), enqueued_time=ENQUEUED_TIME), UsageEvent)


def test_closed_sets_and_bounds_are_those_of_the_code() -> None:
    fields, call = SCHEMA["properties"], SCHEMA["$defs"]["call"]["properties"]
    assert fields["type"]["enum"] == [str(kind) for kind in EventType]
    assert call["operation"]["enum"] == [str(operation) for operation in Operation]
    assert fields["id"]["maxLength"] == decoder.ID_CHARS_MAX
    assert fields["subject"]["maxLength"] == decoder.SUBJECT_CHARS_MAX
    assert call["completed_from"]["maxItems"] == decoder.HALVES_MAX
    assert decoder.GATEWAY_LOG_SOURCE in call["completed_from"]["items"]["enum"]
    text = SCHEMA["$defs"]["text"]["anyOf"][1]
    assert text["maxLength"] == decoder.INFORMATION_CHARS_MAX


def test_reference_page_lists_every_field_once() -> None:
    fields = [
        *SCHEMA["properties"],
        *(f"data.{name}" for name in SCHEMA["$defs"]["call"]["properties"]),
        *(f"data.caller.{name}" for name in SCHEMA["$defs"]["caller"]["properties"]),
    ]
    page = REFERENCE[REFERENCE.index("## Fields") : REFERENCE.index("## What the decoder")]
    assert re.findall(r"^\| `([^`]+)`", page, re.MULTILINE) == fields


def test_reference_page_lists_every_invalid_code_once() -> None:
    page = REFERENCE[REFERENCE.index("| code |") :]
    assert re.findall(r"^\| `([^`]+)`", page, re.MULTILINE) == [str(code) for code in InvalidCode]


def test_reference_page_states_the_bounds_of_the_code() -> None:
    assert f"{decoder.FAR_PAST_MAX.days} days" in REFERENCE
    assert timedelta(hours=1) == decoder.FUTURE_MAX
    assert "1 hour" in REFERENCE
    assert f"{decoder.BODY_BYTES_MAX // 1024} KB" in REFERENCE
    assert f"at most {decoder.INFORMATION_CHARS_MAX}." in REFERENCE
