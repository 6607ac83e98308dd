"""Token counts of an answer under the names that llm-emit-token-metric gives them.
The gateway sends them to Application Insights; billing never reads them."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from apim_policies.harness.call import Response, TokenMetric

# Name → the places where the model APIs report it; the first that is there counts.
_COUNTS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "Prompt Tokens": (("prompt_tokens",), ("input_tokens",)),
    "Completion Tokens": (("completion_tokens",), ("output_tokens",)),
    "Total Tokens": (("total_tokens",),),
    "Prompt Cached Tokens": (
        ("prompt_tokens_details", "cached_tokens"),
        ("input_tokens_details", "cached_tokens"),
        ("cache_read_input_tokens",),
    ),
    "Completion Reasoning Tokens": (
        ("completion_tokens_details", "reasoning_tokens"),
        ("output_tokens_details", "reasoning_tokens"),
    ),
    "Prompt Audio Tokens": (("prompt_tokens_details", "audio_tokens"),),
    "Completion Audio Tokens": (("completion_tokens_details", "audio_tokens"),),
    "Completion Accepted Prediction Tokens": (
        ("completion_tokens_details", "accepted_prediction_tokens"),
    ),
    "Completion Rejected Prediction Tokens": (
        ("completion_tokens_details", "rejected_prediction_tokens"),
    ),
}


class _Answer(msgspec.Struct):
    """The part of an answer that is read; the rest, all its text, is skipped."""

    usage: dict[str, Any] | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


def usage_of(response: Response) -> Mapping[str, Any] | None:
    """The usage object of a complete answer; None if it has none."""
    if response.body is None:
        return None
    try:
        return _ANSWER.decode(response.body).usage
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def count_tokens(usage: Mapping[str, Any]) -> dict[str, int]:
    """Every count that the usage object reports; total = prompt + completion if it gives none."""
    tokens = {}
    for name, places in _COUNTS.items():
        for place in places:
            if (count := _at(usage, place)) is not None:
                tokens[name] = count
                break
    if "Total Tokens" not in tokens and tokens:
        tokens["Total Tokens"] = tokens.get("Prompt Tokens", 0) + tokens.get("Completion Tokens", 0)
    return tokens


def _at(usage: Mapping[str, Any], place: tuple[str, ...]) -> int | None:
    found: Any = usage
    for key in place:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def measured(metrics: tuple[TokenMetric, ...], tokens: dict[str, int]) -> tuple[TokenMetric, ...]:
    return tuple(replace(metric, tokens=tokens) for metric in metrics)
