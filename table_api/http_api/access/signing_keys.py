"""The keys of one issuer: found by discovery, cached, and fetched in a thread.

An unknown `kid` may be a new key, so it causes a fetch, but at most one in COOL_DOWN_S: whoever
sends invented ones reaches the issuer no more often. While the issuer does not answer, known keys
count until they are KEYS_AGE_S_MAX old.
"""

import asyncio
import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from typing import IO, Any

import jwt

from table_api.errors import TableApiError
from table_api.http_api.access.settings import is_safe_url
from telemetry.log import Log

FRESH_S = 3_600
"""Older keys are fetched again."""
KEYS_AGE_S_MAX = 24 * 3_600
"""So long an issuer may be away before its tokens are refused."""
COOL_DOWN_S = 30
"""Between two fetches."""
RETRY_S = 5
"""Between two fetches while there is no key at all."""
FETCH_TIMEOUT_S = 5
BYTES_MAX = 256 * 1024

RSA_BITS_MIN = 2_048
CURVE = "P-256"
"""The curve of ES256 (RFC 7518)."""
ALGORITHMS = {"RSA": frozenset({"RS256", "PS256"}), "EC": frozenset({"ES256"})}
"""By kind of key. No other is taken, whatever a token or a key says."""

_log = Log("table_api")


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A public key, and the algorithms that it may have signed with."""

    kid: str
    algorithms: frozenset[str]
    key: Any
    """As `cryptography` has it."""


class UnknownKey(TableApiError):
    """The issuer has no key of this id."""


class IssuerAway(TableApiError):
    """The issuer's keys are not known, and it does not answer."""


def monotonic_s() -> int:
    """Seconds of a clock that never goes back."""
    return time.monotonic_ns() // 1_000_000_000


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        return None


def fetch_json(url: str) -> Any:
    """The JSON of a URL. Blocks. OSError or ValueError when there is none."""
    opener = urllib.request.build_opener(_NoRedirect())
    try:
        with opener.open(url, timeout=FETCH_TIMEOUT_S) as response:
            content = response.read(BYTES_MAX + 1)
    except HTTPException as error:
        raise OSError(f"{url}: {error!r}") from error
    if len(content) > BYTES_MAX:
        raise ValueError(f"{url} answers with more than {BYTES_MAX} bytes")
    return json.loads(content)


class SigningKeys:
    """The keys of one issuer."""

    def __init__(
        self,
        issuer: str,
        *,
        fetch: Callable[[str], Any] = fetch_json,
        clock_s: Callable[[], int] = monotonic_s,
    ) -> None:
        self._issuer = issuer
        self._fetch = fetch
        self._clock_s = clock_s
        self._keys: dict[str, SigningKey] = {}
        self._fetched_at: int | None = None
        self._tried_at: int | None = None
        self._lock = asyncio.Lock()

    async def key(self, kid: str) -> SigningKey:
        """The key of an id. Raises UnknownKey and IssuerAway."""
        if kid not in self._keys or self._are_older(FRESH_S):
            await self._refresh()
        if self._are_older(KEYS_AGE_S_MAX):
            raise IssuerAway(f"the keys of {self._issuer} cannot be read")
        if kid not in self._keys:
            raise UnknownKey(f"{self._issuer} has no key {kid[:100]!r}")
        return self._keys[kid]

    def _are_older(self, age_s: int) -> bool:
        return self._fetched_at is None or self._clock_s() - self._fetched_at > age_s

    def _may_try(self) -> bool:
        wait = COOL_DOWN_S if self._keys else RETRY_S
        return self._tried_at is None or self._clock_s() - self._tried_at >= wait

    async def _refresh(self) -> None:
        """Fetch the keys, unless that was tried a moment ago."""
        if not self._may_try():
            return
        async with self._lock:
            if not self._may_try():
                return  # another request tried while this one waited
            try:
                self._keys = await asyncio.to_thread(self._read)
                self._fetched_at = self._clock_s()
            except (OSError, ValueError) as error:
                _log.error("issuer_unreadable", f"keys of {self._issuer}: {error!r}")
            self._tried_at = self._clock_s()

    def _read(self) -> dict[str, SigningKey]:
        """The keys now. Blocks."""
        about = self._fetch(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if not isinstance(about, dict) or about.get("issuer") != self._issuer:
            raise ValueError("its discovery document names another issuer")
        url = about.get("jwks_uri")
        if not isinstance(url, str) or not is_safe_url(url):
            raise ValueError(f"jwks_uri {url!r} does not start with https://")
        answer = self._fetch(url)
        found = answer.get("keys") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise ValueError(f"{url} has no list of keys")
        keys = {key.kid: key for each in found if (key := _signing_key(each))}
        if not keys:
            raise ValueError(f"{url} has no key that signs")
        return keys


def _signing_key(jwk: object) -> SigningKey | None:
    """None for a key of another use, kind or curve, and for a short one."""
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    kid, algorithms = jwk.get("kid"), ALGORITHMS.get(str(jwk.get("kty")), frozenset())
    if "alg" in jwk:
        algorithms &= {str(jwk["alg"])}
    if not algorithms or not isinstance(kid, str) or jwk.get("crv", CURVE) != CURVE:
        return None
    try:
        key = jwt.PyJWK(jwk, min(algorithms)).key
    except (jwt.PyJWTError, ValueError, KeyError):
        return None
    if jwk["kty"] == "RSA" and key.key_size < RSA_BITS_MIN:
        return None
    return SigningKey(kid=kid, algorithms=algorithms, key=key)
