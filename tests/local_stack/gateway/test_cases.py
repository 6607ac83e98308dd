"""What real providers and gateways do that once cost or broke something, through the local gateway
and with the official clients."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio

from local_stack.gateway.cached_policies import CACHE_HEADER, CachePlace
from local_stack.gateway.identity import local_token
from local_stack.gateway.reporting.trap import Trap
from tests.local_stack.gateway.stack import GatewayStack, gateway_stack
from tests.local_stack.official import anthropic, openai

pytestmark = pytest.mark.asyncio(loop_scope="module")

OID = "7c9f2f0e-6a4b-4e0f-9c55-0d1e2f3a4b5c"
POLLER = "0d9f2f0e-6a4b-4e0f-9c55-0d1e2f3a4b5c"
QUESTION = [{"role": "user", "content": "Who pays for this?"}]


def azure_client(stack: GatewayStack, version: str = "2024-10-21") -> Any:
    return openai.AsyncAzureOpenAI(
        azure_endpoint=stack.url,
        api_version=version,
        azure_ad_token=local_token(OID),
        max_retries=0,
    )


def plain_client(stack: GatewayStack, oid: str = OID) -> Any:
    return openai.AsyncOpenAI(
        base_url=f"{stack.url}/openai/v1", api_key=local_token(oid), max_retries=0
    )


async def events_of(stack: GatewayStack, session: str, count: int = 1) -> list[dict[str, Any]]:
    events = await stack.usage_events(session)
    assert len(events) == count
    return events


@pytest.mark.parametrize("version", ["2024-06-01", "2024-05-01-preview"])
async def test_stream_on_an_old_api_version_works_as_without_the_gateway(
    stack: GatewayStack, version: str
) -> None:
    session = uuid4().hex
    async with azure_client(stack, version) as client:
        stream = await client.chat.completions.create(
            model="gpt-5-mini",
            messages=QUESTION,
            stream=True,
            extra_headers={"x-session-id": session},
        )
        chunks = [chunk async for chunk in stream]

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert [chunk for chunk in chunks if chunk.usage] == []
    [event] = await events_of(stack, session)
    assert (event["data"]["status"], event["data"]["stream"]) == (200, True)


async def test_stream_of_a_mistral_model_works_as_without_the_gateway(stack: GatewayStack) -> None:
    session = uuid4().hex
    async with plain_client(stack) as client:
        stream = await client.chat.completions.create(
            model="Mistral-small-2503",
            messages=QUESTION,
            stream=True,
            extra_headers={"x-session-id": session},
        )
        assert [chunk async for chunk in stream]

    [event] = await events_of(stack, session)
    assert (event["data"]["status"], event["data"]["deployment"]) == (200, "Mistral-small-2503")


async def test_background_response_is_reported_by_whoever_polls_it(stack: GatewayStack) -> None:
    session = uuid4().hex
    headers = {"x-session-id": session}
    async with plain_client(stack) as creator, plain_client(stack, POLLER) as poller:
        created = await creator.responses.create(
            model="o3",
            input="Think long",
            background=True,
            extra_headers={**headers, "x-model-polls": "2"},
        )
        assert (created.status, created.usage) == ("queued", None)
        states: list[str] = []
        while not states or states[-1] != "completed":
            fetched = await poller.responses.retrieve(created.id, extra_headers=headers)
            states.append(fetched.status)
            await asyncio.sleep(0)
        assert states == ["in_progress", "in_progress", "completed"]

    posted, usage = sorted(await events_of(stack, session, 2), key=lambda event: event["time"])
    assert (posted["type"], usage["type"]) == ("llm.call.v1", "llm.call.usage.v1")
    assert (posted["subject"], posted["data"]["background"]) == (OID, True)
    assert (posted["data"]["response_status"], posted["data"]["usage"]) == ("queued", None)
    assert (usage["subject"], usage["data"]["response_status"]) == (POLLER, "completed")
    assert posted["data"]["response_id"] == usage["data"]["response_id"] == created.id
    assert usage["data"]["usage"]["output_tokens"] == fetched.usage.output_tokens


async def test_streamed_fetch_of_a_background_response_is_passed_on_unread(
    stack: GatewayStack,
) -> None:
    session = uuid4().hex
    async with plain_client(stack) as client:
        created = await client.responses.create(model="o3", input="Think", background=True)
        stream = await client.responses.retrieve(
            created.id, stream=True, extra_headers={"x-session-id": session}
        )
        kinds = [event.type async for event in stream]

    assert kinds[-1] == "response.completed"
    await events_of(stack, session, 0)


async def test_tools_of_responses_are_counted_plain_and_asked_for_streamed(
    stack: GatewayStack,
) -> None:
    session = uuid4().hex
    async with plain_client(stack) as client:
        for streamed in (False, True):
            answer = await client.responses.create(
                model="gpt-5",
                input="Look it up",
                tools=[{"type": "web_search"}],
                stream=streamed,
                extra_headers={"x-session-id": session, "x-model-tools": "web_search=3"},
            )
            if streamed:
                assert [event.type async for event in answer][-1] == "response.completed"
            else:
                items = [item.type for item in answer.output]
                assert items == [*["web_search_call"] * 3, "message"]

    plain, stream = sorted(
        await events_of(stack, session, 2), key=lambda event: event["data"]["stream"]
    )
    asked: dict[str, Any] = {"requested": ["web_search"], "calls": {}, "usage": None}
    searches = {"web_search": {"num_requests": 3}}
    assert stream["data"]["tools"] == asked
    assert plain["data"]["tools"] == {
        **asked,
        "calls": {"web_search_call": 3},
        "usage": searches,
    }


async def test_tools_of_anthropics_server_are_counted(stack: GatewayStack) -> None:
    session = uuid4().hex
    async with anthropic.AsyncAnthropic(
        base_url=f"{stack.url}/anthropic", auth_token=local_token(OID)
    ) as client:
        answer = await client.messages.create(
            model="claude-local",
            max_tokens=100,
            messages=QUESTION,
            tools=[{"type": "web_search_20250305", "name": "web_search"}],
            extra_headers={"x-session-id": session, "x-model-tools": "web_search=2"},
        )
    assert answer.usage.server_tool_use.web_search_requests == 2

    [event] = await events_of(stack, session)
    assert event["data"]["tools"]["calls"] == {"server_tool_use": 2}
    assert event["data"]["usage"]["server_tool_use"] == {"web_search_requests": 2}


async def test_compaction_is_a_call_of_responses(stack: GatewayStack) -> None:
    session = uuid4().hex
    async with plain_client(stack) as client:
        answer = await client.responses.compact(
            model="gpt-5", input="A long talk", extra_headers={"x-session-id": session}
        )

    [event] = await events_of(stack, session)
    assert (event["data"]["operation"], event["data"]["deployment"]) == ("responses", "gpt-5")
    assert event["data"]["usage"]["total_tokens"] == answer.usage.total_tokens


async def test_forms_of_the_client_name_their_model(stack: GatewayStack) -> None:
    session = uuid4().hex
    headers = {"x-session-id": session}
    async with plain_client(stack) as client:
        await client.audio.transcriptions.create(
            model="gpt-4o-transcribe", file=("a.wav", b"\0" * 9_000), extra_headers=headers
        )
        spoken = await client.audio.transcriptions.create(
            model="whisper-1",
            file=("a.wav", b"\0" * 352_000),
            response_format="verbose_json",
            extra_headers=headers,
        )
        await client.images.edit(
            model="gpt-image-1", image=("a.png", b"PNG"), prompt="a cat", extra_headers=headers
        )
    assert float(spoken.duration) == 11

    events = {
        event["data"]["deployment"]: event["data"] for event in await events_of(stack, session, 3)
    }
    assert set(events) == {"gpt-4o-transcribe", "whisper-1", "gpt-image-1"}
    assert events["whisper-1"]["duration"] == 11
    assert events["gpt-image-1"]["operation"] == "images"


async def test_large_upload_is_passed_on_unread(stack: GatewayStack) -> None:
    session = uuid4().hex
    async with plain_client(stack) as client:
        await client.audio.transcriptions.create(
            model="whisper-1",
            file=("a.wav", b"\0" * 3_000_000),
            extra_headers={"x-session-id": session},
        )

    [event] = await events_of(stack, session)
    assert (event["data"]["body_unread"], event["data"]["deployment"]) == ("too_large", None)
    # The answer's header still says which deployment served it.
    assert event["data"]["served_deployment"] == "whisper-1"


async def test_body_of_unknown_length_is_passed_on_unread(stack: GatewayStack) -> None:
    session = uuid4().hex

    async def pieces() -> AsyncIterator[bytes]:
        yield json.dumps({"model": "gpt-5-mini", "messages": QUESTION}).encode()

    headers = {"Authorization": f"Bearer {local_token(OID)}", "x-session-id": session}
    headers["Content-Type"] = "application/json"
    url = f"{stack.url}/openai/v1/chat/completions"
    async with (
        aiohttp.ClientSession(headers=headers) as client,
        client.post(url, data=pieces()) as answer,
    ):
        assert answer.status == 200

    [event] = await events_of(stack, session)
    data = event["data"]
    assert (data["body_unread"], data["deployment"]) == ("no_length", None)
    assert data["model"] == "gpt-5-mini-2025-08-07"


@pytest.mark.parametrize("streamed", [False, True])
async def test_spillover_names_who_served_and_no_caller_chooses_it(
    stack: GatewayStack, streamed: bool
) -> None:
    session = uuid4().hex
    async with azure_client(stack) as client:
        answer = await client.chat.completions.create(
            model="gpt-5-ptu",
            messages=QUESTION,
            stream=streamed,
            extra_headers={
                "x-session-id": session,
                "x-model-spillover": "gpt-5",
                "x-ms-spillover-deployment": "cheapest",
            },
        )
        if streamed:
            assert [chunk async for chunk in answer]

    [event] = await events_of(stack, session)
    data = event["data"]
    assert (data["deployment"], data["served_deployment"]) == ("gpt-5-ptu", "gpt-5")
    assert data["spillover_from"] == "gpt-5-ptu"


async def test_router_and_tier_are_reported(stack: GatewayStack) -> None:
    session = uuid4().hex
    async with plain_client(stack) as client:
        for streamed in (False, True):
            answer = await client.chat.completions.create(
                model="model-router",
                messages=QUESTION,
                service_tier="priority",
                stream=streamed,
                extra_headers={"x-session-id": session},
            )
            if streamed:
                assert [chunk async for chunk in answer]

    plain, stream = sorted(
        await events_of(stack, session, 2), key=lambda event: event["data"]["stream"]
    )
    assert plain["data"]["model"] in ("gpt-4.1-mini-2025-04-14", "gpt-5-mini-2025-08-07")
    assert (plain["data"]["requested_tier"], plain["data"]["service_tier"]) == ("priority",) * 2
    assert (stream["data"]["requested_tier"], stream["data"]["service_tier"]) == ("priority", None)


async def test_operation_that_nobody_counts_leaves_its_name_in_the_log(
    stack: GatewayStack,
) -> None:
    headers = {"Authorization": f"Bearer {local_token(OID)}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{stack.url}/openai/v1/videos", json={"model": "sora-2"}) as answer,
    ):
        assert answer.status == 200

    records = await log_records(stack)
    [record] = [each for each in records if each["properties"].get("url", "").endswith("/videos")]
    [trace] = record["properties"]["traceRecords"]
    assert trace["message"] == "llm.call.unmetered.v1"
    assert (trace["metadata"]["operation"], trace["metadata"]["subject"]) == ("videos", OID)


async def log_records(stack: GatewayStack) -> list[dict[str, Any]]:
    await stack.reported()
    bodies = [json.loads(event.body) for _, event in stack.hub("apim-diagnostics")]
    return [record for body in bodies for record in body["records"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=list(CachePlace))
async def cached(
    mono: None, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[GatewayStack, CachePlace]]:
    async with gateway_stack(cache=request.param, traps=(Trap.ESTIMATES,)) as running:
        yield running, request.param


async def test_cached_answer_reaches_the_client_and_the_log_says_hit(
    cached: tuple[GatewayStack, CachePlace],
) -> None:
    stack, place = cached
    session = uuid4().hex
    headers = {"x-session-id": session, CACHE_HEADER: "use"}
    async with azure_client(stack) as client:
        answers = [
            await client.chat.completions.create(
                model="gpt-5-mini", messages=QUESTION, extra_headers=headers
            )
            for _ in range(2)
        ]
    assert answers[0].id == answers[1].id

    backends = {
        each["properties"]["cache"]: each["properties"]["backendResponseCode"]
        for each in await log_records(stack)
        if each["properties"].get("cache", "none") != "none"
    }
    assert backends == {"miss": 200, "hit": 0}
    first, *hit = await stack.usage_events(session)
    assert first["data"]["usage"]["total_tokens"] == answers[0].usage.total_tokens
    seen = [(event["data"]["cache"], event["data"]["usage"]) for event in hit]
    assert seen == ([("hit", None)] if place is CachePlace.BEFORE else [])


async def test_refused_call_has_an_estimate_in_the_log_and_no_model(
    cached: tuple[GatewayStack, CachePlace],
) -> None:
    stack, _ = cached
    session = uuid4().hex
    async with azure_client(stack) as client:
        with pytest.raises(openai.BadRequestError):
            await client.chat.completions.create(
                model="gpt-5-mini",
                messages=QUESTION,
                extra_headers={"x-session-id": session, "x-model-status": "400"},
            )
    [event] = await events_of(stack, session)
    _, row = await stack.records(event["id"])
    counts = row["properties"]
    assert (counts["modelName"], counts["completionTokens"]) == ("", 0)
    assert counts["promptTokens"] > 0
