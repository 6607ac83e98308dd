"""The authorization code grant with PKCE: what a request to sign in must say, and codes that are
redeemed once, soon, by the program that asked."""

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]

from local_stack.identity.accounts import Account
from local_stack.identity.config import IdentityConfig
from local_stack.identity.errors import GrantRefused, SignInRefused

CODE_LIFETIME_S = 60
CODES_MAX = 1_000
"""Codes that wait to be redeemed; the oldest one makes room."""
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # a SHA-256 digest in base64url

Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRequest:
    """A request to sign in that may be answered by a redirect."""

    client_id: str
    redirect_uri: str
    state: str | None
    nonce: str | None
    challenge: str

    def redirect(self, **answer: str) -> str:
        """Where the browser goes with the answer."""
        state = {} if self.state is None else {"state": self.state}
        return _with_query(self.redirect_uri, {**answer, **state})


def sign_in_request(parameters: Parameters, config: IdentityConfig) -> SignInRequest:
    """SignInRefused when the program or its redirect URI is not known; GrantRefused for all else,
    which the program may know."""
    client_id, redirect_uri = _registered(parameters, config)
    challenge = parameters.get("code_challenge", "")
    refusals = {
        "unsupported_response_type": (
            parameters.get("response_type") != "code",
            "response_type must be code",
        ),
        "invalid_scope": (
            "openid" not in parameters.get("scope", "").split(),
            "scope must contain openid",
        ),
        "invalid_request": (
            parameters.get("code_challenge_method") != "S256"
            or not _CHALLENGE.fullmatch(challenge),
            "PKCE is required: code_challenge with code_challenge_method S256",
        ),
        "login_required": (
            parameters.get("prompt") == "none",
            "nobody is signed in here for longer than one request",
        ),
    }
    for error, (refused, description) in refusals.items():
        if refused:
            raise GrantRefused(error, description)
    return SignInRequest(
        client_id=client_id,
        redirect_uri=redirect_uri,
        state=parameters.get("state"),
        nonce=parameters.get("nonce"),
        challenge=challenge,
    )


def refusal_redirect(parameters: Parameters, refused: GrantRefused, config: IdentityConfig) -> str:
    """Where the browser goes with a GrantRefused of `sign_in_request`."""
    _, redirect_uri = _registered(parameters, config)
    answer = {"error": refused.error, "error_description": refused.description}
    state = {"state": parameters["state"]} if "state" in parameters else {}
    return _with_query(redirect_uri, {**answer, **state})


def _registered(parameters: Parameters, config: IdentityConfig) -> tuple[str, str]:
    client_id, redirect_uri = parameters.get("client_id", ""), parameters.get("redirect_uri", "")
    client = config.clients.get(client_id)
    if client is None:
        raise SignInRefused(f"No program has the client_id {client_id!r}.")
    if redirect_uri not in client.redirect_uris:
        known = ", ".join(client.redirect_uris) or "none"
        raise SignInRefused(
            f"The redirect_uri {redirect_uri!r} is not registered for {client.name}; "
            f"registered: {known}."
        )
    return client_id, redirect_uri


def _with_query(uri: str, query: Parameters) -> str:
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(query)}"


@dataclass(frozen=True, slots=True)
class _Code:
    request: SignInRequest
    account: Account
    expires_at: float


class Codes:
    """Codes given out and not redeemed yet."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._waiting: dict[str, _Code] = {}

    def issue(self, request: SignInRequest, account: Account) -> str:
        """A code for the person who was picked."""
        while len(self._waiting) >= CODES_MAX:
            del self._waiting[next(iter(self._waiting))]
        code = secrets.token_urlsafe()
        self._waiting[code] = _Code(request, account, self._now() + CODE_LIFETIME_S)
        return code

    def redeem(
        self, code: str, *, client_id: str, redirect_uri: str, verifier: str
    ) -> tuple[SignInRequest, Account]:
        """The request and the person of a code. Every attempt uses it up, also a wrong one.
        GrantRefused when it is not valid, or not this program's."""
        found = self._waiting.pop(code, None)
        if found is None or found.expires_at <= self._now():
            raise GrantRefused("invalid_grant", "the code was used, has expired or never was one")
        if (found.request.client_id, found.request.redirect_uri) != (client_id, redirect_uri):
            raise GrantRefused(
                "invalid_grant", "the code is of another client_id or another redirect_uri"
            )
        if not hmac.compare_digest(challenge_of(verifier), found.request.challenge):
            raise GrantRefused("invalid_grant", "code_verifier does not fit the code_challenge")
        return found.request, found.account


def challenge_of(verifier: str) -> str:
    """The `code_challenge` of a verifier; empty, which fits none, when it has foreign letters."""
    try:
        return str(create_s256_code_challenge(verifier))
    except UnicodeEncodeError:
        return ""
