"""pricing_rules.decoding.usage_event: what a good body means."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing_rules.decoding.reported_usage import USAGE_TOTAL_MAX
from pricing_rules.decoding.text import INFORMATION_CHARS_MAX
from pricing_rules.decoding.usage_event import (
    FAR_PAST_MAX,
    FUTURE_MAX,
    ID_CHARS_MAX,
    SUBJECT_CHARS_MAX,
    call_key,
    decode,
    is_deferred,
)
from pricing_rules.types import Caller, Operation, Rank, Usage, UsageEvent
from tests.fixtures.builders import (
    ABSENT,
    CALL_TIME,
    ENQUEUED_TIME,
    chat_usage,
    make_body,
    make_event,
    make_usage,
)
from tests.paths import SHARED

RECORDED = SHARED / "data/apim_events"
needs_recorded = pytest.mark.skipif(
    not RECORDED.is_dir(), reason="the recorded gateway events are not beside the repository"
)


def decoded(body: bytes) -> UsageEvent:
    event = decode(body, enqueued_time=ENQUEUED_TIME)
    assert isinstance(event, UsageEvent), event
    return event


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text())


def recorded_body(name: str) -> tuple[bytes, datetime]:
    """A recorded policy event in the wire contract, and a minute after its call."""
    old = recorded(name)
    body = make_body(
        id=old["correlation_id"],
        time=old["time"],
        subject=old["user"]["oid"],
        stream=old["stream"],
        status=old["status"],
        caller={"oid": old["user"]["oid"], "azp": old["user"]["azp"]},
        deployment=old["deployment"],
        model=old["model"],
        region=old["region"],
        response_id=old["response_id"],
        usage=old["usage"],
    )
    return body, datetime.fromisoformat(old["time"]) + timedelta(minutes=1)


def test_every_field_of_the_wire_event_reaches_the_usage_event() -> None:
    body = make_body(session="chat-7", traceparent="00-0af7-b7ad-01")
    assert decoded(body) == make_event(session="chat-7", traceparent="00-0af7-b7ad-01")


@needs_recorded
def test_recorded_chat_call_decodes_to_exact_units() -> None:
    body, enqueued_time = recorded_body("01_policy_event_chat_nonstream.json")
    event = decode(body, enqueued_time=enqueued_time)
    assert isinstance(event, UsageEvent)
    assert event.usage == make_usage(input=1024, cache_read=1024, output=427)
    assert event.strength == (Rank.MODEL_USAGE, 2475)
    assert event.time == datetime(2026, 9, 4, 10, 15, 31, 446590, tzinfo=UTC)
    assert not is_deferred(event)


@needs_recorded
def test_recorded_streamed_call_waits_for_the_gateway_log() -> None:
    body, enqueued_time = recorded_body("02_policy_event_chat_stream_identity_only.json")
    event = decode(body, enqueued_time=enqueued_time)
    assert isinstance(event, UsageEvent)
    assert (event.usage, event.strength) == (None, (Rank.NO_USAGE, 0))
    assert is_deferred(event)


@needs_recorded
@pytest.mark.parametrize(
    ("shape", "operation", "usage"),
    [
        (
            "chat_completions",
            "chat-completions",
            make_usage(input=1024, cache_read=1024, output=427, reasoning=192),
        ),
        (
            "chat_completions_newer_fields",
            "chat-completions",
            make_usage(input=184, cache_write_5m=2816, output=50),
        ),
        ("responses", "responses", make_usage(input=200, cache_read=128, output=52, reasoning=32)),
        ("embeddings", "embeddings", make_usage(input=8)),
        ("images_gpt_image_1", "images", make_usage(input=10, input_image=40, output_image=4160)),
        (
            "audio_transcriptions_tokens",
            "audio-transcriptions",
            make_usage(input_audio=14, output=45),
        ),
        ("audio_transcriptions_duration", "audio-transcriptions", make_usage(audio_ms=9000)),
        ("anthropic_messages", "messages", make_usage(input=2, cache_write_5m=42334, output=121)),
    ],
)
def test_usage_of_each_api_decodes_to_disjoint_units(
    shape: str, operation: str, usage: Usage
) -> None:
    event = decoded(make_body(operation=operation, usage=recorded("07_usage_objects.json")[shape]))
    assert event.usage == usage


def test_completed_call_has_the_rank_of_the_gateway_log() -> None:
    event = decoded(
        make_body(
            type="llm.call.completed.v1", stream=True, completed_from=["gateway-llm-log", "trace"]
        )
    )
    assert event.rank is Rank.GATEWAY_LOG
    assert event.completed_from == ("gateway-llm-log", "trace")
    assert not is_deferred(event)


def test_completed_call_without_tokens_is_not_deferred_again() -> None:
    event = decoded(
        make_body(
            type="llm.call.completed.v1", stream=True, usage=None, completed_from=["usage-event"]
        )
    )
    assert event.rank is Rank.NO_USAGE
    assert not is_deferred(event)


@pytest.mark.parametrize(
    ("status", "deferred"),
    [(200, True), (400, True), (408, True), (500, True), (401, False), (403, False), (429, False)],
)
def test_only_refused_calls_without_usage_are_posted_at_once(status: int, deferred: bool) -> None:
    assert is_deferred(decoded(make_body(status=status, usage=None))) is deferred


def test_failed_call_with_usage_is_posted() -> None:
    assert not is_deferred(decoded(make_body(status=500)))


def test_streamed_call_with_usage_is_posted() -> None:
    assert not is_deferred(decoded(make_body(stream=True)))


WAITING = {"background": True, "response_status": "queued", "response_id": "resp_1", "usage": None}


def test_a_background_answer_that_can_be_fetched_later_is_pending_at_once() -> None:
    event = decoded(make_body(operation="responses", **WAITING))
    assert event.strength == (Rank.PENDING, 0)
    assert not is_deferred(event)


@pytest.mark.parametrize(
    "change",
    [
        {"background": None},
        {"response_status": "failed"},
        {"response_status": None},
        {"response_id": None},
        {"stream": True},
        {"status": 500},
    ],
    ids=str,
)
def test_any_other_answer_without_usage_waits_for_the_log(change: dict[str, object]) -> None:
    event = decoded(make_body(operation="responses", **(WAITING | change)))
    assert event.rank is Rank.NO_USAGE
    assert is_deferred(event)


def test_a_cached_answer_has_no_usage_of_its_own_and_waits_for_the_log() -> None:
    event = decoded(make_body(cache="hit"))
    assert (event.usage, event.strength) == (None, (Rank.MODEL_USAGE, 0))
    assert is_deferred(event)
    completed = make_body(
        type="llm.call.completed.v1", cache="hit", usage=None, completed_from=["gateway-log"]
    )
    assert not is_deferred(decoded(completed))


def test_usage_of_a_fetched_answer_is_the_models_own_and_belongs_to_another_call() -> None:
    fetched = decoded(
        make_body(type="llm.call.usage.v1", operation="responses", **(WAITING | {"usage": None}))
    )
    assert is_deferred(fetched)
    completed = make_body(type="llm.call.completed.v1", completed_from=["fetched-answer", "trace"])
    assert decoded(completed).rank is Rank.MODEL_USAGE


@pytest.mark.parametrize("around", ["", " ", "\u00a0"])
def test_id_is_lower_cased_and_trimmed_so_that_both_paths_name_one_call(around: str) -> None:
    event = decoded(make_body(id=f"{around}3F06647E-1D0A-4C37-9A52-530EB9F15261{around}"))
    assert event.id == "3f06647e-1d0a-4c37-9a52-530eb9f15261"
    assert call_key("3F06647E-1D0A-4C37-9A52-530EB9F15261") == event.id


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-11-20T09:30:15Z", 0),
        ("2026-11-20T09:30:15.4Z", 400000),
        ("2026-11-20T09:30:15.446590Z", 446590),
        ("2026-11-20T09:30:15.4465909Z", 446590),
        ("2026-11-20T09:30:15.446590999Z", 446590),
        ("2026-11-20T09:30:15.4465902+00:00", 446590),
    ],
)
def test_time_is_truncated_to_the_microsecond(text: str, microsecond: int) -> None:
    event = decoded(make_body(time=text))
    assert event.time == CALL_TIME.replace(microsecond=microsecond)
    assert event.time.utcoffset() == timedelta(0)


@pytest.mark.parametrize("age", [FAR_PAST_MAX, -FUTURE_MAX])
def test_time_is_good_up_to_the_bounds_around_the_enqueued_time(age: timedelta) -> None:
    event = decode(make_body(), enqueued_time=CALL_TIME + age)
    assert isinstance(event, UsageEvent)


@pytest.mark.parametrize(
    "subject",
    [
        "a|b",
        "a/b#c?d\\e",
        "subscription:team-search",
        "app:1b73",
        "anonymous",
        "Zoë 日本 😀",
        "' or 1",
    ],
)
def test_subject_is_kept_exactly(subject: str) -> None:
    assert decoded(make_body(subject=subject)).subject == subject


@pytest.mark.parametrize("text", ["a/b", "a#b?c", "a\\b", "é日本😀", "a|b"])
def test_id_with_characters_that_keys_forbid_is_kept(text: str) -> None:
    assert decoded(make_body(id=text)).id == text


def test_two_spellings_of_a_name_are_one_subject() -> None:
    composed, decomposed = "Zo\u00eb", "Zoe\u0308"
    assert decoded(make_body(subject=decomposed)).subject == composed
    assert decoded(make_body(subject=composed)).subject == composed


def test_longest_id_and_subject_are_accepted() -> None:
    event = decoded(make_body(id="i" * ID_CHARS_MAX, subject="s" * SUBJECT_CHARS_MAX))
    assert (len(event.id), len(event.subject)) == (ID_CHARS_MAX, SUBJECT_CHARS_MAX)


def test_largest_usage_is_accepted() -> None:
    usage = chat_usage(prompt=USAGE_TOTAL_MAX - 1, cached=0, completion=1)
    event = decoded(make_body(usage=usage))
    assert event.strength == (Rank.MODEL_USAGE, USAGE_TOTAL_MAX)


def test_unknown_model_and_deployment_are_for_rating_to_judge() -> None:
    event = decoded(make_body(deployment="lab-model-x", model="x-1"))
    assert (event.deployment, event.model) == ("lab-model-x", "x-1")


def test_fields_of_a_newer_policy_are_ignored() -> None:
    body = make_body(newer={"a": [1]}, caller={"oid": "o", "newer": 1})
    assert decoded(body.replace(b'"id":', b'"dataschema": "x", "id":')).caller == Caller(oid="o")


@pytest.mark.parametrize("absent", [ABSENT, None, "", "-", "NA", "N/A"])
def test_placeholder_of_an_optional_field_is_absent(absent: object) -> None:
    event = decoded(make_body(deployment=absent, region=absent, session=absent, caller=ABSENT))
    assert (event.deployment, event.region, event.session) == (None, None, None)
    assert event.caller == Caller()


def test_session_chosen_by_a_caller_cannot_keep_its_call_off_the_bill() -> None:
    event = decoded(make_body(session="a\x00b" + "x" * 100_000, deployment="d" * 10_000))
    assert event.session is not None
    assert event.session.startswith("a\ufffdbx")
    assert len(event.session) == INFORMATION_CHARS_MAX
    assert event.deployment == "d" * INFORMATION_CHARS_MAX


def test_call_is_decoded_alike_whenever_it_is_read() -> None:
    body = make_body()
    assert decoded(body) == decode(body, enqueued_time=ENQUEUED_TIME + timedelta(days=99))


@st.composite
def events(draw: st.DrawFn) -> UsageEvent:
    """Events as they are after decoding: lower-case trimmed id, NFC subject, no placeholders."""
    name = st.text("abcé|/#?\\ =:0", min_size=1, max_size=40).filter(
        lambda text: bool(text.strip()) and text.strip() not in {"-"}
    )
    prompt = draw(st.integers(0, 10_000))
    cached = draw(st.integers(0, prompt))
    output = draw(st.integers(1, 10_000))
    counts = {"input": prompt - cached, "cache_read": cached, "output": output}
    usage = make_usage(
        reasoning=draw(st.integers(0, output)),
        **{unit: count for unit, count in counts.items() if count},
    )
    return make_event(
        id=draw(name).strip(),
        subject=draw(name),
        time=draw(
            st.datetimes(
                min_value=datetime(2026, 9, 1),
                max_value=datetime(2026, 11, 20),
                timezones=st.just(UTC),
            )
        ),
        usage=usage,
        operation=draw(st.sampled_from([Operation.CHAT_COMPLETIONS, Operation.COMPLETIONS])),
        status=draw(st.integers(0, 599)),
        stream=draw(st.booleans()),
        deployment=draw(st.none() | name),
        duration_ms=draw(st.none() | st.integers(0, 10**9)),
    )


def encode(event: UsageEvent) -> bytes:
    """The body from which `event` must come back."""
    assert event.usage is not None
    counts = {str(unit): count for unit, count in event.usage.counts.items()}
    return make_body(
        id=event.id,
        subject=event.subject,
        time=event.time.isoformat(timespec="microseconds"),
        operation=event.operation,
        status=event.status,
        stream=event.stream,
        deployment=event.deployment,
        duration_ms=event.duration_ms,
        usage=chat_usage(
            prompt=counts.get("input", 0) + counts.get("cache_read", 0),
            cached=counts.get("cache_read", 0),
            completion=counts.get("output", 0),
            reasoning=event.usage.reasoning,
        ),
    )


@given(events())
@settings(deadline=None)
def test_encoded_event_decodes_to_itself(event: UsageEvent) -> None:
    assert decoded(encode(event)) == event


@pytest.mark.parametrize(
    ("fields", "waits"),
    [
        ({}, True),
        ({"inference_geo": "not_available", "service_tier": "standard"}, True),
        ({"latency_checkpoint": {"engine_ttft_ms": 12}, "queue_time": 0.2}, True),
        ({"inference_geo": "us"}, False),
        ({"compute_units": 5}, False),
    ],
)
def test_zeros_wait_for_the_log_unless_a_field_next_to_them_may_be_billed(
    fields: dict[str, Any], waits: bool
) -> None:
    event = decoded(make_body(usage={"prompt_tokens": 0, "completion_tokens": 0, **fields}))
    assert is_deferred(event) is waits
    assert (event.usage is None) is waits
