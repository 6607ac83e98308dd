"""HEAD: the headers of the same GET without its body, on every route."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadRequests:
    """Asks as GET and sends no byte of the body: not every server leaves it out by itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, send_without_body)
