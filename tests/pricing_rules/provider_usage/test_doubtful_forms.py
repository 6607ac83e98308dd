"""Usage objects that say one thing twice, or leave out where a count belongs: never priced."""

from typing import Any

import pytest

from pricing_rules.provider_usage.normalise import normalise
from pricing_rules.provider_usage.tools import may_cost, tools_kept, with_tools
from pricing_rules.provider_usage.unread import UNREAD_MAX
from pricing_rules.types import CallState, Operation
from pricing_rules.units import Unit
from tests.pricing_rules.provider_usage.test_forms import CHAT, MESSAGES, rated

PARTS = {"prompt_tokens": 2000, "completion_tokens": 5}
TIMES = {"latency_checkpoint": {f"step_{number}_ms": 1 for number in range(UNREAD_MAX + 1)}}
"""More harmless fields than are named."""
REST = (f"fields beyond the first {UNREAD_MAX}", "not named")

COUNTED: dict[str, tuple[Operation, dict[str, Any], dict[str, int], int]] = {
    "mistral: cached tokens at the top level": (
        CHAT,
        {**PARTS, "total_tokens": 2005, "num_cached_tokens": 1500},
        {"input": 500, "cache_read": 1500, "output": 5},
        0,
    ),
    "mistral: all of its names for cached tokens": (
        CHAT,
        {
            **PARTS,
            "num_cached_tokens": 64,
            "prompt_token_details": {"cached_tokens": 64},
            "prompt_tokens_details": {"cached_tokens": 64},
        },
        {"input": 1936, "cache_read": 64, "output": 5},
        0,
    ),
    "gemini by OpenAI's API: what tools put into the prompt, and thinking": (
        CHAT,
        {
            "prompt_tokens": 20,
            "completion_tokens": 5,
            "tool_use_prompt_tokens": 300,
            "total_tokens": 375,
        },
        {"input": 320, "output": 55},
        50,
    ),
    "gemini: the text of the answer leaves thinking out": (
        CHAT,
        {
            "promptTokenCount": 10,
            "candidatesTokenCount": 30,
            "thoughtsTokenCount": 7,
            "totalTokenCount": 47,
            "candidatesTokensDetails": [
                {"modality": "TEXT", "tokenCount": 10},
                {"modality": "IMAGE", "tokenCount": 20},
            ],
        },
        {"input": 10, "output": 17, "output_image": 20},
        7,
    ),
    "bedrock: a total that leaves cached tokens out": (
        CHAT,
        {"inputTokens": 30, "outputTokens": 628, "totalTokens": 658, "cacheReadInputTokens": 800},
        {"input": 30, "cache_read": 800, "output": 628},
        0,
    ),
    "other forms' names that are null": (
        CHAT,
        {**PARTS, "totalTokenCount": None, "inputTokens": None, "billed_units": None},
        {"input": 2000, "output": 5},
        0,
    ),
    "anthropic: a total of its parts": (
        MESSAGES,
        {"input_tokens": 9, "cache_read_input_tokens": 50, "output_tokens": 3, "total_tokens": 12},
        {"input": 9, "cache_read": 50, "output": 3},
        0,
    ),
    "anthropic: a pass that says zero of what nobody reads": (
        MESSAGES,
        {
            "input_tokens": 9,
            "output_tokens": 3,
            "iterations": [
                {"type": "message", "input_tokens": 9, "output_tokens": 3, "new_tokens": 0}
            ],
        },
        {"input": 9, "output": 3},
        0,
    ),
}


@pytest.mark.parametrize("name", COUNTED)
def test_what_is_determinate_is_counted(name: str) -> None:
    operation, usage, counts, reasoning = COUNTED[name]
    read = normalise(operation, usage)
    assert (read.counts, read.reasoning, read.caveats) == (counts, reasoning, None)


CONTRADICTIONS: dict[str, tuple[Operation, dict[str, Any]]] = {
    "cache writes of two numbers": (
        CHAT,
        {
            **PARTS,
            "prompt_tokens_details": {"cache_write_tokens": 100},
            "cache_creation_input_tokens": 1500,
        },
    ),
    "reasoning of two numbers": (
        CHAT,
        {
            "prompt_tokens": 9,
            "completion_tokens": 60,
            "completion_tokens_details": {"reasoning_tokens": 5},
            "reasoning_tokens": 50,
        },
    ),
    "cached tokens that only their split counts": (
        CHAT,
        {**PARTS, "prompt_tokens_details": {"cached_tokens_details": {"text_tokens": 500}}},
    ),
    "gemini: cached tokens that only their split counts": (
        CHAT,
        {
            "promptTokenCount": 1000,
            "candidatesTokenCount": 4,
            "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 900}],
        },
    ),
    "a total that holds the cached tokens, which the prompt may leave out": (
        CHAT,
        {**PARTS, "total_tokens": 3005, "cache_read_input_tokens": 1000},
    ),
    "a total that holds the cache writes, which the prompt may leave out": (
        CHAT,
        {**PARTS, "total_tokens": 2105, "prompt_tokens_details": {"cache_write_tokens": 100}},
    ),
    "a total that holds both": (
        CHAT,
        {
            **PARTS,
            "total_tokens": 3105,
            "prompt_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 100},
        },
    ),
    "gemini: parts of the answer that are less than the answer": (
        CHAT,
        {
            "promptTokenCount": 10,
            "candidatesTokenCount": 30,
            "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 7}],
        },
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_two_numbers_that_cannot_both_be_true_leave_the_call_unpriced(name: str) -> None:
    operation, usage = CONTRADICTIONS[name]
    priced = rated(normalise(operation, usage), operation)
    assert priced.state is CallState.UNPRICED
    assert (priced.reason or "").startswith("usage contradicts itself: ")


UNREAD: dict[str, tuple[Operation, dict[str, Any], tuple[str, str]]] = {
    "a modifier behind many harmless fields": (
        CHAT,
        {**TIMES, **PARTS, "inference_geo": "us"},
        REST,
    ),
    "sources, and no word of searches": (
        CHAT,
        {**PARTS, "num_sources_used": 7, "server_side_tool_usage_details": None},
        ("num_sources_used", "7"),
    ),
    "sources of no search": (
        CHAT,
        {
            **PARTS,
            "num_sources_used": 7,
            "server_side_tool_usage_details": {"web_search_calls": 0},
        },
        ("num_sources_used", "7"),
    ),
    "tokens of tools, and no total that says whether the prompt has them": (
        CHAT,
        {**PARTS, "tool_use_prompt_tokens": 300},
        ("tool_use_prompt_tokens", "300"),
    ),
    "a part of a pass": (
        MESSAGES,
        {
            "input_tokens": 10,
            "output_tokens": 4,
            "iterations": [
                {
                    "type": "message",
                    "input_tokens": 10,
                    "output_tokens": 4,
                    "cache_creation": {"ephemeral_24h_input_tokens": 5000},
                }
            ],
        },
        ("iterations[0].cache_creation.ephemeral_24h_input_tokens", "5000"),
    ),
    "gemini: a modality that nobody knows": (
        CHAT,
        {"promptTokenCount": 10, "promptTokensDetails": [{"modality": "SMELL", "tokenCount": 10}]},
        ("prompt_tokens_details.smell_tokens", "10"),
    ),
    "a tier that is no text": (
        MESSAGES,
        {"input_tokens": 9, "output_tokens": 3, "service_tier": {"name": "priority"}},
        ("service_tier.name", "priority"),
    ),
    "a number by the name of a list of ours": (
        CHAT,
        {**PARTS, "excludes": 500},
        ("excludes", "500"),
    ),
    "anthropic: a total that is more than its parts": (
        MESSAGES,
        {"input_tokens": 9, "output_tokens": 3, "total_tokens": 500},
        ("total_tokens", "500"),
    ),
}


@pytest.mark.parametrize("name", UNREAD)
def test_a_field_that_may_set_the_price_is_named(name: str) -> None:
    operation, usage, field = UNREAD[name]
    read = normalise(operation, usage)
    assert read.caveats is not None
    assert field in read.caveats.unread
    assert rated(read, operation).state is CallState.UNPRICED


def test_a_tool_without_a_unit_is_named_before_harmless_fields() -> None:
    plain = normalise(CHAT, {**TIMES, **PARTS})
    read = with_tools(plain, [("image_generation_call", 2)], None, {})
    assert read.caveats is not None
    assert read.caveats.unread[0] == ("tool_calls.image_generation_call", "2")
    again = tools_kept(normalise(CHAT, PARTS), read)
    assert rated(again, CHAT).state is CallState.UNPRICED


def test_a_number_of_searches_with_a_zero_fraction_is_whole() -> None:
    plain = normalise(CHAT, PARTS)
    read = with_tools(plain, [("web_search_call", 3)], {"web_search": {"num_requests": 2.0}}, {})
    assert (read.counts[Unit.WEB_SEARCH], read.caveats) == (2, None)


@pytest.mark.parametrize(
    ("tool", "costs"),
    [
        ("function", False), ("function_call", False), ("custom_tool_call", False),
        ("mcp_list_tools", False), ("computer_use_preview", False), ("bash_20250124", False),
        ("memory_20250818", False), ("memory", False), ("web_fetch_20250910", False),
        ("web_fetch_call", False), ("local_shell_call", False), ("namespace", False),
        ("customer_lookup_call", True), ("memory_search_call", True), ("functions_billed", True),
        ("memory_search_preview", True), ("code_interpreter", True), ("web_search", True),
    ],
)  # fmt: skip
def test_a_tool_is_free_by_its_whole_name(tool: str, costs: bool) -> None:
    assert may_cost(tool) is costs
