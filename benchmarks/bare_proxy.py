"""The reference of benchmarks.gateway: a reverse proxy of the same framework that passes bytes on
and does nothing else. `python -m benchmarks.bare_proxy BACKEND` listens on a free port."""

import asyncio
import sys
from collections.abc import Iterable

import aiohttp
import uvloop
from aiohttp import web
from yarl import URL

PREFIX = "/llm"
CONNECTIONS_MAX = 256
REQUEST_BYTES_MAX = 64 * 1024 * 1024
_OF_ONE_CONNECTION = {"host", "content-length", "transfer-encoding", "connection"}


class BareProxy:
    """Passes calls below PREFIX to the backend."""

    def __init__(self, backend: str, session: aiohttp.ClientSession) -> None:
        self._backend = backend
        self._session = session

    async def handle(self, request: web.Request) -> web.StreamResponse:
        async with self._session.request(
            request.method,
            URL(self._backend + request.raw_path.removeprefix(PREFIX), encoded=True),
            headers=_passed(request.headers.items()),
            data=await request.read(),
        ) as answer:
            headers = dict(_passed(answer.headers.items()))
            if answer.content_type != "text/event-stream":
                body = await answer.read()
                return web.Response(status=answer.status, headers=headers, body=body)
            out = web.StreamResponse(status=answer.status, headers=headers)
            await out.prepare(request)
            async for data in answer.content.iter_any():
                await out.write(data)
            await out.write_eof()
            return out


def _passed(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in _OF_ONE_CONNECTION]


async def _serve(backend: str) -> None:
    connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        app = web.Application(client_max_size=REQUEST_BYTES_MAX)
        app.router.add_route("*", "/{path:.*}", BareProxy(backend, session).handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(f"ready on 127.0.0.1:{runner.addresses[0][1]}", file=sys.stderr, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1]))
