"""Calls through the real policies appear in Application Insights under the ids of their events."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from local_stack.gateway.identity import DEFAULT_KEY
from local_stack.insights.server import Served, serving
from tests.local_stack.gateway.stack import GatewayStack, gateway_stack

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hi"}]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(mono: None) -> AsyncIterator[tuple[GatewayStack, Served]]:
    async with (
        serving() as insights,
        gateway_stack(insights=insights.connection_string) as stack,
    ):
        yield stack, insights


async def test_each_call_is_a_request_under_the_id_of_its_event(
    both: tuple[GatewayStack, Served],
) -> None:
    stack, insights = both
    headers = {"api-key": DEFAULT_KEY, "x-session-id": "telemetry"}
    stream = {**BODY, "stream": True, "stream_options": {"include_usage": True}}
    async with httpx.AsyncClient(timeout=30) as client:
        for body in (BODY, stream):
            url = f"{stack.url}/openai/v1/chat/completions"
            answer = await client.post(url, json=body, headers=headers)
            assert answer.status_code == 200, answer.text
    events = await stack.usage_events("telemetry")
    requests = insights.store.rows("AppRequests")
    asked = {json.loads(row["Properties"])["Request Id"]: row for row in requests}
    assert asked.keys() == {event["id"] for event in events}
    assert len(events) == 2
    dependencies = {row["OperationId"] for row in insights.store.rows("AppDependencies")}
    assert dependencies == {row["OperationId"] for row in requests}
    metrics = insights.store.rows("AppMetrics")
    total = sum(row["Sum"] for row in metrics if row["Name"] == "Total Tokens")
    [plain] = [event for event in events if event["data"]["usage"]]
    assert total > plain["data"]["usage"]["total_tokens"]  # the stream's tokens are in it too
    assert b"Hi" not in json.dumps([requests, metrics], default=str).encode()
