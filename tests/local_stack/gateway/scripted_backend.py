"""A backend whose answers a test lets out piece by piece, and that notices who leaves it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(slots=True, kw_only=True)
class ScriptedBackend:
    """`pieces` of the next answer; each waits for one `let_go()`."""

    url: str = ""
    pieces: Sequence[bytes] = ()
    content_type: str = "text/event-stream"
    silent: bool = False
    """No headers either, until the asker leaves."""
    cut: bool = False
    """The connection is closed after the last piece, in place of a proper end."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the asker hung up."""
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def let_go(self) -> None:
        self.gate.release()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.raw_path, dict(request.headers), await request.read()))
        self.asked.set()
        try:
            return await self._answer(request)
        except (asyncio.CancelledError, ConnectionResetError):
            self.left.set()
            raise

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self.silent:
            await asyncio.Event().wait()
        answer = web.StreamResponse(headers={"Content-Type": self.content_type})
        await answer.prepare(request)
        for piece in self.pieces:
            await self.gate.acquire()
            await answer.write(piece)
        if self.cut:
            assert request.transport is not None
            request.transport.close()
        return answer


@contextlib.asynccontextmanager
async def scripted_backend() -> AsyncIterator[ScriptedBackend]:
    backend = ScriptedBackend()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", backend.answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        backend.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield backend
    finally:
        await runner.cleanup()
