"""From the official client to the ledger and the API: what the client was told is what its caller
pays for, streamed or not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from consumers.metering.run import run
from consumers.pairing.run import pair
from consumers.settings import Settings, read_settings
from local_stack.demo.azurite import AzuritePorts
from local_stack.gateway.identity import local_token
from local_stack.traffic.people import people
from table_api.audit.ledger_audit import audit
from table_api.http_api.app import create_app
from table_api.people.people import People, Person
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.timestamp import now_utc
from tests.fixtures.calls import DEMO_BOOK
from tests.local_stack.gateway.stack import GatewayStack
from tests.local_stack.official import openai

PERSON = people()[0]
SESSION = uuid4().hex
IDLE_S = 1.0
Shown = tuple[str, bool]
"""Operation and stream flag."""
PLAIN, STREAMED, EMBEDDING = (
    ("chat-completions", False),
    ("chat-completions", True),
    ("embeddings", False),
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


def settings_of(stack: GatewayStack, account: AzuritePorts) -> Settings:
    environment = {
        "EVENTHUB_CONNECTION_STRING": stack.broker.connection_string,
        "STORAGE_CONNECTION_STRING": account.connection_string,
        "PRICE_BOOKS": str(DEMO_BOOK),
        "CHECKPOINT_CONTAINER": f"checkpoints-{uuid4().hex}",
        "LOAD_BALANCING_INTERVAL_S": "0.5",
        "CHECKPOINT_INTERVAL_S": "0.3",
        "PAIRING_SWEEP_INTERVAL_S": "0.5",
    }
    return read_settings({}, environment)


async def call_three_times(url: str) -> None:
    headers = {"x-model-tokens": "prompt=1000,cached=0,completion=500,reasoning=0"}
    async with openai.AsyncOpenAI(
        base_url=f"{url}/openai/v1",
        api_key=local_token(PERSON.subject),
        default_headers={**headers, "x-session-id": SESSION},
    ) as client:
        question = [{"role": "user", "content": "Hi"}]
        plain = await client.chat.completions.create(model="gpt-4.1-mini", messages=question)
        assert (plain.usage.prompt_tokens, plain.usage.completion_tokens) == (1000, 500)
        stream = await client.chat.completions.create(
            model="gpt-4.1-mini", messages=question, stream=True
        )
        assert [chunk async for chunk in stream][-1].usage.completion_tokens == 500
        await client.embeddings.create(model="text-embedding-3-small", input="Hi")


async def calls_by_api(storage: AzureTableStorage) -> tuple[str | None, dict[Shown, Decimal]]:
    """The person's name, and what each of their calls costs: by operation and stream flag."""
    transport = httpx.ASGITransport(app=create_app(storage, MemoryBlobStore()))
    today = datetime.now(UTC).date()
    days = {"from": f"{today - timedelta(days=2)}", "to": f"{today + timedelta(days=2)}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
        answer = await api.get(f"/v1/subjects/{PERSON.subject}/calls", params=days)
    calls = answer.raise_for_status().json()
    shown = {
        (call["operation"], call["stream"]): Decimal(call["cost"]["charge"])
        for call in calls["data"]
    }
    assert len(shown) == len(calls["data"])
    return calls["name"], shown


async def test_three_calls_of_a_client_cost_what_it_saw_once_the_stream_is_paired(
    stack: GatewayStack, own_azurite: AzuritePorts
) -> None:
    settings = settings_of(stack, own_azurite)
    await call_three_times(stack.url)
    reported = {
        (event["data"]["operation"], event["data"]["stream"]): event
        for event in await stack.usage_events(SESSION)
    }
    assert set(reported) == {PLAIN, STREAMED, EMBEDDING}
    assert {event["subject"] for event in reported.values()} == {PERSON.subject}
    assert reported[STREAMED]["data"]["usage"] is None

    async def meter() -> None:
        await run(settings, ended=asyncio.Event(), until_idle_s=IDLE_S)

    async with opened(own_azurite) as storage:
        await meter()
        # gpt-4.1-mini: 0.40 and 1.60 USD, text-embedding-3-small: 0.02 USD, per million tokens.
        chat, embedding = Decimal("0.0012"), Decimal("0.00002")
        assert await calls_by_api(storage) == (None, {PLAIN: chat, EMBEDDING: embedding})
        await pair(settings, ended=asyncio.Event(), until_idle_s=IDLE_S)
        await meter()
        await name_the_person(storage)
        assert await calls_by_api(storage) == (
            PERSON.name,
            {PLAIN: chat, STREAMED: chat, EMBEDDING: embedding},
        )
        [completed] = [
            event
            for event in await stack.usage_events(SESSION)
            if event["type"] == "llm.call.completed.v1"
        ]
        assert identity_of(completed) == identity_of(reported[STREAMED])
        assert (await audit(storage, now=datetime.now(UTC))).ok


@contextlib.asynccontextmanager
async def opened(account: AzuritePorts) -> AsyncIterator[AzureTableStorage]:
    storage = AzureTableStorage.from_connection_string(account.connection_string)
    try:
        yield storage
    finally:
        await storage.close()


def identity_of(event: dict[str, Any]) -> tuple[str, datetime, str]:
    """What makes two events reports of one call; the policy's time has a digit too many for us."""
    return event["id"], datetime.fromisoformat(event["time"]), event["subject"]


async def name_the_person(storage: AzureTableStorage) -> None:
    person = Person(
        subject=PERSON.subject,
        display_name=PERSON.name,
        cost_centre=PERSON.cost_centre,
        valid_from=datetime(2026, 1, 1, tzinfo=UTC).date(),
    )
    await People(storage, now=now_utc).save([person])
