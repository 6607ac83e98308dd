"""How an answer passes: byte for byte, at once, and what is reported when either side leaves."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio

from local_stack.gateway.backend import text_of
from local_stack.gateway.identity import local_token
from local_stack.gateway.settings import POLICIES
from tests.local_stack.gateway.scripted_backend import ScriptedBackend, scripted_backend
from tests.local_stack.gateway.stack import GatewayStack, gateway_stack

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/llm/openai/deployments/my%20model/chat/completions?api-version=2024-10-21"
BODY = {"messages": [{"role": "user", "content": "Hi"}]}
TIMEOUT_S = 10


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def quick_policies(mono: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The policies with a timeout that a test can wait for."""
    folder = tmp_path_factory.mktemp("policies")
    for path in [*POLICIES.glob("*.xml"), POLICIES / "named_values.json"]:
        shutil.copy(path, folder)
    forward = folder / "chargeback-forward.fragment.xml"
    text = forward.read_text()
    assert 'timeout="240"' in text
    forward.write_text(text.replace('timeout="240"', 'timeout="2"'))
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(quick_policies: Path) -> AsyncIterator[tuple[GatewayStack, ScriptedBackend]]:
    async with (
        scripted_backend() as backend,
        gateway_stack(backend=backend.url, policies=quick_policies) as stack,
    ):
        yield stack, backend


@pytest.fixture
def backend(running: tuple[GatewayStack, ScriptedBackend]) -> ScriptedBackend:
    """As new."""
    fresh = ScriptedBackend(url=running[1].url)
    for name in ("pieces", "content_type", "silent", "cut", "asked", "left", "gate", "requests"):
        setattr(running[1], name, getattr(fresh, name))
    return running[1]


@pytest.fixture
def stack(running: tuple[GatewayStack, ScriptedBackend]) -> GatewayStack:
    return running[0]


@pytest_asyncio.fixture(loop_scope="module")
async def session(stack: GatewayStack) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {local_token('person-1')}", "x-session-id": uuid4().hex}
    base = f"http://127.0.0.1:{stack.served.port}"
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(base, headers=headers, timeout=timeout) as made:
        yield made


async def only_event(stack: GatewayStack, session: aiohttp.ClientSession) -> dict[str, Any]:
    [event] = await stack.usage_events(session.headers["x-session-id"])
    return event


async def test_each_piece_arrives_before_the_next_one_is_sent(
    stack: GatewayStack, backend: ScriptedBackend, session: aiohttp.ClientSession
) -> None:
    """The backend holds each piece until the one before has reached the client: whatever buffers
    on the way would hang this test. Pieces end anywhere, also inside a character."""
    text = 'data: {"choices":[{"delta":{"content":"Grüße"}}],"usage":null}\n\n'.encode()
    backend.pieces = [text[:45], text[45:], b"data: [DO", b"NE]\n", b"\n", bytes(range(256))]
    async with session.post(CHAT, json={**BODY, "stream": True}) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        for piece in backend.pieces:
            backend.let_go()
            assert await answer.content.readexactly(len(piece)) == piece
        assert await answer.read() == b""
    event = await only_event(stack, session)
    assert (event["data"]["status"], event["data"]["stream"]) == (200, True)


async def test_the_backend_gets_the_managed_identity_and_no_key_of_the_caller(
    stack: GatewayStack, backend: ScriptedBackend, session: aiohttp.ClientSession
) -> None:
    backend.content_type, backend.pieces = "application/json", [b"{}"]
    backend.let_go()
    headers = {"api-key": "secret", "Accept-Encoding": "gzip", "X-Own": "kept"}
    async with session.post(CHAT, json=BODY, headers=headers) as answer:
        assert await answer.read() == b"{}"
    [(path, received, body)] = backend.requests
    assert path == CHAT.removeprefix("/llm")
    assert received["Authorization"] == "Bearer local-managed-identity"
    assert "api-key" not in received
    assert (received["X-Own"], received["Accept-Encoding"]) == ("kept", "identity")
    assert json.loads(body) == BODY


async def test_a_caller_who_leaves_before_the_answer_is_reported_with_status_0(
    stack: GatewayStack, backend: ScriptedBackend, session: aiohttp.ClientSession
) -> None:
    backend.silent = True
    calling = asyncio.create_task(session.post(CHAT, json=BODY))
    async with asyncio.timeout(TIMEOUT_S):
        await backend.asked.wait()
        calling.cancel()
        await backend.left.wait()
    event = await only_event(stack, session)
    assert (event["data"]["status"], event["subject"]) == (0, "person-1")
    [record] = await stack.records(event["id"])
    assert record["properties"]["responseCode"] == 0
    assert record["properties"]["lastErrorReason"] == "ClientConnectionFailure"


async def test_a_caller_who_leaves_a_stream_ends_it_at_the_backend_too(
    stack: GatewayStack, backend: ScriptedBackend, session: aiohttp.ClientSession
) -> None:
    backend.pieces = [b"data: 1\n\n", b"data: 2\n\n"]
    backend.let_go()
    async with session.post(CHAT, json={**BODY, "stream": True}) as answer:
        assert await answer.content.readexactly(9) == b"data: 1\n\n"
        answer.close()
    async with asyncio.timeout(TIMEOUT_S):
        await backend.left.wait()
    event = await only_event(stack, session)
    assert event["data"]["status"] == 200
    [record] = await stack.records(event["id"])
    assert record["category"] == "GatewayLogs"


async def test_a_broken_stream_is_broken_for_the_caller_too(
    stack: GatewayStack, backend: ScriptedBackend, session: aiohttp.ClientSession
) -> None:
    backend.pieces, backend.cut = [b"data: 1\n\n"], True
    backend.let_go()
    async with session.post(CHAT, json={**BODY, "stream": True}) as answer:
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    assert (await only_event(stack, session))["data"]["stream"] is True


async def test_a_json_answer_that_breaks_off_is_a_failure_of_the_backend(
    stack: GatewayStack, backend: ScriptedBackend, session: aiohttp.ClientSession
) -> None:
    backend.content_type, backend.pieces, backend.cut = "application/json", [b'{"usage":'], True
    backend.let_go()
    async with session.post(CHAT, json=BODY) as answer:
        assert answer.status == 500
    event = await only_event(stack, session)
    assert (event["data"]["status"], event["data"]["usage"]) == (500, None)


async def test_a_silent_backend_runs_into_the_policys_timeout(
    stack: GatewayStack, backend: ScriptedBackend, session: aiohttp.ClientSession
) -> None:
    backend.silent = True
    async with session.post(CHAT, json=BODY) as answer:
        assert answer.status == 500
        assert (await answer.json())["message"] == "The backend did not answer in time."
    event = await only_event(stack, session)
    [record] = await stack.records(event["id"])
    assert record["properties"]["lastErrorReason"] == "Timeout"
    assert record["properties"]["backendResponseCode"] == 0


async def test_a_body_of_another_kind_passes_unread(
    stack: GatewayStack, backend: ScriptedBackend, session: aiohttp.ClientSession
) -> None:
    backend.content_type, backend.pieces = "audio/mpeg", [b"\xff\xfb" * 400]
    backend.let_go()
    speech = "/llm/openai/deployments/tts/audio/speech?api-version=2024-10-21"
    async with session.post(speech, json={"input": "Hi", "model": "tts"}) as answer:
        assert await answer.read() == b"\xff\xfb" * 400
    event = await only_event(stack, session)
    assert (event["data"]["operation"], event["data"]["stream"]) == ("audio-speech", False)


async def test_what_is_no_path_of_the_api_is_not_found(
    stack: GatewayStack, session: aiohttp.ClientSession
) -> None:
    async with session.get("/openai/v1/models") as answer:
        assert answer.status == 404
        assert "/llm/" in (await answer.json())["message"]


async def test_a_header_that_is_no_utf_8_fails_no_call(
    stack: GatewayStack, backend: ScriptedBackend
) -> None:
    backend.content_type, backend.pieces = "application/json", [b"{}"]
    backend.let_go()
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.served.port)
    head = f"POST {CHAT} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\napi-key: local-key\r\n"
    note = b"x-note: caf\xe9\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    writer.write(head.encode() + note)
    async with asyncio.timeout(TIMEOUT_S):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 200 ")
    [(_, headers, _)] = backend.requests
    assert headers["x-note"] == "café"


@pytest.mark.parametrize(
    ("sent", "text"), [(b"a", "a"), (b"caf\xe9", "café"), ("café".encode(), "café")]
)
async def test_header_bytes_are_read_as_utf_8_else_as_latin_1(sent: bytes, text: str) -> None:
    assert text_of(sent.decode(errors="surrogateescape")) == text
