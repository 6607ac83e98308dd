"""Connections of the small client: kept, dropped, late, reset, of a bounded number."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from table_api.storage.direct import client as client_module
from table_api.storage.direct.authorization import SharedKey
from table_api.storage.direct.client import DirectClient
from table_api.storage.direct.route import route_to

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LATE = OK.replace(b"ok", b"no")


class Server:
    """Counts what it is asked. Each connection gets the answers of `script` in turn."""

    def __init__(self, *script: bytes | float | None) -> None:
        self.script = list(script)
        """Bytes to write, seconds to wait before LATE, or None to reset. At its end: OK."""
        self.connections = 0
        self.open = 0
        self.open_max = 0
        self.heads: list[bytes] = []
        self.port = 0
        self.tasks: list[asyncio.Task[None]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.append(task)
        self.connections += 1
        self.open += 1
        self.open_max = max(self.open, self.open_max)
        with contextlib.suppress(EOFError, ConnectionError, asyncio.CancelledError):
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                if not await self._answer(writer):
                    break
        self.open -= 1
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> bool:
        if self.script:
            step = self.script.pop(0)
            if step is None:
                writer.transport.abort()
                return False
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
                return b"close" not in step
            await asyncio.sleep(step)
            writer.write(LATE)
            return True
        writer.write(OK)
        return True


@contextlib.asynccontextmanager
async def running(*script: bytes | float | None) -> AsyncIterator[tuple[Server, DirectClient]]:
    server = Server(*script)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    route = route_to(f"http://127.0.0.1:{server.port}/a")
    assert route is not None
    client = DirectClient(route, SharedKey("a", "a2V5"))
    try:
        yield server, client
    finally:
        await client.close()
        listening.close()
        for task in server.tasks:
            task.cancel()
        await asyncio.gather(*server.tasks, return_exceptions=True)


async def test_a_connection_is_used_again() -> None:
    async with running() as (server, client):
        for _ in range(5):
            answer = await client.send("GET", "/a/t", "")
            assert (answer.status, answer.body) == (200, b"ok")
        assert server.connections == 1
        host = f"Host: 127.0.0.1:{server.port}\r\n".encode()
        assert all(head.startswith(b"GET /a/t HTTP/1.1\r\n" + host) for head in server.heads)


async def test_a_connection_that_the_server_closes_is_not_used_again() -> None:
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    async with running(closing, closing) as (server, client):
        for _ in range(3):
            assert (await client.send("GET", "/a/t", "")).body == b"ok"
        assert server.connections == 3


async def test_a_connection_is_dropped_before_the_server_closes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_module, "IDLE_S_MIN", 0.05)
    soon = OK.replace(b"\r\n\r\n", b"\r\nKeep-Alive: max=9, timeout=1\r\n\r\n")
    async with running(soon, soon, soon) as (server, client):
        await client.send("GET", "/a/t", "")
        await client.send("GET", "/a/t", "")
        assert server.connections == 1
        await asyncio.sleep(0.1)
        await client.send("GET", "/a/t", "")
        assert server.connections == 2


@pytest.mark.parametrize(
    "step", [None, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nhalf"]
)
async def test_no_whole_answer_is_an_error_and_the_connection_is_not_kept(
    step: bytes | None,
) -> None:
    async with running(step) as (server, client):
        with pytest.raises(ConnectionError, match="without a whole answer"):
            await client.send("POST", "/a/$batch", "", b"body")
        assert (await client.send("GET", "/a/t", "")).body == b"ok"
        assert server.connections == 2


async def test_a_late_answer_is_not_waited_for_and_reaches_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_module, "ANSWER_S_MAX", 0.05)
    async with running(0.2) as (server, client):
        with pytest.raises(TimeoutError, match=r"no whole answer in 0\.05 s"):
            await client.send("GET", "/a/t", "")
        await asyncio.sleep(0.2)
        answers = [(await client.send("GET", "/a/t", "")).body for _ in range(3)]
        assert answers == [b"ok"] * 3
        assert server.connections == 2


async def test_bytes_that_nobody_asked_for_end_the_connection() -> None:
    async with running(OK + b"HTTP/1.1 200 OK\r\n") as (server, client):
        with pytest.raises(ConnectionError, match="17 bytes follow it"):
            await client.send("GET", "/a/t", "")
        await client.send("GET", "/a/t", "")
        assert server.connections == 2


async def test_connections_are_of_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "CONNECTIONS_MAX", 4)
    async with running() as (server, client):
        await asyncio.gather(*(client.send("GET", "/a/t", "") for _ in range(50)))
        assert server.open_max <= 4
        assert len(server.heads) == 50


async def test_a_server_that_is_not_there_is_an_error() -> None:
    route = route_to("http://127.0.0.1:1/a")
    assert route is not None
    client = DirectClient(route, SharedKey("a", "a2V5"))
    with pytest.raises(OSError, match=r"127\.0\.0\.1|refused"):
        await client.send("GET", "/a/t", "")


async def test_closing_ends_what_is_in_flight() -> None:
    async with running(5.0) as (_, client):
        asking = asyncio.create_task(client.send("GET", "/a/t", ""))
        await asyncio.sleep(0.05)
        await client.close()
        with pytest.raises(ConnectionError):
            await asking


async def test_http_is_asked_of_a_proxy_by_the_whole_url(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as (server, _):
        monkeypatch.setenv("HTTP_PROXY", f"http://someone:secret@127.0.0.1:{server.port}")
        route = route_to("http://tables.invalid:81/a")
        assert route is not None
        client = DirectClient(route, SharedKey("a", "a2V5"))
        assert (await client.send("POST", "/a/$batch", "A: b\r\n", b"body")).body == b"ok"
        await client.close()
    [head] = server.heads
    assert head.startswith(b"POST http://tables.invalid:81/a/$batch HTTP/1.1\r\n")
    assert b"\r\nHost: tables.invalid:81\r\n" in head
    assert b"\r\nProxy-Authorization: Basic c29tZW9uZTpzZWNyZXQ=\r\n" in head
    assert b"\r\nA: b\r\nContent-Length: 4\r\n" in head


def test_a_proxy_that_is_no_plain_http_is_left_to_the_pipeline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for proxy in ("https://proxy:3128", "socks5://proxy:1080"):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        assert route_to("https://contoso.table.core.windows.net") is None
    monkeypatch.setenv("HTTPS_PROXY", "proxy:3128")
    route = route_to("https://contoso.table.core.windows.net")
    assert route is not None
    assert route.proxy is not None
    assert (route.proxy.host, route.proxy.port, route.authority) == (
        "proxy", 3128, "contoso.table.core.windows.net",
    )  # fmt: skip
