"""Sends requests to one server and keeps its connections."""

import asyncio
import random
import ssl
import time
from collections import deque
from collections.abc import Sequence
from email.utils import formatdate

from table_api.storage.direct.answers import Answer
from table_api.storage.direct.authorization import Authorization
from table_api.storage.direct.connection import Connection
from table_api.storage.direct.route import Route

ANSWER_S_MAX = 30
"""The service gives up at 30 s; later answers are not waited for."""
CONNECTIONS_MAX = 100
IDLE_S_MAX = 15
"""A connection is not used again after so long, or a second before the server closes it if it says
when (`Keep-Alive: timeout=5`).
"""
IDLE_S_MIN = 1
READ_TRIES = 4
READ_WAIT_S = 0.2
"""At most so long before the second try, and twice as long before each further one."""
RETRY_AFTER_S_MAX = 30
"""A server's `Retry-After` is kept up to so long."""
BUSY = frozenset((408, 429, 500, 502, 503, 504))
"""HTTP status of an answer after which the same request may pass."""


class DirectClient:
    """One server's. Use it inside one event loop and close it."""

    def __init__(
        self, route: Route, authorization: Authorization, *, tls: ssl.SSLContext | None = None
    ) -> None:
        """`tls` replaces the settings for HTTPS, which trust the system's authorities."""
        self._route = route
        self._authorization = authorization
        self._tls = tls
        self._idle: deque[Connection] = deque()
        """Those used last are at the right."""
        self._in_use: set[Connection] = set()
        self._free = asyncio.Semaphore(CONNECTIONS_MAX)
        self._dated = (0, "")
        """The second that the date in the headers says, and the date."""

    async def send(self, method: str, path: str, headers: str, content: bytes = b"") -> Answer:
        """One request. `headers` are lines that each end with CRLF; `path` is escaped.

        OSError when there is no whole answer. A request that the server refused because of its
        token is sent again with another: it did nothing.
        """
        date, signed = self._date(), path.partition("?")[0]
        authorization = await self._authorization.header(date, signed)
        answer = await self._once(method, path, headers, content, (date, authorization))
        if answer.status == 401:
            challenge = answer.headers.get("www-authenticate", "")
            if await self._authorization.renewed(authorization, challenge):
                date = self._date()
                authorization = await self._authorization.header(date, signed)
                answer = await self._once(method, path, headers, content, (date, authorization))
        return answer

    async def read(self, path: str, headers: str) -> Answer:
        """A GET, which is sent up to READ_TRIES times while the server is busy or not there."""
        for attempt in range(READ_TRIES - 1):
            wait_s = READ_WAIT_S * 2**attempt
            try:
                answer = await self.send("GET", path, headers)
            except OSError:
                pass
            else:
                if answer.status not in BUSY:
                    return answer
                wait_s = _wait_s(answer.headers.get("retry-after", ""), wait_s)
            await asyncio.sleep(random.uniform(wait_s / 2, wait_s))
        return await self.send("GET", path, headers)

    async def close(self) -> None:
        """End all connections. Requests in flight fail."""
        for connection in (*self._idle, *self._in_use):
            connection.close()
        self._idle.clear()

    async def _once(
        self, method: str, path: str, headers: str, content: bytes, signed: tuple[str, str]
    ) -> Answer:
        route, (date, authorization) = self._route, signed
        length = f"Content-Length: {len(content)}\r\n" if content else ""
        head = (
            f"{method} {route.target_prefix}{path} HTTP/1.1\r\nHost: {route.authority}\r\n"
            f"x-ms-date: {date}\r\nAuthorization: {authorization}\r\n"
            f"{route.proxy_headers}{headers}{length}\r\n"
        ).encode("latin-1")
        return await self._ask([head, content] if content else [head])

    async def _ask(self, request: Sequence[bytes]) -> Answer:
        async with self._free:
            connection = self._kept() or await self._route.connect(self._context())
            self._in_use.add(connection)
            try:
                answer = await connection.ask(request, seconds=ANSWER_S_MAX)
            finally:
                self._in_use.discard(connection)
            if connection.is_open:
                self._keep(connection, answer)
            return answer

    def _kept(self) -> Connection | None:
        """The connection that was used last, if it is still good; old ones are closed."""
        now = asyncio.get_running_loop().time()
        while self._idle and now - self._idle[0].idle_since > IDLE_S_MAX:
            self._idle.popleft().close()
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and now - connection.idle_since < connection.idle_s_max:
                return connection
            connection.close()
        return None

    def _keep(self, connection: Connection, answer: Answer) -> None:
        connection.idle_since = asyncio.get_running_loop().time()
        said = answer.headers.get("keep-alive")
        connection.idle_s_max = IDLE_S_MAX if said is None else _idle_s(said)
        self._idle.append(connection)

    def _context(self) -> ssl.SSLContext | None:
        if self._route.scheme != "https":
            return None
        if self._tls is None:  # it takes a while to make
            self._tls = ssl.create_default_context()
        return self._tls

    def _date(self) -> str:
        second = int(time.time())
        if self._dated[0] != second:
            self._dated = (second, formatdate(second, usegmt=True))
        return self._dated[1]


def _idle_s(keep_alive: str) -> int:
    """How long a connection may be idle, by the server's header."""
    for part in keep_alive.split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "timeout" and value.isascii() and value.isdigit():
            return min(max(int(value) - 1, IDLE_S_MIN), IDLE_S_MAX)
    return IDLE_S_MAX


def _wait_s(retry_after: str, own_seconds: float) -> float:
    """What the server asks for in seconds; it never gives a date."""
    if retry_after.isascii() and retry_after.isdigit():
        return min(max(int(retry_after), own_seconds), RETRY_AFTER_S_MAX)
    return own_seconds
