"""The HTTP admin port, on loopback only: health, state, filling hubs, making faults."""

import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

import msgspec
from aiohttp import web

from local_stack.broker.broker import Broker
from local_stack.broker.errors import BrokerError, PortTakenError, UnknownTargetError
from local_stack.broker.faults.faults import FAULTS

ADMIN_HOST = "127.0.0.1"
REQUEST_BYTES_MAX = 64 * 1024 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class NewEvents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request that fills a hub: one batch, to one partition."""

    bodies: list[str]
    encoding: Literal["utf-8", "base64"] = "utf-8"
    partition: str | None = None
    partition_key: str | None = None
    properties: dict[str, str] = {}

    def decoded(self) -> list[bytes]:
        if self.encoding == "base64":
            return [base64.b64decode(body, validate=True) for body in self.bodies]
        return [body.encode("utf-8") for body in self.bodies]


class NewCapture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request that writes Capture files."""

    directory: str


class Admin:
    """The routes of one broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    @asynccontextmanager
    async def serving(self, port: int) -> AsyncIterator[int]:
        """Serve on loopback; the port that was bound."""
        app = web.Application(
            middlewares=[_loopback_only, _errors_as_answers], client_max_size=REQUEST_BYTES_MAX
        )
        app.add_routes(
            [
                web.get("/health", self._health),
                web.get("/hubs", self._hubs),
                web.post("/hubs/{hub}/events", self._fill),
                web.post("/hubs/{hub}/capture", self._capture),
                web.get("/stats", self._stats),
                web.get("/faults", self._faults),
                web.post("/faults/{name}", self._inject),
                web.delete("/faults", self._clear),
            ]
        )
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, ADMIN_HOST, port)
            try:
                await site.start()
            except OSError as error:
                raise PortTakenError(f"cannot listen on {ADMIN_HOST}:{port}: {error}") from error
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "healthy"})

    async def _hubs(self, request: web.Request) -> web.Response:
        return web.json_response(
            [
                {
                    "name": hub.name,
                    "consumer_groups": list(hub.groups.values()),
                    "partitions": [
                        {
                            "id": str(index),
                            "first_sequence_number": log.first_sequence_number,
                            "last_sequence_number": log.last_sequence_number,
                            "events": log.end_position - log.first_position,
                            "size_bytes": log.size_bytes,
                        }
                        for index, log in enumerate(hub.partitions)
                    ],
                }
                for hub in self._broker.hubs()
            ]
        )

    async def _fill(self, request: web.Request) -> web.Response:
        new = msgspec.json.decode(await request.read(), type=NewEvents)
        hub = request.match_info["hub"]
        partition = self._broker.append(
            hub,
            new.decoded(),
            partition=new.partition,
            partition_key=new.partition_key,
            properties=new.properties,
        )
        last = self._broker.log(hub, partition).last_sequence_number
        return web.json_response({"partition": partition, "last_sequence_number": last})

    async def _capture(self, request: web.Request) -> web.Response:
        wanted = msgspec.json.decode(await request.read(), type=NewCapture)
        files = self._broker.capture(request.match_info["hub"], Path(wanted.directory))
        return web.json_response({"files": [str(file) for file in files]})

    async def _stats(self, request: web.Request) -> web.Response:
        namespace = self._broker.namespace
        open_now = len(self._broker.connections)
        return web.json_response(
            asdict(namespace.stats)
            | {"connections_open": open_now, "faults_struck": dict(namespace.faults.struck)}
        )

    async def _faults(self, request: web.Request) -> web.Response:
        waiting = self._broker.namespace.faults.waiting
        return web.json_response(
            [{"name": fault.name} | msgspec.to_builtins(fault) for fault in waiting]
        )

    async def _inject(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in FAULTS:
            raise UnknownTargetError(f"no fault is named {name!r}: {sorted(FAULTS)} are")
        fault = msgspec.json.decode(await request.read() or b"{}", type=FAULTS[name])
        return web.json_response({"hit": self._broker.inject(fault)})

    async def _clear(self, request: web.Request) -> web.Response:
        self._broker.clear_faults()
        return web.json_response({"waiting": 0})


@web.middleware
async def _loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The port is bound to loopback; a tunnel or a page in a browser must not reach it either."""
    host = request.url.host or ""
    remote = ip_address(request.remote or "0.0.0.0")
    if not remote.is_loopback or host not in ("127.0.0.1", "localhost", "::1"):
        raise web.HTTPForbidden(text=f"{remote} as {host!r}: loopback only")
    return await handler(request)


@web.middleware
async def _errors_as_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except UnknownTargetError as error:
        return web.json_response({"error": str(error)}, status=404)
    except (BrokerError, msgspec.DecodeError, binascii.Error) as error:
        return web.json_response({"error": str(error)}, status=400)
