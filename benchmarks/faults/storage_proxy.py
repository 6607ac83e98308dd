"""An HTTP proxy in front of Azurite that misbehaves as the real service and networks do.

Requests are forwarded unchanged. A fault hits a share of the requests that it covers.
"""

import asyncio
import contextlib
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web
from yarl import URL

BODY_BYTES_MAX = 8 * 1024 * 1024
SLOW_S = (0.2, 1.5)
KEEP_ALIVE_S = 2.0
"""Azurite closes a connection that was idle for 5 s."""
_PORTS = re.compile(r"http://127\.0\.0\.1:(\d+)/")
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
_INNER_FAILURE = re.compile(rb"HTTP/1\.1 ([45]\d\d)")


class Misdeed(StrEnum):
    """What the proxy does instead."""

    UNAVAILABLE = "503"
    BUSY = "429"
    CHANGED = "412"
    """A transaction is refused as if another writer had changed a row of it."""
    REFUSED = "400"
    """A transaction is refused because of a row that the service can never accept."""
    SLOW = "slow"
    LOST = "lost answer"
    """The request is carried out, then the connection is reset."""
    HALF = "half an answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request on its way."""

    service: str
    """`blob` or `table`."""
    method: str
    path: str
    body: bytes

    @property
    def is_transaction(self) -> bool:
        return self.path.endswith("/$batch")


def everything(_asked: Asked) -> bool:
    """The scope of a fault: all of storage."""
    return True


def transactions(asked: Asked) -> bool:
    """The scope of a fault: transactions of tables."""
    return asked.is_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageFault:
    """Hits `share` of the requests that it covers, until it is cleared."""

    misdeed: Misdeed
    share: float = 1.0
    covers: Callable[[Asked], bool] = everything


class StorageProxy:
    """The blob and table service of one connection string."""

    def __init__(self, connection_string: str, chance: random.Random) -> None:
        self.connection_string = connection_string
        self.struck = 0
        self.failures: Counter[str] = Counter()
        """Answers after which a client has to try again: those of faults, and Azurite's own
        conflicts.
        """
        self._chance = chance
        self._faults: list[StorageFault] = []
        self._session: ClientSession

    @classmethod
    @contextlib.asynccontextmanager
    async def running(
        cls, connection_string: str, chance: random.Random
    ) -> AsyncIterator["StorageProxy"]:
        """Listening on free ports, which its `connection_string` names."""
        proxy = cls(connection_string, chance)
        async with contextlib.AsyncExitStack() as stack:
            proxy._session = await stack.enter_async_context(
                ClientSession(
                    auto_decompress=False,
                    connector=TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S),
                    timeout=ClientTimeout(total=60),
                )
            )
            blob, _queue, table = _PORTS.findall(connection_string)
            for service, port in (("blob", blob), ("table", table)):
                app = web.Application(client_max_size=BODY_BYTES_MAX)
                app.router.add_route("*", "/{path:.*}", partial(proxy._serve, service, int(port)))
                runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
                await runner.setup()
                stack.push_async_callback(runner.cleanup)
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                proxy.connection_string = proxy.connection_string.replace(
                    f":{port}/", f":{runner.addresses[0][1]}/"
                )
            yield proxy

    def arm(self, fault: StorageFault) -> None:
        """Switch a fault on."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Behave."""
        self._faults.clear()

    async def _serve(self, service: str, port: int, request: web.Request) -> web.StreamResponse:
        asked = Asked(
            service=service, method=request.method, path=request.path, body=await request.read()
        )
        misdeed = self._misdeed(asked)
        if misdeed is not None:
            self.struck += 1
            self.failures[misdeed] += misdeed is not Misdeed.SLOW
        match misdeed:
            case Misdeed.UNAVAILABLE | Misdeed.BUSY:
                return _refusal(int(misdeed))
            case Misdeed.CHANGED:
                return _rolled_back(412, "UpdateConditionNotSatisfied")
            case Misdeed.REFUSED:
                return _rolled_back(400, "InvalidInput")
            case Misdeed.SLOW:
                await asyncio.sleep(self._chance.uniform(*SLOW_S))
        try:
            status, headers, body = await self._forward(port, request, asked.body)
        except (
            ClientError
        ):  # Azurite closed the connection first; the client sees an ordinary network failure
            self.failures["disconnected"] += 1
            return _reset(request)
        if asked.is_transaction and (failure := _INNER_FAILURE.search(body)):
            self.failures["changed" if failure[1] == b"412" else "conflict"] += 1
        if misdeed is Misdeed.LOST:
            return _reset(request)
        if misdeed is Misdeed.HALF:
            return await _half(request, status, headers, body)
        return web.Response(status=status, headers=headers, body=body)

    def _misdeed(self, asked: Asked) -> Misdeed | None:
        for fault in self._faults:
            if fault.covers(asked) and self._chance.random() < fault.share:
                return fault.misdeed
        return None

    async def _forward(
        self, port: int, request: web.Request, body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        url = URL(f"http://127.0.0.1:{port}{request.raw_path}", encoded=True)
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in _HOP_BY_HOP
        }
        async with self._session.request(
            request.method, url, headers=headers, data=body, skip_auto_headers=("Content-Type",)
        ) as answer:
            kept = {
                name: value
                for name, value in answer.headers.items()
                if name.lower() not in _HOP_BY_HOP
            }
            return answer.status, kept, await answer.read()


def _refusal(status: int) -> web.Response:
    error = '{"odata.error":{"code":"ServerBusy","message":{"value":"try again"}}}'
    return web.Response(status=status, text=error, content_type="application/json")


def _rolled_back(status: int, code: str) -> web.Response:
    """The answer of the table service to a transaction that was not carried out."""
    part = (
        "--batch\r\nContent-Type: multipart/mixed; boundary=changes\r\n\r\n"
        "--changes\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        f"HTTP/1.1 {status} Failed\r\nContent-Type: application/json\r\n\r\n"
        f'{{"odata.error":{{"code":"{code}","message":{{"value":"0:no"}}}}}}\r\n'
        "--changes--\r\n--batch--\r\n"
    )
    headers = {"Content-Type": "multipart/mixed; boundary=batch"}
    return web.Response(status=202, headers=headers, body=part.encode())


def _reset(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)  # goes nowhere


async def _half(
    request: web.Request, status: int, headers: dict[str, str], body: bytes
) -> web.StreamResponse:
    if len(body) < 2:
        return _reset(request)
    answer = web.StreamResponse(status=status, headers=headers)
    answer.content_length = len(body)
    await answer.prepare(request)
    await answer.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()  # sends what is written first
    return answer
