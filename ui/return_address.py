"""The way back: whoever signs in lands on the page, with its query, from which they signed in.

Streamlit's sign-in always ends at the first page. This layer around it writes the address of the
page into a cookie when the sign-in begins, and leads there when it ends. The cookie holds a path of
this site and nothing else, so it cannot lead elsewhere, whoever wrote it.
"""

from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "_chargeback_return"
COOKIE_S_MAX = 600
"""Seconds that somebody may take to sign in."""
ADDRESS_CHARS_MAX = 2_000
BEGINS, ENDS = "/auth/login", "/oauth2callback"


class ReturnAddress:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        path = str(scope["path"])
        address = None
        if path.endswith(BEGINS):
            address = page_of(headers.get("referer", ""), host=headers.get("host", ""))
        elif path.endswith(ENDS):
            kept = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
            address = local_address(unquote(kept))

        async def sent(message: Message) -> None:
            if address is not None and message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                if path.endswith(BEGINS):
                    answer.append("set-cookie", _cookie(quote(address, safe="")))
                elif "location" in answer:
                    answer["location"] = address
                    answer.append("set-cookie", _cookie(""))
            await send(message)

        await self._app(scope, receive, sent)


def page_of(referrer: str, *, host: str) -> str | None:
    """Path and query of a page of this host; None for any other page."""
    parts = urlsplit(referrer)
    if not host or parts.netloc.lower() != host.lower():
        return None
    return local_address(parts._replace(scheme="", netloc="", fragment="").geturl())


def local_address(text: str) -> str | None:
    """An address within this site; None for anything that a browser could read as another site."""
    usable = text.startswith("/") and not text.startswith(("//", "/\\"))
    if not usable or len(text) > ADDRESS_CHARS_MAX or not text.isascii() or not text.isprintable():
        return None
    return text


def _cookie(value: str) -> str:
    """An empty value deletes the cookie."""
    age = COOKIE_S_MAX if value else 0
    return f"{COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax"
