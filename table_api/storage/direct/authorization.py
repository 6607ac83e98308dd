"""What a request proves who asks with: an account key's signature, or an identity's token."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import re
import time
from typing import Protocol, cast

from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions
from azure.core.credentials_async import AsyncSupportsTokenInfo, AsyncTokenCredential

TOKEN_SCOPE = "https://storage.azure.com/.default"
RENEWED_BEFORE_S = 300
"""A token is renewed so long before it expires, unless it says itself when."""

_CLAIMS = re.compile(r'\bclaims="([A-Za-z0-9+/_=-]+)"').search


class Authorization(Protocol):
    """One account's."""

    async def header(self, date: str, path: str) -> str:
        """The header `Authorization` of a request for a path at a date (RFC 1123)."""

    async def renewed(self, refused: str, challenge: str) -> bool:
        """After a 401 to a request with the header `refused`: whether another one may pass.
        `challenge` is the answer's `WWW-Authenticate`.
        """


class SharedKey:
    """An account key, by the Shared Key Lite scheme of Table Storage."""

    def __init__(self, account: str, key: str) -> None:
        """ValueError when the key is not base64."""
        self._account = account
        try:
            # Kept begun: to set a key up anew takes longer than to sign so short a text.
            self._signer = hmac.new(base64.b64decode(key, validate=True), digestmod=hashlib.sha256)
        except binascii.Error as error:
            raise ValueError(f"its AccountKey is not base64: {error}") from error

    def sign(self, date: str, path: str) -> str:
        """The header of a request."""
        signer = self._signer.copy()
        signer.update(f"{date}\n/{self._account}{path}".encode())
        return f"SharedKeyLite {self._account}:{base64.b64encode(signer.digest()).decode('ascii')}"

    async def header(self, date: str, path: str) -> str:
        """See Authorization."""
        return self.sign(date, path)

    async def renewed(self, refused: str, challenge: str) -> bool:
        """See Authorization."""
        return False


class BearerToken:
    """Tokens of an identity, each asked for once by all requests that need it."""

    def __init__(self, identity: AsyncTokenCredential) -> None:
        self._identity = identity
        self._lock = asyncio.Lock()
        self._header = ""
        self._renew_at = 0
        """Seconds since the epoch."""

    async def header(self, date: str, path: str) -> str:
        """See Authorization. Raises what the identity raises."""
        if time.time() >= self._renew_at:
            async with self._lock:
                if time.time() >= self._renew_at:  # nobody else renewed it meanwhile
                    await self._renew(None)
        return self._header

    async def renewed(self, refused: str, challenge: str) -> bool:
        """See Authorization. A token that expired on its way is dropped; a challenge that names
        claims (continuous access evaluation) is answered with a token that has them.
        """
        async with self._lock:
            if self._header == refused:
                await self._renew(_claims_in(challenge))
            return self._header != refused

    async def _renew(self, claims: str | None) -> None:
        token: AccessToken | AccessTokenInfo
        if hasattr(self._identity, "get_token_info"):
            options: TokenRequestOptions = {} if claims is None else {"claims": claims}
            modern = cast(AsyncSupportsTokenInfo, self._identity)
            token = await modern.get_token_info(TOKEN_SCOPE, options=options)
        else:
            token = await self._identity.get_token(TOKEN_SCOPE, claims=claims)
        self._header = f"Bearer {token.token}"
        refresh_on = getattr(token, "refresh_on", None)
        self._renew_at = min(refresh_on or token.expires_on - RENEWED_BEFORE_S, token.expires_on)


def _claims_in(challenge: str) -> str | None:
    """The claims of a challenge `Bearer error="insufficient_claims", claims="BASE64"`."""
    found = _CLAIMS(challenge)
    if found is None or "insufficient_claims" not in challenge:
        return None
    coded = found[1].replace("+", "-").replace("/", "_").rstrip("=")
    try:
        return base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-8") or None
    except ValueError:
        return None
