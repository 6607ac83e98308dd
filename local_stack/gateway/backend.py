"""The way to the model: it sends one HTTP request as the policies made it, and does not read the
answer. A failure becomes a GatewayError for on-error, never an exception."""

import asyncio
import contextlib
import io
import re
from collections.abc import AsyncIterator, Mapping

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from apim_policies.harness.call import (
    BACKEND_UNREACHABLE,
    TIMEOUT,
    Forward,
    GatewayError,
    Headers,
)
from telemetry.log import Log

CONNECTIONS_MAX = 256
CONNECT_TIMEOUT_S = 10.0
IDLE_S_MAX = 240.0
"""Seconds between two reads of an answer; load balancers drop idle connections after about this
time.
"""
SENT_AT_ONCE_BYTES_MAX = 512 * 1024
ANSWER_BYTES_MAX = 128 * 1024 * 1024
"""Size of an answer that is held for the policies; a streamed answer has no limit."""

# RFC 9110, 7.6.1: headers of one connection only. The sender sets the two lengths again.
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
     "transfer-encoding", "upgrade", "host", "content-length", "expect"}
)  # fmt: skip
_JSON = re.compile(r"application/json *(;|$)", re.IGNORECASE)
_LOG = Log(__name__)
_NOT_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class Backend:
    """Connections to models. Open it as a context manager."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Backend"]:
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=IDLE_S_MAX
        )
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=timeout,
            auto_decompress=False,
            skip_auto_headers=_NOT_ADDED,
        ) as session:
            self._session = session
            yield self

    async def ask(self, forward: Forward) -> aiohttp.ClientResponse | GatewayError:
        """The answer once its headers are there; the caller closes it."""
        assert self._session is not None  # the context manager is open
        try:
            async with asyncio.timeout(forward.timeout_s):
                return await self._session.request(
                    forward.method,
                    URL(forward.url, encoded=True),
                    headers=_forwarded(forward.headers),
                    data=_sendable(forward.body),
                    allow_redirects=False,
                )
        except TimeoutError:
            return TIMEOUT
        except aiohttp.ClientError as error:
            _LOG.warning("backend_failed", f"no answer from the model: {error!r}")
            return BACKEND_UNREACHABLE


async def held_body(response: aiohttp.ClientResponse) -> bytes | GatewayError | None:
    """The body that policies may read: complete JSON. None for any other body, which streams."""
    if not _JSON.match(response.headers.get("Content-Type", "")):
        return None
    body = bytearray()
    try:
        async for data in response.content.iter_any():
            body += data
            if len(body) > ANSWER_BYTES_MAX:
                _LOG.warning("answer_too_large", f"an answer of over {ANSWER_BYTES_MAX} bytes")
                return BACKEND_UNREACHABLE
    except (aiohttp.ClientError, TimeoutError) as error:
        _LOG.warning("backend_failed", f"the model's answer broke off: {error!r}")
        return BACKEND_UNREACHABLE
    return bytes(body)


def header_lines(headers: Mapping[str, str]) -> Headers:
    """A header as text for the policies: bytes that are not UTF-8 are read as Latin-1, as .NET
    does.
    """
    return tuple(
        [
            (str(name), value if value.isascii() else text_of(value))
            for name, value in headers.items()
        ]
    )


def text_of(value: str) -> str:
    """`value` as aiohttp gives it, with surrogates for bytes that are not UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode(errors="surrogateescape").decode("latin-1")
    return value


def passed_on(headers: Headers) -> CIMultiDict[str]:
    """Headers without those of one connection; a name may occur more than once."""
    return CIMultiDict([pair for pair in headers if pair[0].lower() not in _HOP_BY_HOP])


def _sendable(body: bytes) -> bytes | io.BytesIO | None:
    """A large body is sent piece by piece, so that other calls go on meanwhile."""
    return io.BytesIO(body) if len(body) > SENT_AT_ONCE_BYTES_MAX else body or None


def _forwarded(headers: Headers) -> CIMultiDict[str]:
    """Policies and log read the answer, so it must not be compressed."""
    passed = passed_on(headers)
    passed["Accept-Encoding"] = "identity"
    return passed
