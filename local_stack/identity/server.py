"""The provider's HTTP side: discovery, keys, sign-in, tokens, userinfo, sign-out. Loopback only."""

import contextlib
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from aiohttp import web
from multidict import MultiMapping

from local_stack.identity import pages
from local_stack.identity.accounts import Account, Accounts, demo_accounts
from local_stack.identity.config import HOST, Client, IdentityConfig
from local_stack.identity.errors import GrantRefused, SignInRefused
from local_stack.identity.grants import Codes, refusal_redirect, sign_in_request
from local_stack.identity.key_ring import ALGORITHM, KeyRing
from local_stack.identity.tokens import SCOPE, Tokens

REQUEST_BYTES_MAX = 64 * 1024
LOOPBACK_NAMES = ("127.0.0.1", "localhost")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that answers, for whoever runs it in their own process."""

    config: IdentityConfig
    keys: KeyRing
    accounts: dict[str, Account]
    """Who can sign in; a change counts from the next sign-in on."""
    tokens: Tokens


@contextlib.asynccontextmanager
async def serving(
    config: IdentityConfig,
    *,
    accounts: Accounts | None = None,
    now: Callable[[], float] = time.time,
) -> AsyncIterator[Provider]:
    """Run the provider for the time of the block. OSError when the port is taken."""
    keys = KeyRing(now=now, keep_s=config.token_lifetime_s)
    found = dict(demo_accounts() if accounts is None else accounts)
    provider = Provider(config, keys, found, Tokens(config, keys, now=now))
    runner = web.AppRunner(_app(provider, now=now), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, config.port).start()
        yield provider
    finally:
        await runner.cleanup()


def _app(provider: Provider, *, now: Callable[[], float]) -> web.Application:
    endpoints = _Endpoints(provider, Codes(now=now))
    at = f"/{provider.config.tenant}"
    app = web.Application(client_max_size=REQUEST_BYTES_MAX, middlewares=[_guarded])
    app.router.add_get("/healthz", endpoints.healthy)
    app.router.add_get(f"{at}/v2.0/.well-known/openid-configuration", endpoints.metadata)
    app.router.add_get(f"{at}/discovery/v2.0/keys", endpoints.keys)
    app.router.add_get(f"{at}/oauth2/v2.0/authorize", endpoints.ask)
    app.router.add_post(f"{at}/oauth2/v2.0/authorize", endpoints.pick)
    app.router.add_post(f"{at}/oauth2/v2.0/token", endpoints.token)
    app.router.add_get(f"{at}/oauth2/v2.0/logout", endpoints.sign_out)
    app.router.add_get("/oidc/userinfo", endpoints.userinfo)
    return app


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other host names, which a page elsewhere could point at this machine; answer every
    refusal as OAuth or as a page."""
    if urlsplit(f"//{request.host}").hostname not in LOOPBACK_NAMES:
        answer: web.StreamResponse = _notice("Refused", f"{request.host!r} is not this machine.")
    else:
        try:
            answer = await handler(request)
        except SignInRefused as refused:
            answer = _notice("Sign-in refused", str(refused))
        except GrantRefused as refused:
            answer = _oauth_error(refused)
    answer.headers.update(HEADERS)
    return answer


def _notice(title: str, text: str, *, status: int = 400) -> web.Response:
    return web.Response(text=pages.notice(title, text), content_type="text/html", status=status)


def _oauth_error(refused: GrantRefused) -> web.Response:
    challenges = {
        "invalid_client": 'Basic realm="token"',
        "invalid_token": 'Bearer error="invalid_token"',
    }
    challenge = challenges.get(refused.error)
    return web.json_response(
        {"error": refused.error, "error_description": refused.description},
        status=401 if challenge else 400,
        headers={"WWW-Authenticate": challenge} if challenge else {},
    )


class _Endpoints:
    """One method for each path."""

    def __init__(self, provider: Provider, codes: Codes) -> None:
        self._provider = provider
        self._config = provider.config
        self._tokens = provider.tokens
        self._codes = codes

    async def healthy(self, _: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def metadata(self, _: web.Request) -> web.Response:
        return web.json_response(_metadata(self._config))

    async def keys(self, _: web.Request) -> web.Response:
        return web.json_response(self._provider.keys.public())

    async def ask(self, request: web.Request) -> web.Response:
        """Show whom to sign in as."""
        parameters = _single(request.query)
        try:
            asked = sign_in_request(parameters, self._config)
        except GrantRefused as refused:
            raise web.HTTPFound(refusal_redirect(parameters, refused, self._config)) from None
        program = self._config.clients[asked.client_id].name
        page = pages.picker(list(self._provider.accounts.values()), program=program)
        return web.Response(text=page, content_type="text/html")

    async def pick(self, request: web.Request) -> web.Response:
        """Send the browser back with a code for the person who was picked."""
        parameters = _single(request.query)
        try:
            asked = sign_in_request(parameters, self._config)
        except GrantRefused as refused:
            raise web.HTTPFound(refusal_redirect(parameters, refused, self._config)) from None
        key = _single(await _form(request)).get("account", "")
        account = self._provider.accounts.get(key)
        if account is None:
            raise SignInRefused(f"Nobody here is called {key!r}.")
        raise web.HTTPFound(asked.redirect(code=self._codes.issue(asked, account)))

    async def token(self, request: web.Request) -> web.Response:
        parameters = _single(await _form(request))
        client_id, client = _authenticated(request, parameters, self._config)
        grants = {
            "authorization_code": self._redeem,
            "client_credentials": self._service,
        }
        grant = grants.get(parameters.get("grant_type", ""))
        if grant is None:
            raise GrantRefused(
                "unsupported_grant_type", f"grant_type must be {' or '.join(grants)}"
            )
        answer = grant(parameters, client_id, client)
        return web.json_response(
            {"token_type": "Bearer", "expires_in": self._config.token_lifetime_s, **answer}
        )

    def _redeem(self, parameters: Mapping[str, str], client_id: str, _: Client) -> dict[str, str]:
        asked, account = self._codes.redeem(
            parameters.get("code", ""),
            client_id=client_id,
            redirect_uri=parameters.get("redirect_uri", ""),
            verifier=parameters.get("code_verifier", ""),
        )
        return {
            "scope": f"openid {SCOPE}",
            "access_token": self._tokens.access_token(account, client_id),
            "id_token": self._tokens.id_token(account, client_id, nonce=asked.nonce),
        }

    def _service(self, _: Mapping[str, str], client_id: str, client: Client) -> dict[str, str]:
        if client.secret is None or not client.roles:
            raise GrantRefused("unauthorized_client", f"{client.name} may not act for itself")
        return {"access_token": self._tokens.service_token(client_id, client)}

    async def userinfo(self, request: web.Request) -> web.Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise GrantRefused("invalid_token", "expected Authorization: Bearer TOKEN")
        return web.json_response(self._tokens.userinfo(token.strip()))

    async def sign_out(self, request: web.Request) -> web.Response:
        """Nobody stays signed in here, so there is nothing to end: send the browser back."""
        parameters = _single(request.query)
        target = parameters.get("post_logout_redirect_uri")
        if target is None:
            return _notice("Signed out", "You can close this page.", status=200)
        client = self._config.clients.get(parameters.get("client_id", ""))
        if client is None or target not in client.redirect_uris:
            raise SignInRefused(f"{target!r} is not registered for this client_id.")
        raise web.HTTPFound(target)


def _metadata(config: IdentityConfig) -> dict[str, Any]:
    at = f"{config.base_url}/{config.tenant}"
    return {
        "issuer": config.issuer,
        "authorization_endpoint": f"{at}/oauth2/v2.0/authorize",
        "token_endpoint": f"{at}/oauth2/v2.0/token",
        "end_session_endpoint": f"{at}/oauth2/v2.0/logout",
        "jwks_uri": f"{at}/discovery/v2.0/keys",
        "userinfo_endpoint": f"{config.base_url}/oidc/userinfo",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic", "client_secret_post", "none",
        ],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "subject_types_supported": ["pairwise"],
        "scopes_supported": ["openid", "profile", "email", SCOPE],
    }  # fmt: skip


async def _form(request: web.Request) -> MultiMapping[Any]:
    return await request.post()


def _single(parameters: MultiMapping[Any]) -> dict[str, str]:
    """The parameters by name. SignInRefused when one comes twice, or is a file."""
    found: dict[str, str] = {}
    for name, value in parameters.items():
        if name in found or not isinstance(value, str):
            raise SignInRefused(f"The parameter {name!r} must be one text.")
        found[name] = value
    return found


def _authenticated(
    request: web.Request, parameters: Mapping[str, str], config: IdentityConfig
) -> tuple[str, Client]:
    """The program that asks, by HTTP Basic or by the form. GrantRefused when it is not itself."""
    client_id, secret = parameters.get("client_id", ""), parameters.get("client_secret", "")
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        client_id, secret = _basic(credentials)
    client = config.clients.get(client_id)
    if client is None or not client.proves(secret):
        raise GrantRefused("invalid_client", "client_id or client_secret is wrong")
    return client_id, client


def _basic(credentials: str) -> tuple[str, str]:
    try:
        name, _, secret = b64decode(credentials, validate=True).decode().partition(":")
    except ValueError as error:
        raise GrantRefused("invalid_client", "the header Authorization is not Basic") from error
    return unquote_plus(name), unquote_plus(secret)
