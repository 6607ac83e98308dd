"""The wire contract: schema, samples, reference page and decoder say the same."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from pricing_rules.decoding import usage_event as decoder
from pricing_rules.decoding.invalid_event import InvalidCode, InvalidEvent
from pricing_rules.decoding.reported_usage import USAGE_SOURCES
from pricing_rules.decoding.text import INFORMATION_CHARS_MAX
from pricing_rules.decoding.usage_event import TOOL_KINDS_MAX, decode, is_deferred
from pricing_rules.decoding.wire_event import TOOL_CALLS_MAX, EventType
from pricing_rules.types import CACHE_HIT, Caveats, Operation, Rank, Usage, UsageEvent
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
WRITTEN_BYTES_MAX = 65_536
COMPLETED = "llm.call.completed.v1"
MOVED = {"type": COMPLETED, "completed_from": ["gateway-llm-log", "trace"]}

LONG = make_usage(input=100, cache_write_1h=4000, output=1000)
EXPECTED: dict[str, tuple[bool, Usage | None]] = {
    "audio_transcriptions": (False, make_usage(input_audio=14, output=45)),
    "audio_transcriptions_duration": (False, make_usage(audio_ms=11_000)),
    "chat": (False, make_usage(input=2048, output=427)),
    "chat_cached": (False, make_usage(input=1024, cache_read=1024, output=427, reasoning=192)),
    "chat_completed": (False, make_usage(input=1024, cache_read=1024, output=427)),
    "chat_completed_in_pool": (False, make_usage(input=1024, cache_read=1024, output=427)),
    "chat_content_filter_400": (True, None),
    "chat_from_cache": (True, None),
    "chat_moved": (False, make_usage(input=1024, cache_read=1024, output=427)),
    "chat_refused_429": (False, None),
    "chat_spilled_over": (False, make_usage(input=2048, output=427)),
    "chat_streamed": (True, None),
    "chat_streamed_unasked": (True, None),
    "chat_subscription_key": (False, make_usage(input=310, output=42)),
    "embeddings": (False, make_usage(input=8)),
    "embeddings_large_request": (False, make_usage(input=8)),
    "images": (False, make_usage(input=10, input_image=40, output_image=4160)),
    "messages": (False, make_usage(input=2, cache_write_5m=42334, output=121)),
    "messages_long_usage": (False, replace(LONG, caveats=Caveats(passes=(205, 205)))),
    "responses": (False, make_usage(input=200, cache_read=128, output=52, reasoning=32)),
    "responses_background": (False, None),
    "responses_background_completed": (False, make_usage(input=12000, output=8000)),
    "responses_fetched": (True, make_usage(input=12000, output=8000)),
    "responses_tools": (False, make_usage(input=9500, output=600, web_search=3)),
}
"""Per sample: whether it waits for pairing, and its usage in units."""
BEFORE_REVISION = [
    *("audio_transcriptions", "chat", "chat_cached", "chat_completed", "chat_content_filter_400"),
    *("chat_moved", "chat_refused_429", "chat_streamed", "chat_subscription_key", "embeddings"),
    *("images", "messages", "responses"),
]
"""Samples of the first contract: gateways in the field may write them for years."""
REVISION: dict[str, Any] = {
    "served_deployment": None,
    "spillover_from": None,
    "cache": None,
    "requested_tier": None,
    "tools_requested": (),
    "tool_calls": (),
    "body_unread": None,
    "usage_unasked": False,
    "background": False,
    "response_status": None,
    "backend_host": None,
    "fetched": False,
}
"""The fields of the revision, as an event without them decodes."""
READ: dict[str, dict[str, Any]] = {
    "chat_completed_in_pool": {"backend_host": "aoai-sweden-2.openai.azure.com"},
    "chat_from_cache": {"cache": "hit"},
    "chat_spilled_over": {"served_deployment": "gpt-5", "spillover_from": "gpt-5-ptu"},
    "chat_streamed_unasked": {"usage_unasked": True},
    "embeddings_large_request": {"body_unread": "too_large"},
    "responses_background": {"background": True, "response_status": "queued"},
    "responses_background_completed": {"background": True, "response_status": "completed"},
    "responses_fetched": {"background": True, "response_status": "completed", "fetched": True},
    "responses_tools": {
        "requested_tier": "auto",
        "tools_requested": ("web_search",),
        "tool_calls": (("web_search_call", 3),),
        "response_status": "completed",
    },
}
"""Fields of the revision that a sample shows."""


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


@pytest.mark.parametrize("name", BEFORE_REVISION)
def test_sample_of_the_first_contract_says_nothing_of_the_revision(name: str) -> None:
    assert REVISION.keys().isdisjoint(json.loads(SAMPLES[name].read_text())["data"])
    event = sample_event(name)
    assert {field: getattr(event, field) for field in REVISION} == REVISION


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - set(BEFORE_REVISION)))
def test_sample_of_the_revision_decodes_to_the_fields_it_shows(name: str) -> None:
    event = sample_event(name)
    expected = REVISION | READ.get(name, {})
    assert {field: getattr(event, field) for field in REVISION} == expected


def test_fetched_answer_waits_for_the_call_that_made_it() -> None:
    queued, fetched = sample_event("responses_background"), sample_event("responses_fetched")
    assert queued.response_id == fetched.response_id is not None
    assert queued.id != fetched.id
    assert (fetched.rank, sample_event("responses_background_completed").rank) == (
        Rank.MODEL_USAGE,
        Rank.MODEL_USAGE,
    )
    assert queued.rank is Rank.PENDING


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
        {"served_deployment": 5},
        {"duration": "eleven"},
        {"background": "yes"},
        {"tools": ["web_search"]},
        {"tools": {"calls": {"web_search_call": -1}}},
        {"tools": {"calls": {"web_search_call": "3"}}},
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
        {"cache": "hit", "usage": None},
        {"tools": {}},
        {"tools": {"requested": ["mcp"], "calls": {"mcp_call": 2}, "usage": None}},
        {"duration": 11.25, "background": None, "response_status": "completed"},
        {"type": COMPLETED, "completed_from": ["fetched-answer"]},
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
        {"cache": "stale"},
        {"background": False},
        {"body_unread": "asleep"},
        {"usage_unasked": False},
        {"duration": -1},
        {"backend_host": "a.example"},
        {"tools": {"calls": {"web_search_call": 0}}},
        {"type": "llm.call.usage.v1"},
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
    assert set(call["completed_from"]["items"]["enum"]) > USAGE_SOURCES
    assert CACHE_HIT in call["cache"]["enum"]
    tools = SCHEMA["$defs"]["tools"]["properties"]
    assert tools["requested"]["maxItems"] == tools["calls"]["maxProperties"] == TOOL_KINDS_MAX
    assert tools["calls"]["additionalProperties"]["maximum"] == TOOL_CALLS_MAX
    text = SCHEMA["$defs"]["text"]["anyOf"][1]
    assert text["maxLength"] == INFORMATION_CHARS_MAX


def test_reference_page_lists_every_field_once() -> None:
    fields = [
        *SCHEMA["properties"],
        *(f"data.{name}" for name in SCHEMA["$defs"]["call"]["properties"]),
        *(f"data.tools.{name}" for name in SCHEMA["$defs"]["tools"]["properties"]),
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
    assert f"at most {INFORMATION_CHARS_MAX}." in REFERENCE
