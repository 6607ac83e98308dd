"""Access tokens: from the text after `Bearer` to the Caller. It holds no key of its own."""

import re
from collections.abc import Mapping
from typing import Any
from unicodedata import normalize

import jwt

from table_api.errors import TableApiError
from table_api.http_api.access.caller import Caller, Role
from table_api.http_api.access.settings import AccessSettings
from table_api.http_api.access.signing_keys import (
    ALGORITHMS,
    SigningKey,
    SigningKeys,
    UnknownKey,
)

LEEWAY_S = 30
"""How far the issuer's clock may be off."""
TOKEN_CHARS_MAX = 16 * 1024
SUBJECT_CHARS_MAX = 280
ROLES = {role.value: role for role in Role}

_ALGORITHMS = frozenset().union(*ALGORITHMS.values())
_NAMED = ", ".join(sorted(_ALGORITHMS))
_TYPES = {"", "jwt", "at+jwt", "application/at+jwt"}
_ID_TOKEN_CLAIMS = ("nonce", "at_hash", "c_hash")
_ACCESS_TOKEN_CLAIMS = ("scp", "scope", "azp", "appid", "client_id", "cid")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE).fullmatch
_HALF = re.compile("[\ud800-\udfff]").search
"""Half of a character, which JSON can spell and UTF-8 cannot."""
_OF_NO_PERSON = ("subscription:", "app:")
_NOBODY = {"anonymous", "unattributed"}


class BadToken(TableApiError):
    """A token that counts for nothing. The message is for its sender."""


class Tokens:
    """Checks tokens of the issuers that an operator trusts."""

    def __init__(self, settings: AccessSettings, keys: Mapping[str, SigningKeys]) -> None:
        self._settings = settings
        self._keys = keys

    async def caller(self, token: str) -> Caller:
        """Whom a token names. Raises BadToken and IssuerAway."""
        if len(token) > TOKEN_CHARS_MAX:
            raise BadToken(f"the token has more than {TOKEN_CHARS_MAX} characters")
        try:
            unchecked = jwt.decode_complete(token, options={"verify_signature": False})
            header, issuer = unchecked["header"], unchecked["payload"].get("iss")
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            raise BadToken("the token is not a JWT") from None
        keys = self._keys.get(issuer) if isinstance(issuer, str) else None
        if keys is None:
            raise BadToken("the token is of another issuer")
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in _ALGORITHMS or not isinstance(kid, str):
            raise BadToken(f"the token names no key, or an algorithm other than {_NAMED}")
        if str(header.get("typ") or "").lower() not in _TYPES:
            raise BadToken("the token is no access token")
        try:
            key = await keys.key(kid)
        except UnknownKey:
            raise BadToken("the issuer has no such key") from None
        claims = self._checked(token, issuer, algorithm, key)
        return Caller(subject=_subject(claims), roles=_roles(claims))

    def _checked(
        self, token: str, issuer: str, algorithm: str, key: SigningKey
    ) -> Mapping[str, Any]:
        """The claims of a token whose signature, times and addressees are right."""
        if algorithm not in key.algorithms:
            raise BadToken("the issuer's key does not sign with this algorithm")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[algorithm],
                audience=self._settings.audiences,
                issuer=issuer,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iss", "aud"], "strict_aud": False},
            )
        except jwt.ExpiredSignatureError:
            raise BadToken("the token is expired") from None
        except jwt.InvalidAudienceError:
            raise BadToken("the token is for another audience") from None
        except jwt.ImmatureSignatureError:
            raise BadToken("the token is not valid yet") from None
        except jwt.MissingRequiredClaimError as error:
            raise BadToken(f"the token has no claim {error.claim}") from None
        except (jwt.InvalidTokenError, ValueError, ArithmeticError):
            raise BadToken("the token's signature or a claim is not valid") from None
        tenants = self._settings.tenants
        if tenants and claims.get("tid") not in tenants:
            raise BadToken("the token is of another tenant")
        if any(name in claims for name in _ID_TOKEN_CLAIMS) or claims.get("typ") == "ID":
            raise BadToken("the token is an ID token: send the access token")
        if not any(name in claims for name in _ACCESS_TOKEN_CLAIMS):
            raise BadToken("the token does not name a client: it is no access token")
        return claims


def _subject(claims: Mapping[str, Any]) -> str:
    """As the gateway takes it: `oid`. `sub` is for issuers that have none; Entra's differs from
    application to application, so a token with `tid` needs `oid`.
    """
    name = "oid" if "oid" in claims or "tid" in claims else "sub"
    text = claims.get(name)
    if not isinstance(text, str) or not 0 < len(text) <= SUBJECT_CHARS_MAX or _HALF(text):
        raise BadToken(f"the token has no usable claim {name}")
    subject = text.lower() if _GUID(text) else normalize("NFC", text)
    if subject.startswith(_OF_NO_PERSON) or subject in _NOBODY:
        raise BadToken(f"claim {name} names no person and no service")
    return subject


def _roles(claims: Mapping[str, Any]) -> frozenset[Role]:
    """Those that are known. Groups say nothing here, so their overage changes nothing."""
    found = claims.get("roles", ())
    if not isinstance(found, list):
        return frozenset()
    return frozenset(ROLES[each] for each in found if isinstance(each, str) and each in ROLES)
