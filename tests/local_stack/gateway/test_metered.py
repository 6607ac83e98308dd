"""From the official client to the ledger: what the client was told is what its caller pays for."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from consumers.decode import decode
from local_stack.gateway.identity import local_token
from local_stack.people import people
from pricing_rules.book import load_book
from pricing_rules.rating import rate
from pricing_rules.types import CallState, Operation, UsageEvent
from pricing_rules.units import Unit
from tests.local_stack.gateway.stack import GatewayStack

openai: Any = pytest.importorskip("openai", reason="the openai client is not installed")

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOOK = Path(__file__).parents[3] / "local_stack" / "demo_book.toml"
PICO = 10**12


async def test_three_calls_are_rated_as_the_client_saw_them(stack: GatewayStack) -> None:
    session, oid = uuid4().hex, people()[0].subject
    headers = {
        "x-session-id": session,
        "x-model-tokens": "prompt=1000,cached=0,completion=500,reasoning=0",
    }
    async with openai.AsyncOpenAI(
        base_url=f"{stack.url}/openai/v1", api_key=local_token(oid), default_headers=headers
    ) as client:
        question = [{"role": "user", "content": "Hi"}]
        await client.chat.completions.create(model="gpt-4.1-mini", messages=question)
        stream = await client.chat.completions.create(
            model="gpt-4.1-mini", messages=question, stream=True
        )
        assert [chunk async for chunk in stream][-1].usage.completion_tokens == 500
        await client.embeddings.create(model="text-embedding-3-small", input="Hi")
    book, now = load_book([BOOK]), datetime.now(UTC)
    events = [
        decode(json.dumps(event).encode(), enqueued_time=now)
        for event in await stack.usage_events(session)
    ]
    calls = {}
    for event in events:
        assert isinstance(event, UsageEvent)
        assert event.subject == oid
        calls[event.operation, event.stream] = rate(event, book)
    assert len(calls) == 3
    # Streamed: nobody knows its usage yet, so it costs nothing yet and is no zero either.
    assert calls.pop((Operation.CHAT_COMPLETIONS, True)).state is CallState.NO_USAGE
    chat, embedding = calls[Operation.CHAT_COMPLETIONS, False], calls[Operation.EMBEDDINGS, False]
    assert {line.unit: line.quantity for line in chat.charges} == {
        Unit.INPUT: 1000,
        Unit.OUTPUT: 500,
    }
    # gpt-4.1-mini: 0.40 and 1.60 USD, text-embedding-3-small: 0.02 USD, per million tokens.
    assert chat.charge == (1000 * 40 + 500 * 160) * PICO // 100_000_000
    assert embedding.charge == 1000 * 2 * PICO // 100_000_000
