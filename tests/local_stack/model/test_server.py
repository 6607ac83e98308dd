"""What the stand-in does on the wire: delays, broken streams, refused orders, its process."""

import asyncio
import os
import signal
import sys
import time

import aiohttp
import pytest

from tests.paths import ROOT

CHAT = "/openai/deployments/gpt-4.1-mini/chat/completions?api-version=2024-10-21"
STREAM = {"messages": [{"role": "user", "content": "Hi"}], "stream": True}


async def test_a_delay_holds_the_headers_back(model_url: str) -> None:
    headers = {"x-model-delay-ms": "150"}
    async with aiohttp.ClientSession(model_url) as session:
        started = time.monotonic()
        async with session.post(CHAT, json=STREAM, headers=headers) as answer:
            assert time.monotonic() - started >= 0.15
            assert answer.headers["x-ms-region"] == "Sweden Central"


async def test_a_chunk_delay_spreads_the_stream(model_url: str) -> None:
    headers = {"x-model-chunk-delay-ms": "20", "x-model-tokens": "completion=5"}
    arrivals = []
    async with (
        aiohttp.ClientSession(model_url) as session,
        session.post(CHAT, json=STREAM, headers=headers) as answer,
    ):
        async for _ in answer.content.iter_any():
            arrivals.append(time.monotonic())
    assert len(arrivals) > 4
    assert arrivals[-1] - arrivals[0] >= 0.1


async def test_a_stream_can_break_off(model_url: str) -> None:
    headers = {"x-model-break-after": "3"}
    async with (
        aiohttp.ClientSession(model_url) as session,
        session.post(CHAT, json=STREAM, headers=headers) as answer,
    ):
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()


@pytest.mark.parametrize(
    ("headers", "body", "told"),
    [
        ({"x-model-status": "200"}, b"{}", "x-model-status is '200'"),
        ({"x-model-tokens": "words=3"}, b"{}", "x-model-tokens has 'words=3'"),
        ({"x-model-delay-ms": "soon"}, b"{}", "x-model-delay-ms is 'soon'"),
        ({}, b"[]", "the body is a list"),
        ({}, b"{", "Expecting property name"),
    ],
)
async def test_an_order_that_cannot_be_followed_is_refused_by_name(
    model_url: str, headers: dict[str, str], body: bytes, told: str
) -> None:
    async with (
        aiohttp.ClientSession(model_url) as session,
        session.post(CHAT, data=body, headers=headers) as answer,
    ):
        assert answer.status == 400
        assert told in (await answer.json())["error"]["message"]


async def test_the_process_says_where_it_listens_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "local_stack.model", "--port", "0"]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stderr=asyncio.subprocess.PIPE, env={**os.environ}
    )
    assert process.stderr is not None
    line = (await process.stderr.readline()).decode()
    url = f"http://{line.rpartition(' ')[2].strip()}"
    async with aiohttp.ClientSession() as session, session.get(f"{url}/healthz") as answer:
        assert answer.status == 200
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
