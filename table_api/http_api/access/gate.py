"""The gate before every route: who asks, whether they may, and how often. Deny by default.

`Gate` finds the caller of each request that is not for a public path, before anything else is
looked at; so nobody learns which paths exist. `permitted` is what a route declares: without it a
route has no caller and answers nothing.
"""

import time
from collections.abc import Awaitable, Callable, Collection

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from table_api.http_api.access.caller import EVERYBODY_HERE, GIVEN_BY, Caller, Permission
from table_api.http_api.access.local_only import check_host
from table_api.http_api.access.request_limit import RequestLimit
from table_api.http_api.access.settings import AccessSettings, AuthMode
from table_api.http_api.access.signing_keys import IssuerAway, SigningKeys
from table_api.http_api.access.tokens import BadToken, Tokens
from table_api.http_api.conventions.problems import ProblemKind, Refused, answer


def monotonic_ms() -> int:
    """Milliseconds of a clock that never goes back."""
    return time.monotonic_ns() // 1_000_000


REALM = 'Bearer realm="chargeback"'


class Gate:
    """Finds the caller of each request, or refuses it. With AUTH_MODE=local everybody passes."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: AccessSettings,
        public: Collection[str],
        clock_ms: Callable[[], int] = monotonic_ms,
    ) -> None:
        self._app = app
        self._public = public
        self._tokens: Tokens | None = None
        if settings.auth_mode is AuthMode.OIDC:
            keys = {issuer: SigningKeys(issuer) for issuer in settings.issuers}
            self._tokens = Tokens(settings, keys)
        self._limit = RequestLimit(settings.requests_per_minute, clock_ms=clock_ms)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._tokens is not None:
            request = Request(scope)
            try:
                if scope["path"] not in self._public:
                    request.state.caller = await self._caller(self._tokens, request)
            except Refused as refused:
                await answer(request, refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _caller(self, tokens: Tokens, request: Request) -> Caller:
        sent = request.headers.getlist("authorization")
        scheme, _, token = sent[0].strip().partition(" ") if sent else ("", "", "")
        if scheme.lower() != "bearer" or len(sent) > 1:
            raise unauthenticated("send one header `Authorization: Bearer TOKEN`")
        try:
            caller = await tokens.caller(token.strip())
        except BadToken as bad:
            raise unauthenticated(str(bad), error="invalid_token") from None
        except IssuerAway:
            detail = "the keys that tokens are checked with cannot be read: try again in a while"
            raise Refused(ProblemKind.ISSUER_UNAVAILABLE, detail) from None
        if wait_s := self._limit.wait_s(caller.subject or ""):
            raise Refused(
                ProblemKind.TOO_MANY_REQUESTS,
                f"one caller may make {self._limit.per_minute} requests a minute",
                headers={"Retry-After": str(wait_s)},
            )
        return caller


def unauthenticated(detail: str, *, error: str | None = None) -> Refused:
    """The refusal of RFC 6750: no error code where no token was sent."""
    challenge = REALM
    if error is not None:
        said = detail.replace("\\", "").replace('"', "")
        challenge = f'{REALM}, error="{error}", error_description="{said}"'
    return Refused(ProblemKind.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})


def permitted(permission: Permission, auth_mode: AuthMode) -> Callable[[Request], Awaitable[None]]:
    """What a route depends on: its caller has the permission, and is in `request.state`."""

    async def check_local(request: Request) -> None:
        await check_host(request)
        request.state.caller = EVERYBODY_HERE

    async def check(request: Request) -> None:
        if permission is Permission.PUBLIC:
            return
        if not caller_of(request).may(permission):
            challenge = f'{REALM}, error="insufficient_scope"'
            raise Refused(
                ProblemKind.NOT_ALLOWED,
                f"this needs the app role {' or '.join(GIVEN_BY[permission])}, which your token "
                "does not have",
                headers={"WWW-Authenticate": challenge},
            )

    return check_local if auth_mode is AuthMode.LOCAL else check


def caller_of(request: Request) -> Caller:
    """Who asks. Refused where the gate has let nobody in."""
    caller = getattr(request.state, "caller", None)
    if not isinstance(caller, Caller):
        raise unauthenticated("send one header `Authorization: Bearer TOKEN`")
    return caller
