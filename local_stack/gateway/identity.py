"""Who a caller is before any policy runs: subscription keys, and the unsigned tokens that replace
Entra's. The policies decide whether a token is accepted."""

import base64
import json
import re
import time
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from apim_policies.harness.call import KEY_MISSING, GatewayError
from local_stack.gateway.errors import GatewayFault
from local_stack.identity import config
from local_stack.traffic.usage_event import TENANT

AUDIENCE = config.AUDIENCE
"""The gateway takes the API's tokens, so that the pages can send a prompt as whoever signed in."""
TOKEN_LIFETIME_S = 30 * 24 * 3600
KEY_HEADERS = ("api-key", "Ocp-Apim-Subscription-Key", "x-api-key")
KEY_PARAMETER = "subscription-key"
DEFAULT_KEY = "local-key"

_BEARER = re.compile(r"Bearer +(\S+)\s*", re.IGNORECASE)
_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*")


class Credential(StrEnum):
    """The two values of the policies' named value `chargeback-authentication`."""

    ENTRA = "entra"
    SUBSCRIPTION_KEY = "subscription-key"


class Subscription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The subscription and product of a key."""

    subscription: str
    product: str | None = None


DEFAULT_SUBSCRIPTIONS: Mapping[str, Subscription] = {
    DEFAULT_KEY: Subscription(subscription="local-client", product="ai-standard")
}


def read_subscriptions(path: Path) -> Mapping[str, Subscription]:
    """Read a JSON object from key to subscription. GatewayFault when it is anything else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Subscription])
    except (OSError, msgspec.DecodeError) as error:
        raise GatewayFault(
            f"{path} is no list of subscriptions, expected "
            f'{{"KEY": {{"subscription": "ID", "product": "ID or null"}}}}: {error}'
        ) from error


def identify(
    headers: Mapping[str, str], query: Mapping[str, str], known: Mapping[str, Subscription]
) -> tuple[Credential, Subscription | None]:
    """How the caller identifies itself, and the subscription of its key if the key is known.

    A key may also be a bearer token, as OpenAI clients send theirs. API Management itself accepts
    keys only in a header of their own or in the query.
    """
    bearer = _BEARER.fullmatch(headers.get("Authorization", ""))
    if bearer and _TOKEN.fullmatch(bearer[1]):
        return Credential.ENTRA, None
    found = next((known[key] for key in _sent_keys(headers, query) if key in known), None)
    return Credential.SUBSCRIPTION_KEY, found


def key_refusal(
    headers: Mapping[str, str], query: Mapping[str, str], keys_file: Path | None
) -> GatewayError:
    """Why API Management refuses a caller without a known key, and which key is right here. The key
    that was sent is a secret of somebody, so it is not repeated."""
    right = f"`{DEFAULT_KEY}`" if keys_file is None else f"a key of the file {keys_file.name}"
    cure = f"Send {right} in the header `{KEY_HEADERS[0]}`, or as the API key of an OpenAI client."
    if any(_sent_keys(headers, query)):
        wrong = "Access denied due to invalid subscription key."
        return replace(KEY_MISSING, reason="SubscriptionKeyInvalid", message=f"{wrong} {cure}")
    return replace(KEY_MISSING, message=f"{KEY_MISSING.message} {cure}")


def _sent_keys(headers: Mapping[str, str], query: Mapping[str, str]) -> list[str]:
    bearer = _BEARER.fullmatch(headers.get("Authorization", ""))
    keys = [headers[name] for name in KEY_HEADERS if name in headers]
    keys += [query[KEY_PARAMETER]] if KEY_PARAMETER in query else []
    return keys + ([bearer[1]] if bearer else [])


def local_token(oid: str, **claims: Any) -> str:
    """An unsigned token that the local gateway accepts as `oid`'s; a real gateway refuses it."""
    body = {
        "aud": AUDIENCE,
        "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
        "tid": TENANT,
        "oid": oid,
        "exp": int(time.time()) + TOKEN_LIFETIME_S,
        **claims,
    }
    parts = [json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, body)]
    encoded = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, ""])
