"""Usage objects of other forms than plain chat: what they count, and what nobody reads."""

from typing import Any

import pytest
from msgspec.structs import replace

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.price_book.rate_card import Alias
from pricing_rules.provider_usage.anthropic import is_anthropic
from pricing_rules.provider_usage.normalise import normalise
from pricing_rules.types import CallState, Caveats, Operation, PricedCall, Rank, Usage
from tests.fixtures.builders import make_event

CHAT, MESSAGES = Operation.CHAT_COMPLETIONS, Operation.MESSAGES
ALIAS = Alias(
    name="d", provider="azure", model="gpt-4.1", version=None, type="GlobalStandard", region=None
)
SHIPPED = load_book()
BOOK = Book(replace(SHIPPED.content, aliases=(ALIAS,)), SHIPPED.sources)

COUNTED: dict[str, tuple[Operation, dict[str, Any], dict[str, int], int]] = {
    "deepseek: hits and misses add up to the prompt": (
        CHAT,
        {
            "prompt_tokens": 36100,
            "prompt_cache_hit_tokens": 21600,
            "prompt_cache_miss_tokens": 14500,
            "completion_tokens": 1200,
            "total_tokens": 37300,
        },
        {"input": 14500, "cache_read": 21600, "output": 1200},
        0,
    ),
    "deepseek: hits that the details repeat count once": (
        CHAT,
        {
            "prompt_tokens": 10,
            "prompt_tokens_details": {"cached_tokens": 4},
            "prompt_cache_hit_tokens": 4,
            "completion_tokens": 1,
        },
        {"input": 6, "cache_read": 4, "output": 1},
        0,
    ),
    "xai: searches of the server": (
        Operation.RESPONSES,
        {
            "input_tokens": 1000,
            "output_tokens": 200,
            "total_tokens": 1200,
            "num_sources_used": 7,
            "num_server_side_tools_used": 2,
            "server_side_tool_usage_details": {"web_search_calls": 2, "x_search_calls": 0},
        },
        {"input": 1000, "output": 200, "web_search": 2},
        0,
    ),
    "gemini by OpenAI's API: only the total holds the thinking": (
        CHAT,
        {"prompt_tokens": 20, "completion_tokens": 424, "total_tokens": 1016},
        {"input": 20, "output": 996},
        572,
    ),
    "gemini by OpenAI's API: what tools put into the prompt is in the total alone": (
        CHAT,
        {
            "prompt_tokens": 20,
            "completion_tokens": 5,
            "tool_use_prompt_tokens": 300,
            "total_tokens": 325,
        },
        {"input": 320, "output": 5},
        0,
    ),
    "gemini": (
        CHAT,
        {
            "promptTokenCount": 264,
            "cachedContentTokenCount": 100,
            "candidatesTokenCount": 30,
            "thoughtsTokenCount": 12,
            "toolUsePromptTokenCount": 6,
            "totalTokenCount": 312,
            "promptTokensDetails": [
                {"modality": "TEXT", "tokenCount": 6},
                {"modality": "IMAGE", "tokenCount": 258},
            ],
            "toolUsePromptTokensDetails": [{"modality": "TEXT", "tokenCount": 6}],
            "cacheTokensDetails": [
                {"modality": "TEXT", "tokenCount": 2},
                {"modality": "IMAGE", "tokenCount": 98},
            ],
        },
        {
            "input": 10,
            "cache_read": 2,
            "input_image": 160,
            "cache_read_image": 98,
            "output": 42,
        },
        12,
    ),
    "bedrock converse": (
        CHAT,
        {
            "inputTokens": 30,
            "outputTokens": 628,
            "totalTokens": 1658,
            "cacheReadInputTokens": 800,
            "cacheWriteInputTokens": 200,
        },
        {"input": 30, "cache_read": 800, "cache_write_5m": 200, "output": 628},
        0,
    ),
    "cohere": (
        CHAT,
        {
            "billed_units": {"input_tokens": 4, "output_tokens": 10},
            "tokens": {"input_tokens": 70, "output_tokens": 10},
        },
        {"input": 4, "output": 10},
        0,
    ),
    "mistral: audio by the second": (
        CHAT,
        {
            "prompt_tokens": 4,
            "prompt_audio_seconds": 203,
            "completion_tokens": 635,
            "total_tokens": 3264,
        },
        {"input": 4, "audio_ms": 203000, "output": 635},
        0,
    ),
    "moonshot: cached tokens at the top level": (
        CHAT,
        {"prompt_tokens": 19, "cached_tokens": 10, "completion_tokens": 21, "total_tokens": 40},
        {"input": 9, "cache_read": 10, "output": 21},
        0,
    ),
    "vllm: details are null": (
        CHAT,
        {
            "prompt_tokens": 8,
            "total_tokens": 18,
            "completion_tokens": 10,
            "prompt_tokens_details": None,
        },
        {"input": 8, "output": 10},
        0,
    ),
    "a proxy: cache writes by another name": (
        CHAT,
        {
            "prompt_tokens": 2000,
            "prompt_tokens_details": {"cache_creation_tokens": 1313},
            "completion_tokens": 1,
        },
        {"input": 687, "cache_write_5m": 1313, "output": 1},
        0,
    ),
    "anthropic: a compaction is billed besides the answer": (
        MESSAGES,
        {
            "input_tokens": 23000,
            "output_tokens": 1000,
            "iterations": [
                {"type": "compaction", "input_tokens": 180000, "output_tokens": 3500},
                {"type": "message", "input_tokens": 23000, "output_tokens": 1000},
            ],
        },
        {"input": 203000, "output": 4500},
        0,
    ),
    "anthropic: passes that add up to the answer count once": (
        MESSAGES,
        {
            "input_tokens": 10,
            "output_tokens": 4,
            "iterations": [
                {"type": "message", "input_tokens": 4, "output_tokens": 1},
                {"type": "message", "input_tokens": 6, "output_tokens": 3},
            ],
        },
        {"input": 10, "output": 4},
        0,
    ),
    "anthropic's form where another API is called": (
        CHAT,
        {"input_tokens": 2, "cache_read_input_tokens": 50, "output_tokens": 3},
        {"input": 2, "cache_read": 50, "output": 3},
        0,
    ),
    "openai's form where Messages is called": (
        MESSAGES,
        {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
        {"input": 9, "output": 3},
        0,
    ),
    "realtime: stated text leaves reasoning out": (
        Operation.RESPONSES,
        {
            "input_tokens": 10,
            "output_tokens": 29,
            "output_token_details": {"text_tokens": 10, "reasoning_tokens": 19},
            "total_tokens": 39,
        },
        {"input": 10, "output": 29},
        19,
    ),
    "seconds without a type": (
        Operation.AUDIO_TRANSCRIPTIONS,
        {"seconds": 9.5},
        {"audio_ms": 9500},
        0,
    ),
    "a count that is null under one of its names": (
        CHAT,
        {"prompt_tokens": None, "input_tokens": 13, "completion_tokens": 1},
        {"input": 13, "output": 1},
        0,
    ),
}


PASSES = {
    "anthropic: a compaction is billed besides the answer": Caveats(passes=(23_000, 180_000)),
    "anthropic: passes that add up to the answer count once": Caveats(passes=(4, 6)),
}
"""Of several passes the smallest and the largest prompt are kept; nothing else is in doubt."""


@pytest.mark.parametrize("name", COUNTED)
def test_a_form_is_counted_whole(name: str) -> None:
    operation, usage, counts, reasoning = COUNTED[name]
    read = normalise(operation, usage)
    assert read.counts == counts
    assert read.reasoning == reasoning
    assert read.caveats == PASSES.get(name)


UNREAD: dict[str, tuple[Operation, dict[str, Any], tuple[tuple[str, str], ...]]] = {
    "a tool without a unit": (
        CHAT,
        {"prompt_tokens": 1, "server_side_tool_usage_details": {"x_search_calls": 3}},
        (("server_side_tool_usage_details.x_search_calls", "3"),),
    ),
    "sources, without the number of searches": (
        CHAT,
        {"prompt_tokens": 1, "num_sources_used": 7},
        (("num_sources_used", "7"),),
    ),
    "a modifier": (
        MESSAGES,
        {"input_tokens": 1, "inference_geo": "us"},
        (("inference_geo", "us"),),
    ),
    "a pass of another model": (
        MESSAGES,
        {
            "input_tokens": 1,
            "iterations": [{"type": "advisor", "model": "claude-opus-5", "input_tokens": 5}],
        },
        (
            ("iterations[0].type", "advisor"),
            ("iterations[0].model", "claude-opus-5"),
            ("iterations[0].input_tokens", "5"),
        ),
    ),
    "numbers of a form that nobody knows": (
        CHAT,
        {"compute_units": 5, "deep": {"er": [{"units": 0.25}, {"units": 0}]}, "batched": True},
        (("compute_units", "5"), ("deep.er[0].units", "0.25"), ("batched", "true")),
    ),
    "what a service charges apart": (
        CHAT,
        {"billed_units": {"search_units": 1}},
        (("billed_units.search_units", "1"),),
    ),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_nobody_reads_is_named_and_leaves_the_call_unpriced(name: str) -> None:
    operation, usage, fields = UNREAD[name]
    read = normalise(operation, usage)
    assert read.caveats is not None
    assert read.caveats.unread == fields
    priced = rated(read, operation)
    assert priced.state is CallState.UNPRICED
    path, value = fields[0]
    assert f"{path} = {value}".replace("[0]", "[]") in (priced.reason or "")


@pytest.mark.parametrize(
    "usage",
    [
        {"inference_geo": "global", "speed": "standard", "service_tier": "standard"},
        {"completion_tokens_details": {"accepted_prediction_tokens": 5}},
        {"latency_checkpoint": {"engine_ttft_ms": 120, "user_visible_ttft_ms": 5}},
        {"num_sources_used": 0, "cost_in_usd_ticks": 2709000},
        {"queue_time": 0.25, "cost": 0.0012, "zero": 0, "none": None, "false": False, "text": ""},
    ],
)
def test_what_the_book_calls_harmless_changes_no_price(usage: dict[str, Any]) -> None:
    plain = {"prompt_tokens": 10, "completion_tokens": 5}
    with_fields = rated(normalise(CHAT, plain | usage), CHAT)
    assert with_fields.state is CallState.PRICED
    assert with_fields.charge == rated(normalise(CHAT, plain), CHAT).charge


def rated(usage: Usage, operation: Operation) -> PricedCall:
    event = make_event(
        deployment="d", model=None, operation=operation, usage=usage, rank=Rank.MODEL_USAGE
    )
    return rate(event, BOOK)


@pytest.mark.parametrize(
    ("operation", "names", "expected"),
    [
        (Operation.MESSAGES, (), True),
        ("messages", (None, "opus"), True),
        (Operation.CHAT_COMPLETIONS, (None, "Claude-Opus-5"), True),
        (None, ("eu-claude-sonnet",), True),
        (Operation.CHAT_COMPLETIONS, ("gpt-4.1", None, ""), False),
        (None, (), False),
    ],
)
def test_anthropic_is_known_by_its_api_or_by_any_name_of_the_model(
    operation: str | None, names: tuple[str | None, ...], expected: bool
) -> None:
    assert is_anthropic(operation, names) is expected
