"""How a server is reached: directly or by a proxy of the environment, in the clear or by TLS."""

import asyncio
import base64
import ssl
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from table_api.storage.direct.connection import Connection

CONNECT_S_MAX = 5
"""For the name, the connection, the proxy and TLS together."""
_PORTS = {"http": 80, "https": 443}


class ProxyRefused(OSError):
    """The proxy opens no tunnel to the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy for HTTP that is reached in the clear."""

    host: str
    port: int
    authorization: str | None
    """The header that logs in there, where its URL names a user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The way to one server."""

    scheme: str
    host: str
    port: int
    proxy: Proxy | None

    @property
    def origin(self) -> str:
        """Scheme, host and port, as a URL begins."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """Host and port as the header `Host` has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def target_prefix(self) -> str:
        """What precedes the path in a request: a proxy without a tunnel needs the whole URL."""
        return self.origin if self.proxy is not None and self.scheme == "http" else ""

    @property
    def proxy_headers(self) -> str:
        """Header lines of each request that a proxy reads."""
        if not self.target_prefix or self.proxy is None or self.proxy.authorization is None:
            return ""
        return f"Proxy-Authorization: {self.proxy.authorization}\r\n"

    async def connect(self, tls: ssl.SSLContext | None) -> Connection:
        """A new connection; OSError or TimeoutError when there is none in CONNECT_S_MAX."""
        async with asyncio.timeout(CONNECT_S_MAX):
            if self.proxy is not None:
                return await self._by_proxy(self.proxy, tls)
            _, connection = await asyncio.get_running_loop().create_connection(
                Connection,
                self.host,
                self.port,
                ssl=tls,
                server_hostname=self.host if tls is not None else None,
            )
            return connection

    async def _by_proxy(self, proxy: Proxy, tls: ssl.SSLContext | None) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, proxy.host, proxy.port)
        if tls is None:
            return connection
        try:
            await self._tunnel(connection, proxy)
            assert connection.transport is not None
            connection.transport = await loop.start_tls(
                connection.transport, connection, tls, server_hostname=self.host
            )
        except BaseException:
            connection.close()
            raise
        return connection

    async def _tunnel(self, connection: Connection, proxy: Proxy) -> None:
        host = f"[{self.host}]" if ":" in self.host else self.host
        login = f"Proxy-Authorization: {proxy.authorization}\r\n" if proxy.authorization else ""
        asked = f"CONNECT {host}:{self.port} HTTP/1.1\r\nHost: {host}:{self.port}\r\n{login}\r\n"
        answer = await connection.ask([asked.encode("ascii")], seconds=CONNECT_S_MAX, tunnel=True)
        if answer.status // 100 != 2 or connection.transport is None:
            raise ProxyRefused(
                f"the proxy {proxy.host}:{proxy.port} answers {answer.status} to CONNECT"
            )


def route_to(url: str) -> Route | None:
    """The way to a URL's server; None where it leads over a proxy that is not plain HTTP."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = None
    named = None if proxy_bypass(host) else getproxies().get(parts.scheme)
    if named:
        proxy = _proxy_at(named if "://" in named else f"http://{named}")
        if proxy is None:
            return None
    return Route(
        scheme=parts.scheme, host=host, port=parts.port or _PORTS[parts.scheme], proxy=proxy
    )


def _proxy_at(url: str) -> Proxy | None:
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        return None
    authorization = None
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(login.encode()).decode("ascii")
    return Proxy(host=parts.hostname, port=parts.port or 80, authorization=authorization)
