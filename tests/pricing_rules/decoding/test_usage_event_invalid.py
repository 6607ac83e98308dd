"""decoding.usage_event: each bad body is an InvalidEvent that names field and value."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pricing_rules.decoding.invalid_event import SHOWN_CHARS_MAX, InvalidCode, InvalidEvent
from pricing_rules.decoding.reported_usage import USAGE_TOTAL_MAX
from pricing_rules.decoding.usage_event import (
    BODY_BYTES_MAX,
    FAR_PAST_MAX,
    FUTURE_MAX,
    ID_CHARS_MAX,
    MESSAGE_CHARS_MAX,
    SUBJECT_CHARS_MAX,
    decode,
)
from pricing_rules.types import UsageEvent
from tests.fixtures.builders import (
    ABSENT,
    CALL_TIME,
    ENQUEUED_TIME,
    call_id,
    chat_usage,
    make_body,
    make_document,
)
from tests.paths import SHARED

RECORDED = SHARED / "data/apim_events"
needs_recorded = pytest.mark.skipif(
    not RECORDED.is_dir(), reason="the recorded gateway events are not beside the repository"
)
COMPLETED = "llm.call.completed.v1"


def refused(body: bytes) -> InvalidEvent:
    event = decode(body, enqueued_time=ENQUEUED_TIME)
    assert isinstance(event, InvalidEvent), event
    return event


@needs_recorded
@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("01_policy_event_chat_nonstream.json", "specversion", "absent"),
        ("02_policy_event_chat_stream_identity_only.json", "specversion", "absent"),
        ("03_diag_envelope_chat_stream.json", "specversion", "absent"),
        ("04_diag_envelope_anthropic_stream_probe_chunks.json", "specversion", "absent"),
        ("05_diag_gatewaylogs_token_limit_429.json", "specversion", "absent"),
        ("06_aihubgateway_usage_event.json", "specversion", "absent"),
        ("07_usage_objects.json", "specversion", "absent"),
        ("08_sse_final_events.json", "specversion", "absent"),
        ("09_app_insights_custommetrics_rows.json", "body", "a list of 4 items"),
        ("10_truncated_policy_event.json", "specversion", "absent"),
    ],
)
def test_other_recorded_telemetry_is_named_and_refused(name: str, field: str, value: str) -> None:
    event = refused((RECORDED / name).read_bytes())
    assert (event.field, event.value) == (field, value)
    assert event.message.startswith(f"{field} is {value}, expected ")


@needs_recorded
def test_recorded_truncated_body_shows_where_it_was_cut() -> None:
    recorded = json.loads((RECORDED / "10_truncated_policy_event.json").read_text())
    event = refused(recorded["body"].encode())
    assert (event.code, event.field) == (InvalidCode.NOT_JSON, "body")
    assert '"usage":{"prompt_tok' in event.message


@pytest.mark.parametrize("length", [0, 1, 100, 500, 900])
def test_truncated_body_is_not_json(length: int) -> None:
    event = refused(make_body()[:length])
    assert (event.code, event.field) == (InvalidCode.NOT_JSON, "body")


def test_invalid_utf8_is_refused_even_in_an_ignored_field() -> None:
    body = make_body(newer="mark").replace(b"mark", b"\xff\xfe")
    event = refused(body)
    assert (event.code, event.field) == (InvalidCode.NOT_UTF8, "body")
    assert "\\xff\\xfe" in event.value
    assert str(body.index(b"\xff")) in event.message


@pytest.mark.parametrize(
    ("change", "code", "field", "value"),
    [
        ({"specversion": "0.3"}, "unknown_specversion", "specversion", "'0.3'"),
        ({"specversion": 1.0}, "wrong_type", "specversion", "1.0"),
        ({"type": "llm.call.v2"}, "unknown_type", "type", "'llm.call.v2'"),
        ({"type": "order.created"}, "unknown_type", "type", "'order.created'"),
        ({"type": ABSENT}, "missing_field", "type", "absent"),
        ({"id": ABSENT}, "missing_field", "id", "absent"),
        ({"id": None}, "missing_field", "id", "null"),
        ({"id": ""}, "missing_field", "id", "''"),
        ({"id": "NA"}, "missing_field", "id", "'na'"),
        ({"id": 7}, "wrong_type", "id", "7"),
        ({"id": "a\x00b"}, "bad_character", "id", r"'a\x00b'"),
        ({"id": "a\x7fb"}, "bad_character", "id", r"'a\x7fb'"),
        ({"source": ABSENT}, "missing_field", "source", "absent"),
        ({"source": "-"}, "missing_field", "source", "'-'"),
        ({"time": ABSENT}, "missing_field", "time", "absent"),
        ({"time": ""}, "bad_time", "time", "''"),
        ({"time": "5/24/2024 2:45:56 PM"}, "bad_time", "time", "'5/24/2024 2:45:56 PM'"),
        ({"time": "2026-11-20T09:30:15"}, "bad_time", "time", "'2026-11-20T09:30:15'"),
        ({"time": "2026-11-20T09:30:15+01:00"}, "bad_time", "time", "'2026-11-20T09:30:15+01:00'"),
        ({"time": "2026-13-20T09:30:15Z"}, "bad_time", "time", "'2026-13-20T09:30:15Z'"),
        ({"time": "2026-W47-5T09:30:15Z"}, "bad_time", "time", "'2026-W47-5T09:30:15Z'"),
        ({"time": 1795167015}, "wrong_type", "time", "1795167015"),
        ({"subject": ABSENT}, "missing_field", "subject", "absent"),
        ({"subject": "NA"}, "missing_field", "subject", "'NA'"),
        ({"subject": "  "}, "missing_field", "subject", "'  '"),
        ({"subject": "a\nb"}, "bad_character", "subject", r"'a\nb'"),
        ({"subject": "a\x85b"}, "bad_character", "subject", r"'a\x85b'"),
        ({"data": None}, "missing_field", "data", "null"),
        ({"data": []}, "wrong_type", "data", "a list of 0 items"),
        ({"stream": "false"}, "wrong_type", "data.stream", "'false'"),
        ({"stream": ABSENT}, "missing_field", "data.stream", "absent"),
        ({"status": "200"}, "wrong_type", "data.status", "'200'"),
        ({"status": True}, "wrong_type", "data.status", "true"),
        ({"status": -1}, "out_of_range", "data.status", "-1"),
        ({"status": 600}, "out_of_range", "data.status", "600"),
        ({"duration_ms": -1}, "out_of_range", "data.duration_ms", "-1"),
        ({"operation": "rerank"}, "unknown_operation", "data.operation", "'rerank'"),
        ({"operation": None}, "missing_field", "data.operation", "null"),
        ({"deployment": 5}, "wrong_type", "data.deployment", "5"),
        ({"caller": {"oid": ["x"]}}, "wrong_type", "data.caller.oid", "a list of 1 items"),
        ({"usage": "2475"}, "wrong_type", "data.usage", "'2475'"),
        (
            {"type": COMPLETED, "completed_from": ["trace", 5]},
            "wrong_type",
            "data.completed_from[1]",
            "5",
        ),
        ({"type": COMPLETED}, "missing_field", "data.completed_from", "null"),
        (
            {"type": COMPLETED, "completed_from": ["NA"]},
            "missing_field",
            "data.completed_from",
            "a list of 1 items",
        ),
        (
            {"type": COMPLETED, "completed_from": ["trace"]},
            "bad_usage",
            "data.completed_from",
            "a list of 1 items",
        ),
        (
            {"usage": chat_usage(prompt=USAGE_TOTAL_MAX, completion=1)},
            "out_of_range",
            "data.usage",
            str(USAGE_TOTAL_MAX + 1),
        ),
    ],
)
def test_bad_field_is_named_with_its_value(
    change: dict[str, Any], code: str, field: str, value: str
) -> None:
    event = refused(make_body(**change))
    assert (event.code, event.field, event.value) == (code, field, value)
    assert event.message.startswith(f"{field} is {value}, expected ")
    assert "id" in change or event.event_id == call_id(1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"specversion": "0.3"}, "specversion is '0.3', expected \"1.0\""),
        ({"stream": 1}, "data.stream is 1, expected true or false"),
        ({"usage": 1}, "data.usage is 1, expected the model's usage object or null"),
        ({"duration_ms": 0.5}, "data.duration_ms is 0.5, expected whole milliseconds or null"),
        ({"caller": {"oid": 1}}, "data.caller.oid is 1, expected str | null"),
        ({"duration": "eleven"}, "data.duration is 'eleven', expected seconds or null"),
        (
            {"type": "llm.call.v2"},
            'type is \'llm.call.v2\', expected "llm.call.v1" or "llm.call.completed.v1"'
            ' or "llm.call.usage.v1"',
        ),
    ],
)
def test_message_says_what_was_expected(change: dict[str, Any], message: str) -> None:
    assert refused(make_body(**change)).message == message


@pytest.mark.parametrize(
    ("text", "event_id"),
    [
        ("A-1", "a-1"),
        ("i" * ID_CHARS_MAX, "i" * ID_CHARS_MAX),
        ("i" * (ID_CHARS_MAX + 1), None),
        ("a\nb", None),
        ("", None),
    ],
)
def test_id_of_a_refused_body_is_kept_where_it_could_be_one(
    text: str, event_id: str | None
) -> None:
    assert refused(make_body(id=text, status="200")).event_id == event_id


def test_field_that_stands_twice_is_refused_by_what_can_be_seen_of_it() -> None:
    # The reader stops at the first `data`, the diagnosis sees the last one.
    first = json.dumps(make_document(type=COMPLETED, completed_from=["trace", 5])["data"])
    last = json.dumps(make_document(type=COMPLETED, completed_from=["trace"])["data"])
    body = make_body(type=COMPLETED, data="DATA").replace(
        b'"DATA"', f'{first}, "data": {last}'.encode()
    )
    event = refused(body)
    assert (event.code, event.field) == (InvalidCode.WRONG_TYPE, "data.completed_from[1]")


@pytest.mark.parametrize(
    ("usage", "names"),
    [
        (chat_usage(prompt=-5), ["prompt_tokens", "-5"]),
        ({"prompt_tokens": "15000", "completion_tokens": "5000"}, ["prompt_tokens", "15000"]),
        ({"prompt_tokens": 1.5}, ["prompt_tokens", "1.5"]),
    ],
)
def test_what_is_no_count_is_named(usage: dict[str, Any], names: list[str]) -> None:
    event = refused(make_body(usage=usage))
    assert event.code is InvalidCode.BAD_USAGE
    assert event.field.startswith("data.usage.")
    assert event.event_id == call_id(1)
    for name in names:
        assert name in event.message


@pytest.mark.parametrize(
    ("age", "code"),
    [
        (FAR_PAST_MAX + timedelta(microseconds=1), InvalidCode.FAR_PAST),
        (-FUTURE_MAX - timedelta(microseconds=1), InvalidCode.FAR_FUTURE),
    ],
)
def test_time_beyond_the_bounds_is_refused(age: timedelta, code: InvalidCode) -> None:
    event = decode(make_body(), enqueued_time=CALL_TIME + age)
    assert isinstance(event, InvalidEvent)
    assert (event.code, event.field) == (code, "time")
    assert "2026-11-20T09:30:15.4465902Z" in event.message


def test_body_of_300_kb_is_refused_without_parsing() -> None:
    body = make_body(newer="x" * 300_000)
    event = refused(body)
    assert (event.code, event.value) == (InvalidCode.TOO_LARGE, f"{len(body)} bytes")
    assert str(BODY_BYTES_MAX) in event.message


def test_largest_body_is_still_read() -> None:
    room = BODY_BYTES_MAX - len(make_body(newer=""))
    full = make_body(newer="x" * room)
    assert len(full) == BODY_BYTES_MAX
    assert isinstance(decode(full, enqueued_time=ENQUEUED_TIME), UsageEvent)
    assert refused(full + b" ").code is InvalidCode.TOO_LARGE


@pytest.mark.parametrize(
    ("field", "chars_max"), [("id", ID_CHARS_MAX), ("subject", SUBJECT_CHARS_MAX)]
)
def test_overlong_identity_is_refused_with_a_short_message(field: str, chars_max: int) -> None:
    event = refused(make_body(**{field: "x" * 50_000}))
    assert (event.code, event.field) == (InvalidCode.TOO_LONG, field)
    assert len(event.value) <= SHOWN_CHARS_MAX
    assert str(chars_max) in event.message


@pytest.mark.parametrize(
    ("mark", "field"), [("subject", "subject"), ("id", "id"), ("newer", "data.newer.a[1]")]
)
def test_half_a_surrogate_pair_is_named_and_printable(mark: str, field: str) -> None:
    changes: dict[str, Any] = {"newer": {"a": [1, "HALF"]}} if mark == "newer" else {mark: "HALF"}
    event = refused(make_body(**changes).replace(b"HALF", rb"x\ud800y"))
    assert (event.code, event.field) == (InvalidCode.BAD_CHARACTER, field)
    assert r"x\ud800y" in event.message
    assert event.message.isprintable()


def test_half_a_surrogate_pair_in_a_field_name_is_found() -> None:
    event = refused(make_body().replace(b'{"specversion"', rb'{"x\ud800y": 1, "specversion"'))
    assert (event.code, event.field) == (InvalidCode.BAD_CHARACTER, "body")
    event = refused(make_body(newer={"HALF": 1}).replace(b"HALF", rb"x\ud800y"))
    assert (event.code, event.field) == (InvalidCode.BAD_CHARACTER, "data.newer")


@pytest.mark.parametrize("number", [b"NaN", b"1e400", b"9" * 5000, b"01"])
def test_number_that_is_none_is_refused(number: bytes) -> None:
    body = make_body(usage={"prompt_tokens": 31415}).replace(b"31415", number)
    event = refused(body)
    assert event.code in {InvalidCode.NOT_JSON, InvalidCode.OUT_OF_RANGE}


def test_deep_nesting_is_refused() -> None:
    event = refused(b"[" * 200_000)
    assert (event.code, event.field) == (InvalidCode.NOT_JSON, "body")


def test_kind_of_a_foreign_event_is_named_before_its_missing_fields() -> None:
    event = refused(b'{"data": 5, "specversion": "1.0", "id": "X-1", "type": "order.created"}')
    assert (event.code, event.event_id) == (InvalidCode.UNKNOWN_TYPE, "x-1")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**29, 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted(make_document()) + sorted(make_document()["data"])
USAGE_FIELDS = [
    *chat_usage(),
    "input_tokens",
    "output_tokens",
    "input_token_details",
    "cache_creation",
    "cache_creation_input_tokens",
    "type",
    "seconds",
]
HUGE = 9 * 10**4299
"""The longest number that JSON readers accept: 4,300 digits."""
OPERATIONS = ["chat-completions", "audio-transcriptions", "images", "messages", "embeddings"]


def is_named(event: UsageEvent | InvalidEvent) -> bool:
    """Whether the result is a call, or says in short printable words what is wrong."""
    if isinstance(event, UsageEvent):
        return True
    bound = MESSAGE_CHARS_MAX + 2 * SHOWN_CHARS_MAX
    return bool(event.field) and len(event.value) <= SHOWN_CHARS_MAX and len(event.message) < bound


@given(st.binary())
@settings(deadline=None)
@example(b"\xef\xbb\xbf{}")
@example(b"null")
def test_any_bytes_give_a_result(body: bytes) -> None:
    assert is_named(decode(body, enqueued_time=ENQUEUED_TIME))


@given(JSON)
@settings(deadline=None)
def test_any_json_gives_a_result(value: Any) -> None:
    assert is_named(decode(json.dumps(value).encode(), enqueued_time=ENQUEUED_TIME))


@given(st.sampled_from(FIELDS), JSON)
@settings(max_examples=300, deadline=None)
def test_any_value_in_any_field_gives_a_result(field: str, value: Any) -> None:
    body = json.dumps(make_document(**{field: value})).encode()
    assert is_named(decode(body, enqueued_time=ENQUEUED_TIME))


@given(
    st.sampled_from(OPERATIONS),
    st.dictionaries(
        st.sampled_from(USAGE_FIELDS), JSON | st.sampled_from(["duration", "tokens", "abc", "1e9"])
    ),
)
@settings(max_examples=500, deadline=None)
@example("audio-transcriptions", {"type": "duration", "seconds": "abc"})
@example("audio-transcriptions", {"type": "duration", "seconds": "1e999999"})
@example("completions", {"prompt_tokens": HUGE, "completion_tokens": HUGE, "total_tokens": 1})
@example("completions", {"prompt_tokens": HUGE, "completion_tokens": HUGE})
def test_any_usage_object_gives_a_result(operation: str, usage: dict[str, Any]) -> None:
    body = json.dumps(make_document(operation=operation, usage=usage)).encode()
    assert is_named(decode(body, enqueued_time=ENQUEUED_TIME))


@given(st.integers(0, 930), st.binary(min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_any_damage_to_a_good_body_gives_a_result(position: int, damage: bytes) -> None:
    body = make_body()
    damaged = body[:position] + damage + body[position + len(damage) :]
    assert is_named(decode(damaged, enqueued_time=ENQUEUED_TIME))
