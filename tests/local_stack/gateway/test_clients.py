"""The official clients work through the gateway unchanged; each call leaves one UsageEvent."""

import json
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from local_stack.gateway.identity import DEFAULT_KEY, local_token
from local_stack.traffic.usage_event import TENANT
from tests.local_stack.gateway.stack import USAGE_HUB, GatewayStack
from tests.local_stack.official import anthropic, openai

pytestmark = pytest.mark.asyncio(loop_scope="module")

OID = "7c9f2f0e-6a4b-4e0f-9c55-0d1e2f3a4b5c"
QUESTION = [{"role": "user", "content": "Who pays for this?"}]
TOKENS = {"x-model-tokens": "prompt=2048,cached=1024,completion=427,reasoning=192"}
CHAT_USAGE = {
    "prompt_tokens": 2048,
    "completion_tokens": 427,
    "total_tokens": 2475,
    "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 192, "audio_tokens": 0},
}


def plain_client(stack: GatewayStack, key: str) -> Any:
    return openai.AsyncOpenAI(base_url=f"{stack.url}/openai/v1", api_key=key, max_retries=0)


def azure_client(stack: GatewayStack, **credentials: Any) -> Any:
    return openai.AsyncAzureOpenAI(
        azure_endpoint=stack.url, api_version="2024-10-21", max_retries=0, **credentials
    )


async def only_event(stack: GatewayStack, session: str) -> dict[str, Any]:
    [event] = await stack.usage_events(session)
    return event


async def test_openai_client_with_a_token_is_billed_as_its_person(stack: GatewayStack) -> None:
    session = uuid4().hex
    async with plain_client(stack, local_token(OID, azp="app-1")) as client:
        answer = await client.chat.completions.create(
            model="gpt-5-mini",
            messages=QUESTION,
            extra_headers={**TOKENS, "x-session-id": session},
        )
    event = await only_event(stack, session)
    assert event["subject"] == OID
    assert event["data"]["caller"] == {
        "oid": OID,
        "tid": TENANT,
        "azp": "app-1",
        "subscription": None,
        "product": None,
    }
    told = {name: event["data"][name] for name in ("operation", "deployment", "model", "region")}
    assert told == {
        "operation": "chat-completions",
        "deployment": "gpt-5-mini",
        "model": "gpt-5-mini-2025-08-07",
        "region": "swedencentral",
    }
    assert event["data"]["usage"] == CHAT_USAGE
    assert event["data"]["response_id"] == answer.id
    [where] = [
        (hub_event.partition_key, partition)
        for partition, hub_event in stack.hub(USAGE_HUB)
        if json.loads(hub_event.body)["id"] == event["id"]
    ]
    assert where[0] == OID


async def test_azure_client_with_a_key_is_billed_as_its_subscription(stack: GatewayStack) -> None:
    session = uuid4().hex
    async with azure_client(stack, api_key=DEFAULT_KEY) as client:
        answer = await client.embeddings.create(
            model="text-embedding-3-small", input="hello", extra_headers={"x-session-id": session}
        )
    event = await only_event(stack, session)
    assert event["subject"] == "subscription:local-client"
    assert event["data"]["caller"]["product"] == "ai-standard"
    assert event["data"]["usage"] == answer.usage.model_dump()
    assert event["data"]["operation"] == "embeddings"


async def test_openai_client_may_send_the_key_where_it_sends_keys(stack: GatewayStack) -> None:
    session = uuid4().hex
    async with plain_client(stack, DEFAULT_KEY) as client:
        await client.images.generate(
            model="gpt-image-1", prompt="a cat", extra_headers={"x-session-id": session}
        )
    event = await only_event(stack, session)
    assert (event["subject"], event["data"]["operation"]) == ("subscription:local-client", "images")


async def test_streamed_chat_reaches_the_client_whole_and_the_log_has_its_tokens(
    stack: GatewayStack,
) -> None:
    session = uuid4().hex
    async with azure_client(stack, azure_ad_token=local_token(OID)) as client:
        stream = await client.chat.completions.create(
            model="gpt-4.1-mini",
            messages=QUESTION,
            stream=True,
            extra_headers={**TOKENS, "x-session-id": session},
        )
        chunks = [chunk async for chunk in stream]
    assert len(chunks) == 1 + 32 + 1 + 1  # the prompt's verdict, the words, the stop, the usage
    event = await only_event(stack, session)
    assert (event["subject"], event["data"]["stream"], event["data"]["usage"]) == (OID, True, None)
    _, llm_row = await stack.records(event["id"])
    assert llm_row["category"] == "GatewayLlmLogs"
    assert llm_row["properties"] == {
        "requestId": chunks[-1].id,
        "apiVersion": "2024-10-21",
        "deploymentName": "gpt-4.1-mini",
        "modelName": "gpt-4.1-mini-2025-04-14",
        "isStreamCompletion": True,
        "promptTokens": 2048,
        "completionTokens": 427,
        "totalTokens": 2475,
        "promptCachedTokens": 1024,
        "completionReasoningTokens": 192,
        "sequenceNumber": 0,
    }


@pytest.mark.parametrize("streamed", [False, True])
async def test_responses_work_on_both_paths(stack: GatewayStack, streamed: bool) -> None:
    session = uuid4().hex
    headers = {**TOKENS, "x-session-id": session}
    async with (
        plain_client(stack, local_token(OID)) as plain,
        azure_client(stack, azure_ad_token=local_token(OID)) as azure,
    ):
        for client in (plain, azure):
            answer = await client.responses.create(
                model="gpt-5", input="Hi", stream=streamed, extra_headers=headers
            )
            if streamed:
                events = [event async for event in answer]
                assert events[-1].response.usage.output_tokens == 427
    for event in await stack.usage_events(session):
        assert (event["data"]["operation"], event["data"]["deployment"]) == ("responses", "gpt-5")
        _, llm_row = await stack.records(event["id"])
        assert llm_row["properties"]["promptTokens"] == 2048
        assert llm_row["properties"]["isStreamCompletion"] is streamed


@pytest.mark.parametrize("streamed", [False, True])
async def test_anthropic_client_works_with_key_and_token(
    stack: GatewayStack, streamed: bool
) -> None:
    session = uuid4().hex
    order = {"x-model-tokens": "prompt=3000,cached=2000,cache_write=600,completion=50"}
    base_url = f"{stack.url}/anthropic"
    async with (
        anthropic.AsyncAnthropic(base_url=base_url, api_key=DEFAULT_KEY) as by_key,
        anthropic.AsyncAnthropic(base_url=base_url, auth_token=local_token(OID)) as by_token,
    ):
        for client in (by_key, by_token):
            answer = await client.messages.create(
                model="claude-local",
                max_tokens=100,
                messages=QUESTION,
                stream=streamed,
                extra_headers={**order, "x-session-id": session},
            )
            if streamed:
                assert [event.type async for event in answer][-1] == "message_stop"
    events = await stack.usage_events(session)
    assert {event["subject"] for event in events} == {OID, "subscription:local-client"}
    for event in events:
        usage = event["data"]["usage"]
        assert usage is None if streamed else usage["cache_creation_input_tokens"] == 600
        _, llm_row = await stack.records(event["id"])
        counts = llm_row["properties"]
        # The log has neither what was written to the cache nor, in its prompt, what was read.
        assert (counts["promptTokens"], counts["promptCachedTokens"]) == (400, 2000)
        assert (counts["completionTokens"], counts["totalTokens"]) == (50, 450)


async def test_a_wrong_key_is_told_which_key_is_right(stack: GatewayStack) -> None:
    async with plain_client(stack, "no-such-key") as unknown:
        with pytest.raises(openai.AuthenticationError, match="invalid subscription key") as refused:
            await unknown.chat.completions.create(model="gpt-5", messages=QUESTION)
        assert "Send `local-key` in the header `api-key`" in str(refused.value)
    async with aiohttp.ClientSession() as session, session.get(f"{stack.url}/v1/models") as answer:
        body = await answer.json()
    assert (answer.status, body["statusCode"]) == (401, 401)
    assert "missing subscription key. Send `local-key`" in body["message"]


async def test_refusals_of_model_and_gateway_reach_the_client_as_its_errors(
    stack: GatewayStack,
) -> None:
    session = uuid4().hex
    headers = {"x-session-id": session}
    async with (
        plain_client(stack, local_token(OID)) as known,
        plain_client(stack, local_token(OID, tid=str(uuid4()))) as foreign,
        plain_client(stack, "no-such-key") as unknown,
    ):
        with pytest.raises(openai.RateLimitError):
            await known.chat.completions.create(
                model="fail-429", messages=QUESTION, extra_headers=headers
            )
        for client in (foreign, unknown):
            with pytest.raises(openai.AuthenticationError):
                await client.chat.completions.create(
                    model="gpt-5", messages=QUESTION, extra_headers=headers
                )
    events = await stack.usage_events(session)
    told = {(event["subject"], event["data"]["status"]) for event in events}
    assert told == {(OID, 429)}  # nobody knows the others: the log alone counts them
