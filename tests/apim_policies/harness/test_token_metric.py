"""Token counts under the names that Application Insights shows."""

from typing import Any

import pytest

from apim_policies.harness.call import Response
from apim_policies.harness.token_metric import count_tokens, usage_of


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (
            {
                "prompt_tokens": 2048,
                "completion_tokens": 427,
                "total_tokens": 2475,
                "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 192},
            },
            {
                "Prompt Tokens": 2048,
                "Completion Tokens": 427,
                "Total Tokens": 2475,
                "Prompt Cached Tokens": 1024,
                "Prompt Audio Tokens": 0,
                "Completion Reasoning Tokens": 192,
            },
        ),
        (
            {"input_tokens": 2, "cache_read_input_tokens": 5, "output_tokens": 121},
            {
                "Prompt Tokens": 2,
                "Prompt Cached Tokens": 5,
                "Completion Tokens": 121,
                "Total Tokens": 123,
            },
        ),
        ({"prompt_tokens": 8, "total_tokens": 8}, {"Prompt Tokens": 8, "Total Tokens": 8}),
        ({"type": "duration", "seconds": 9.0}, {}),
        ({"prompt_tokens": True, "prompt_tokens_details": None}, {}),
    ],
)
def test_usage_of_each_api_is_counted(usage: dict[str, Any], tokens: dict[str, int]) -> None:
    assert count_tokens(usage) == tokens


@pytest.mark.parametrize("body", [None, b"", b"[]", b"{", b'{"usage":[]}', b'{"usage":null}'])
def test_answer_without_a_usage_object_has_none(body: bytes | None) -> None:
    assert usage_of(Response(status=200, body=body)) is None
