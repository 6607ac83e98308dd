"""The HTTP side: ingestion as exporters call it, queries as LogsQueryClient calls them, faults."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from local_stack.insights.addresses import HOST, connection_string, query_url
from local_stack.insights.errors import InsightsError, QueryRefused
from local_stack.insights.faults import Faults, QueryFault, TrackFault
from local_stack.insights.ingestion import Refused, Taken, decode, take
from local_stack.insights.query import answer
from local_stack.insights.store import Store
from local_stack.insights.timespan import read_timespan

REQUEST_BYTES_MAX = 64 * 1024 * 1024
RETRY_AFTER_S = 1
_TRACK_STATUS = {
    TrackFault.THROTTLED: 429,
    TrackFault.QUOTA: 402,
    TrackFault.QUOTA_OLD: 439,
    TrackFault.BROKEN: 500,
    TrackFault.INVALID: 400,
}
_QUERY_STATUS = {QueryFault.THROTTLED: 429, QueryFault.TIMEOUT: 504}


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A stand-in that answers, for whoever runs it in their own process."""

    port: int
    store: Store
    faults: Faults = field(default_factory=Faults)

    @property
    def connection_string(self) -> str:
        """What an exporter is given."""
        return connection_string(self.port)

    @property
    def query_url(self) -> str:
        """What LogsQueryClient is given as its endpoint."""
        return query_url(self.port)


@contextlib.asynccontextmanager
async def serving(
    path: Path | None = None,
    *,
    port: int = 0,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncIterator[Served]:
    """Run it for the time of the block, in memory without a path. InsightsError or OSError."""
    store = Store(path)
    try:
        app = web.Application(client_max_size=REQUEST_BYTES_MAX)
        runner = web.AppRunner(app, access_log=None)
        faults = Faults()
        _Endpoints(store, faults, now).add_to(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, port).start()
            yield Served(port=runner.addresses[0][1], store=store, faults=faults)
        finally:
            await runner.cleanup()
    finally:
        store.close()


class _Endpoints:
    """One method for each path."""

    def __init__(self, store: Store, faults: Faults, now: Callable[[], datetime]) -> None:
        self._store = store
        self._faults = faults
        self._now = now

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/healthz", self.healthy)
        app.router.add_get("/counts", self.counts)
        app.router.add_post("/faults", self.order_fault)
        app.router.add_post("/v2.1/track", self.track)
        # An ingestion endpoint that ends in a slash gives two of them.
        app.router.add_post("//v2.1/track", self.track)
        app.router.add_post("/v1/workspaces/{workspace}/query", self.query)

    async def healthy(self, _: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def counts(self, _: web.Request) -> web.Response:
        return web.json_response(await asyncio.to_thread(self._store.counts))

    async def order_fault(self, request: web.Request) -> web.Response:
        """`{"on": "track", "fault": "throttled", "times": 4}`"""
        try:
            self._faults.order(await request.json())
        except (InsightsError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.Response(status=204)

    async def track(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        fault = self._faults.next_track()
        if fault is TrackFault.CUT:
            return _cut(request)
        if fault in _TRACK_STATUS:
            return _nothing_taken(_TRACK_STATUS[fault])
        try:
            items = decode(body)
        except ValueError as error:
            return _nothing_taken(400, f"100: Invalid JSON: {error}")
        taken = await asyncio.to_thread(take, self._store, items, now=self._now(), fault=fault)
        return _cut(request) if fault is TrackFault.LOST_ANSWER else _taken(taken)

    async def query(self, request: web.Request) -> web.StreamResponse:
        fault = self._faults.next_query()
        if fault is QueryFault.CUT:
            return _cut(request)
        if fault in _QUERY_STATUS:
            return _error("Throttled" if fault is QueryFault.THROTTLED else "GatewayTimeout",
                          "by a fault", status=_QUERY_STATUS[fault])  # fmt: skip
        try:
            text, span = self._asked(await request.json())
            found = await asyncio.to_thread(answer, self._store, text, span)
        except ValueError as error:
            return _error("BadArgumentError", f"the request is not JSON: {error}")
        except QueryRefused as refused:
            return _error(refused.code, refused.message)
        return web.json_response(_partial(found) if fault is QueryFault.PARTIAL else found)

    def _asked(self, body: Any) -> tuple[str, Any]:
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            raise QueryRefused("BadArgumentError", "expected an object with the text `query`")
        return body["query"], read_timespan(body.get("timespan"), now=self._now())


def _taken(taken: Taken) -> web.Response:
    body = msgspec.json.encode(taken)
    return web.Response(body=body, status=taken.status, content_type="application/json")


def _nothing_taken(status: int, message: str = "by a fault") -> web.Response:
    refused = Refused(0, status, message)
    body = msgspec.json.encode(Taken(items_received=0, items_accepted=0, errors=[refused]))
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 429 else {}
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def _cut(request: web.Request) -> web.StreamResponse:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _error(code: str, message: str, *, status: int = 400) -> web.Response:
    """The API's own form: the message that counts is the innermost."""
    inner = {"code": code, "message": message}
    text = "The request had some invalid properties"
    error = {"message": text, "code": "BadArgumentError", "innererror": inner}
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 429 else {}
    return web.json_response({"error": error}, status=status, headers=headers)


def _partial(found: dict[str, Any]) -> dict[str, Any]:
    [table] = found["tables"]
    rows = table["rows"][: len(table["rows"]) // 2]
    inner = {"code": "-2133196797", "message": "the query ran out of memory, by a fault"}
    error = {
        "code": "PartialError",
        "message": "There were some errors when processing your query.",
        "details": [{"innererror": inner, **inner}],
    }
    return {"tables": [{**table, "rows": rows}], "error": error}
