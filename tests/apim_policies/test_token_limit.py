"""The optional limit of tokens per subject: whom it refuses, and which operations it covers."""

import pytest

from apim_policies.probe import travel
from tests.apim_policies.conftest import Load
from tests.apim_policies.test_policies import STREAM, USAGE, answer, chat, event_of

LIMITED = {"chargeback-token-limit": "on", "chargeback-tokens-per-minute": "20"}

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_subject_over_its_limit_gets_429_with_retry_after_and_an_event(load: Load) -> None:
    policies = await load(LIMITED)
    for _ in range(2):
        await travel(policies, chat(subscription="greedy"), answer())

    refused = await travel(policies, chat(subscription="greedy"), answer())
    other = await travel(policies, chat(subscription="modest"), answer())

    assert refused.answer is not None
    assert refused.answer.status == 429
    assert 0 < int(dict(refused.answer.headers)["Retry-After"]) <= 60
    assert event_of(refused)["data"]["status"] == 429
    assert event_of(refused)["subject"] == "subscription:greedy"
    assert other.answer is not None
    assert other.answer.status == 200


async def test_limit_that_is_off_limits_nobody(load: Load) -> None:
    policies = await load({"chargeback-tokens-per-minute": "1"})
    await travel(policies, chat(), answer())

    assert (await policies.inbound(chat())).forward is not None


async def test_stream_counts_against_the_limit_once_its_usage_is_known(load: Load) -> None:
    policies = await load(LIMITED)
    request = chat(b'{"stream":true}', subscription="streaming")
    streamed = await travel(policies, request, STREAM)
    assert (await policies.inbound(request)).forward is not None

    await policies.usage_known(streamed, {"total_tokens": 20})

    assert (await policies.inbound(request)).forward is None


@pytest.mark.parametrize(
    ("operation", "limited"),
    [("chat/completions", True), ("completions", True), ("embeddings", False),
     ("images/generations", False), ("audio/speech", False)],
)  # fmt: skip
async def test_limit_covers_operations_whose_prompts_the_gateway_can_parse(
    operation: str, limited: bool, load: Load
) -> None:
    policies = await load(LIMITED)
    url = f"https://gateway/llm/openai/deployments/d/{operation}"
    request = chat(url=url, subscription=f"limited-{operation}")

    await travel(policies, request, answer(usage={**USAGE, "total_tokens": 20}))

    assert ((await policies.inbound(request)).answer is not None) is limited


@pytest.mark.parametrize("messages", ["off", "on"])
async def test_limit_covers_messages_where_the_tier_knows_them(messages: str, load: Load) -> None:
    policies = await load({**LIMITED, "chargeback-token-limit-messages": messages})
    request = chat(url="https://gateway/llm/anthropic/v1/messages", subscription="claude")

    await travel(policies, request, answer(usage={"input_tokens": 15, "output_tokens": 5}))

    assert ((await policies.inbound(request)).answer is not None) is (messages == "on")
