"""Normalising the usage objects of every API, and refusing those that contradict themselves."""

import json
import re
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing_rules.errors import InvalidUsage
from pricing_rules.provider_usage.fields import COUNT_MAX
from pricing_rules.provider_usage.normalise import normalise
from pricing_rules.types import Operation
from pricing_rules.units import Unit
from tests.fixtures.builders import chat_usage
from tests.paths import SHARED

SAMPLES = SHARED / "data" / "apim_events" / "07_usage_objects.json"

EXPECTED: dict[str, tuple[Operation, dict[str, int], int]] = {
    "chat_completions": (
        Operation.CHAT_COMPLETIONS,
        {"input": 1024, "cache_read": 1024, "output": 427},
        192,
    ),
    "chat_completions_newer_fields": (
        Operation.CHAT_COMPLETIONS,
        {"input": 184, "cache_write_5m": 2816, "output": 50},
        0,
    ),
    "responses": (Operation.RESPONSES, {"input": 200, "cache_read": 128, "output": 52}, 32),
    "embeddings": (Operation.EMBEDDINGS, {"input": 8}, 0),
    "images_gpt_image_1": (
        Operation.IMAGES,
        {"input": 10, "input_image": 40, "output_image": 4160},
        0,
    ),
    "audio_transcriptions_tokens": (
        Operation.AUDIO_TRANSCRIPTIONS,
        {"input_audio": 14, "output": 45},
        0,
    ),
    "audio_transcriptions_duration": (Operation.AUDIO_TRANSCRIPTIONS, {"audio_ms": 9000}, 0),
    "anthropic_messages": (
        Operation.MESSAGES,
        {"input": 2, "cache_write_5m": 42334, "output": 121},
        0,
    ),
}


@pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded usage objects are not here")
@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_usage_object_becomes_disjoint_counts(name: str) -> None:
    operation, counts, reasoning = EXPECTED[name]
    usage = normalise(operation, json.loads(SAMPLES.read_text())[name])
    assert usage.counts == counts
    assert usage.reasoning == reasoning


@pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded usage objects are not here")
def test_every_recorded_usage_object_is_expected() -> None:
    assert json.loads(SAMPLES.read_text()).keys() == EXPECTED.keys()


@pytest.mark.parametrize("details", [None, {}, {"cached_tokens": None}])
def test_missing_and_null_details_are_the_same(details: dict[str, Any] | None) -> None:
    usage = normalise(
        Operation.CHAT_COMPLETIONS,
        {"prompt_tokens": 7, "prompt_tokens_details": details, "completion_tokens": 3},
    )
    assert usage.counts == {"input": 7, "output": 3}


@pytest.mark.parametrize(
    ("usage", "message"),
    [
        (chat_usage(prompt=10, cached=11), r"cached_tokens \(11\) > prompt tokens \(10\)"),
        (
            chat_usage(completion=5, reasoning=6),
            r"reasoning_tokens \(6\) > output text tokens \(5\)",
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "completion_tokens_details": {"reasoning_tokens": 4},
                "total_tokens": 20,
            },
            r"total_tokens \(20\) ≠ prompt \+ completion tokens \(15\)",
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 14},
            r"total_tokens \(14\) ≠ prompt \+ completion tokens \(15\)",
        ),
        ({"prompt_tokens": 3, "input_tokens": 4}, r"prompt_tokens \(3\) ≠ input_tokens \(4\)"),
        (
            {"prompt_tokens": 10, "prompt_tokens_details": {"audio_tokens": 8, "image_tokens": 3}},
            r"prompt audio \+ image tokens \(11\) > prompt tokens \(10\)",
        ),
        (
            {"prompt_tokens": 10, "prompt_tokens_details": {"text_tokens": 4, "audio_tokens": 3}},
            r"\(7\) ≠ prompt tokens \(10\)",
        ),
        (
            {
                "prompt_tokens": 10,
                "prompt_tokens_details": {"cached_tokens": 6, "cache_write_tokens": 5},
            },
            r"cached_tokens \+ cache_write_tokens \(11\) > prompt text tokens \(10\)",
        ),
    ],
)
def test_a_contradiction_is_a_caveat_that_names_both_numbers(
    usage: dict[str, Any], message: str
) -> None:
    read = normalise(Operation.CHAT_COMPLETIONS, usage)
    assert read.caveats is not None
    assert re.search(message, read.caveats.contradiction or "")
    top = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    assert read.total >= sum(top)  # the tokens stay in a total


@pytest.mark.parametrize(
    ("usage", "message"),
    [
        ({"prompt_tokens": -1}, "prompt_tokens is -1"),
        ({"prompt_tokens": -1.0}, r"prompt_tokens is -1\.0"),
        ({"prompt_tokens": True}, "prompt_tokens is True"),
        ({"prompt_tokens": 1.5}, r"prompt_tokens is 1\.5"),
        ({"prompt_tokens": 14417.92}, r"prompt_tokens is 14417\.92"),
        ({"prompt_tokens": float("inf")}, "prompt_tokens is inf"),
        ({"prompt_tokens": "10"}, "prompt_tokens is '10'"),
        ({"prompt_tokens": 3, "prompt_tokens_details": [1]}, "expected an object"),
    ],
)
def test_what_is_no_count_is_refused_by_name(usage: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidUsage, match=message) as refused:
        normalise(Operation.CHAT_COMPLETIONS, usage)
    assert refused.value.field


@pytest.mark.parametrize("count", [512, 512.0, Decimal("512.00")])
def test_a_whole_number_is_one_however_it_is_written(count: object) -> None:
    assert normalise(Operation.CHAT_COMPLETIONS, {"prompt_tokens": count}).counts == {"input": 512}


def test_cached_audio_and_image_are_split_where_the_model_splits_them() -> None:
    details = {
        "text_tokens": 100,
        "audio_tokens": 60,
        "image_tokens": 40,
        "cached_tokens": 90,
        "cached_tokens_details": {"text_tokens": 50, "audio_tokens": 30, "image_tokens": 10},
    }
    usage = normalise(
        Operation.RESPONSES,
        {"input_tokens": 200, "input_tokens_details": details, "output_tokens": 1},
    )
    assert usage.counts == {
        "input": 50,
        "cache_read": 50,
        "input_audio": 30,
        "cache_read_audio": 30,
        "input_image": 30,
        "cache_read_image": 10,
        "output": 1,
    }


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"text_tokens": 5, "audio_tokens": 1}, r"cached_tokens \(9\) ≠ .* \(6\)"),
        ({"text_tokens": 2, "audio_tokens": 7}, r"cached audio_tokens \(7\) > .* \(5\)"),
        ({"text_tokens": 2, "image_tokens": 7}, r"cached image_tokens \(7\) > .* \(0\)"),
    ],
)
def test_a_split_of_cached_tokens_that_cannot_be_is_a_contradiction(
    split: dict[str, int], message: str
) -> None:
    details = {"audio_tokens": 5, "cached_tokens": 9, "cached_tokens_details": split}
    read = normalise(
        Operation.CHAT_COMPLETIONS, {"prompt_tokens": 20, "prompt_tokens_details": details}
    )
    assert read.caveats is not None
    assert re.search(message, read.caveats.contradiction or "")


def test_reasoning_beside_the_completion_count_is_output_when_the_total_says_so() -> None:
    grok = {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "completion_tokens_details": {"reasoning_tokens": 50},
        "total_tokens": 170,
    }
    usage = normalise(Operation.CHAT_COMPLETIONS, grok)
    assert usage.counts == {"input": 100, "output": 70}
    assert usage.reasoning == 50


def test_audio_and_image_output_leave_the_text() -> None:
    usage = normalise(
        Operation.CHAT_COMPLETIONS,
        {
            "prompt_tokens": 0,
            "completion_tokens": 100,
            "completion_tokens_details": {"audio_tokens": 70, "reasoning_tokens": 10},
        },
    )
    assert usage.counts == {"output": 30, "output_audio": 70}
    assert usage.reasoning == 10


def test_a_picture_with_stated_text_tokens_has_both_outputs() -> None:
    usage = normalise(
        Operation.IMAGES,
        {
            "input_tokens": 5,
            "output_tokens": 60,
            "output_tokens_details": {"text_tokens": 10, "image_tokens": 50},
        },
    )
    assert usage.counts == {"input": 5, "output": 10, "output_image": 50}


def test_a_count_without_a_split_is_what_the_operation_is_about() -> None:
    spoken = {"input_tokens": 9, "output_tokens": 4}
    assert normalise(Operation.AUDIO_TRANSCRIPTIONS, spoken).counts == {
        "input_audio": 9,
        "output": 4,
    }
    assert normalise(Operation.AUDIO_SPEECH, spoken).counts == {"input": 9, "output_audio": 4}


@pytest.mark.parametrize(
    ("split", "counts"),
    [
        ({"text_tokens": 9}, {"input": 9}),
        ({"text_tokens": 9, "audio_tokens": 0}, {"input": 9}),
        ({"text_tokens": 2, "audio_tokens": 7}, {"input": 2, "input_audio": 7}),
        ({"text_tokens": 0, "audio_tokens": 9}, {"input_audio": 9}),
        ({"text_tokens": 0, "audio_tokens": 0}, {"input_audio": 9}),
    ],
)
def test_what_a_transcription_names_as_text_is_text(
    split: dict[str, int], counts: dict[str, int]
) -> None:
    heard = {"type": "tokens", "input_tokens": 9, "output_tokens": 4, "input_token_details": split}
    assert normalise(Operation.AUDIO_TRANSCRIPTIONS, heard).counts == {**counts, "output": 4}


def test_anthropic_counts_exclude_the_cache_from_the_input() -> None:
    usage = normalise(
        Operation.MESSAGES,
        {
            "input_tokens": 10,
            "cache_read_input_tokens": 1000,
            "cache_creation_input_tokens": 300,
            "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
            "output_tokens": 5,
            "server_tool_use": {"web_search_requests": 2},
        },
    )
    assert usage.counts == {
        "input": 10,
        "cache_read": 1000,
        "cache_write_5m": 100,
        "cache_write_1h": 200,
        "output": 5,
        "web_search": 2,
    }
    assert usage.prompt_tokens == 1310


def test_anthropic_cache_writes_without_a_split_are_for_five_minutes() -> None:
    usage = normalise(Operation.MESSAGES, {"cache_creation_input_tokens": 7, "output_tokens": 1})
    assert usage.counts == {"cache_write_5m": 7, "output": 1}


@pytest.mark.parametrize(
    "usage",
    [
        {"cache_creation_input_tokens": 9, "cache_creation": {"ephemeral_5m_input_tokens": 8}},
        {"output_tokens": 1, "output_tokens_details": {"reasoning_tokens": 2}},
    ],
)
def test_an_anthropic_contradiction_is_a_caveat(usage: dict[str, Any]) -> None:
    caveats = normalise(Operation.MESSAGES, usage).caveats
    assert caveats is not None
    assert caveats.contradiction is not None


@pytest.mark.parametrize(("seconds", "milliseconds"), [(9.0, 9000), (9, 9000), (0.0125, 12)])
def test_a_duration_is_milliseconds(seconds: object, milliseconds: int) -> None:
    usage = normalise(Operation.AUDIO_TRANSCRIPTIONS, {"type": "duration", "seconds": seconds})
    assert usage.counts == {"audio_ms": milliseconds}


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [(Decimal("12.3456"), 12346), (10**9, 10**12), (1234.5678, 1234568)],
)
def test_the_callers_decimal_context_does_not_round_a_duration(
    seconds: object, milliseconds: int
) -> None:
    with localcontext() as context:
        context.prec = 2
        usage = normalise(Operation.AUDIO_TRANSCRIPTIONS, {"type": "duration", "seconds": seconds})
    assert usage.counts == {"audio_ms": milliseconds}


def test_a_duration_too_small_to_count_is_none() -> None:
    tiny = Decimal("1e-999999999")
    usage = normalise(Operation.AUDIO_TRANSCRIPTIONS, {"type": "duration", "seconds": tiny})
    assert usage.counts == {}


@pytest.mark.parametrize(("count", "fits"), [(COUNT_MAX, True), (COUNT_MAX + 1, False)])
def test_a_count_that_no_call_can_have_is_refused(count: int, fits: bool) -> None:
    usage = {"prompt_tokens": count}
    if fits:
        assert normalise(Operation.CHAT_COMPLETIONS, usage).counts == {"input": count}
    else:
        with pytest.raises(InvalidUsage, match="expected an integer from 0 to 1000000000000"):
            normalise(Operation.CHAT_COMPLETIONS, usage)


@pytest.mark.parametrize(
    "seconds",
    [-1.0, None, "nine", True, [9], 1e300, Decimal("1e999999999"), Decimal("NaN"), Decimal("sNaN")],
)
def test_a_duration_that_is_none_is_refused(seconds: object) -> None:
    with pytest.raises(InvalidUsage):
        normalise(Operation.AUDIO_TRANSCRIPTIONS, {"type": "duration", "seconds": seconds})


COUNT = st.integers(min_value=0, max_value=10**9)
FIELDS = st.sampled_from(
    [
        "prompt_tokens",
        "input_tokens",
        "completion_tokens",
        "output_tokens",
        "total_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "seconds",
        "type",
    ]
)
DETAIL = st.sampled_from(
    [
        "cached_tokens",
        "cache_write_tokens",
        "audio_tokens",
        "image_tokens",
        "text_tokens",
        "reasoning_tokens",
        "thinking_tokens",
        "cached_tokens_details",
        "ephemeral_5m_input_tokens",
        "ephemeral_1h_input_tokens",
        "web_search_requests",
    ]
)
ANYTHING = st.one_of(
    st.integers(), COUNT, st.none(), st.text(max_size=5), st.floats(), st.booleans()
)
ANY_USAGE = st.dictionaries(
    st.one_of(
        FIELDS,
        st.sampled_from(
            [
                "prompt_tokens_details",
                "input_tokens_details",
                "input_token_details",
                "completion_tokens_details",
                "output_tokens_details",
                "cache_creation",
                "server_tool_use",
            ]
        ),
    ),
    st.one_of(
        ANYTHING,
        st.dictionaries(DETAIL, st.one_of(ANYTHING, st.dictionaries(DETAIL, ANYTHING))),
    ),
)


@settings(deadline=None)
@given(st.sampled_from(list(Operation)), ANY_USAGE)
def test_any_usage_object_is_counted_or_refused_by_name(
    operation: Operation, usage: dict[str, Any]
) -> None:
    try:
        counted = normalise(operation, usage)
    except InvalidUsage:
        return
    assert all(count > 0 for count in counted.counts.values())
    assert counted.reasoning <= counted.counts.get(Unit.OUTPUT, 0)


@settings(deadline=None)
@given(COUNT, COUNT, COUNT, COUNT)
def test_each_token_of_a_chat_stands_in_one_unit(
    fresh: int, cached: int, text: int, reasoning: int
) -> None:
    usage = normalise(
        Operation.CHAT_COMPLETIONS,
        chat_usage(
            prompt=fresh + cached,
            cached=cached,
            completion=text + reasoning,
            reasoning=reasoning,
        ),
    )
    assert usage.total == fresh + cached + text + reasoning
    assert usage.prompt_tokens == fresh + cached
