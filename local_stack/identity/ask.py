"""Asks a running provider for an access token, as a program would: for a person by the code grant
with PKCE, for a service by its own credentials."""

import secrets
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

from local_stack.identity.config import (
    SERVICE_CLIENT,
    VERB_CLIENT,
    VERB_REDIRECT,
    IdentityConfig,
    read_config,
)
from local_stack.identity.errors import IdentityError
from local_stack.identity.grants import challenge_of

SERVICE = "service"
TIMEOUT_S = 10.0


def print_token(data: Path, who: str) -> int:
    """The exit code: 0 when the token is on stdout, 1 with the reason on stderr."""
    try:
        print(access_token(read_config(data), who))
    except IdentityError as error:
        print(f"token: {error}", file=sys.stderr)
        return 1
    return 0


def access_token(config: IdentityConfig, who: str) -> str:
    """A token of the account with this key, or of the service. IdentityError when the provider does
    not answer, or refuses."""
    try:
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as http:
            metadata = http.get(config.metadata_url).raise_for_status().json()
            if who == SERVICE:
                form = _service_form(config)
            else:
                form = _person_form(http, metadata["authorization_endpoint"], who)
            answer = http.post(metadata["token_endpoint"], data=form)
    except httpx.HTTPError as error:
        raise IdentityError(
            f"the identity provider at {config.base_url} gives no token: {error}"
        ) from error
    if answer.status_code != httpx.codes.OK:
        raise IdentityError(f"the identity provider refuses a token of {who!r}: {answer.text}")
    return str(answer.json()["access_token"])


def _service_form(config: IdentityConfig) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": SERVICE_CLIENT,
        "client_secret": config.clients[SERVICE_CLIENT].secret or "",
        "scope": f"{config.audience}/.default",
    }


def _person_form(http: httpx.Client, authorize: str, who: str) -> dict[str, str]:
    verifier = secrets.token_urlsafe(48)
    query = {
        "client_id": VERB_CLIENT,
        "redirect_uri": VERB_REDIRECT,
        "response_type": "code",
        "scope": "openid",
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }
    answer = http.post(authorize, params=query, data={"account": who})
    sent_to = parse_qs(urlsplit(answer.headers.get("location", "")).query)
    if "code" not in sent_to:
        raise IdentityError(f"the identity provider knows no {who!r}")
    return {
        "grant_type": "authorization_code",
        "client_id": VERB_CLIENT,
        "redirect_uri": VERB_REDIRECT,
        "code": sent_to["code"][0],
        "code_verifier": verifier,
    }
