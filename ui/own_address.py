"""One address of this machine for the pages: a cookie of `localhost` is none of 127.0.0.1.

The provider sends people back to `UI_URL`. Somebody who opened the pages under another name of this
machine would return without the cookie that began the sign-in, and never be signed in. Other hosts
are left alone: a proxy in front may call the UI by a name of its own.
"""

from urllib.parse import urlsplit, urlunsplit

from starlette.datastructures import URL, Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.api.settings import is_loopback


class OwnAddress:
    """ASGI middleware: leads a page of this machine to the name in `ui_url`."""

    def __init__(self, app: ASGIApp, *, ui_url: str) -> None:
        self._app = app
        self._ui_url = ui_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = scope["type"] == "http" and scope["method"] == "GET"
        if page and "text/html" in Headers(scope=scope).get("accept", ""):
            address = address_in(self._ui_url, asked=str(URL(scope=scope)))
            if address is not None:
                await RedirectResponse(address)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def address_in(ui_url: str, *, asked: str) -> str | None:
    """The page that was asked for under the name in `ui_url`; None where nothing is to be done."""
    own, page = urlsplit(ui_url), urlsplit(asked)
    try:
        named, used = own.hostname or "", page.hostname or ""
    except ValueError:
        return None
    if named == used or not (is_loopback(named) and is_loopback(used)):
        return None
    return urlunsplit((own.scheme, own.netloc, page.path, page.query, ""))
