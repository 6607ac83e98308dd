"""Bounds of every request, and the headers of every answer, also of one to a failure of ours."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from table_api.http_api.conventions.problems import INTERNAL, ProblemKind, Refused, answer

TARGET_BYTES_MAX = 8 * 1024
"""Path and query."""
BODY_BYTES_MAX = 8 * 1024
"""Of a GET, which reads no body."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
SIGNED_IN_HEADERS = {
    "Strict-Transport-Security": "max-age=31536000",
    "Vary": "Authorization",
}
"""Where callers sign in: over TLS, and what one may see is not for another."""


class Hardening:
    """Refuses what is too large, and adds the headers that an answer does not have yet."""

    def __init__(
        self, app: ASGIApp, *, headers: Mapping[str, str], bodies: Mapping[str, int]
    ) -> None:
        """`bodies`: the largest body in bytes of each path that reads one."""
        self._app = app
        self._headers = headers
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            started = True
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    if name == "Vary":
                        headers.add_vary_header(value)
                    else:
                        headers.setdefault(name, value)
            await send(message)

        request = Request(scope)
        refused = _too_large(request, self._bodies.get(scope["path"], BODY_BYTES_MAX))
        inner = self._app if refused is None else answer(request, refused)
        try:
            await inner(scope, receive, send_with_headers)
        except Exception:
            if not started:
                await answer(request, INTERNAL)(scope, receive, send_with_headers)
            raise  # the server logs it


def _too_large(request: Request, bytes_max: int) -> Refused | None:
    path = request.scope.get("raw_path") or request.scope["path"].encode()
    target = len(path) + len(request.scope["query_string"])
    if target > TARGET_BYTES_MAX:
        detail = f"path and query have more than {TARGET_BYTES_MAX} bytes"
        return Refused(ProblemKind.TARGET_TOO_LONG, detail)
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit() and int(length[:9]) <= bytes_max):
        return Refused(ProblemKind.TOO_LARGE, f"a body has at most {bytes_max} bytes")
    return None
