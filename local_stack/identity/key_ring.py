"""The provider's signing keys. A new key signs from its rotation on; an old one stays published for
as long as a token that it signed is valid."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeyParameters, KeySet, RSAKey

ALGORITHM = "RS256"
KEY_BITS = 2048
ROTATE_AFTER_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class _Key:
    key: RSAKey
    made_at: float


class KeyRing:
    """`now` gives seconds since 1970; `keep_s` is the longest life of a token."""

    def __init__(
        self, *, now: Callable[[], float], keep_s: float, rotate_after_s: float = ROTATE_AFTER_S
    ) -> None:
        self._now = now
        self._keep_s = keep_s
        self._rotate_after_s = rotate_after_s
        self._keys = [_new_key(now())]

    def rotate(self) -> None:
        """Sign with a new key from now on, and forget keys whose tokens have all expired."""
        made_at = self._now()
        self._keys = [_new_key(made_at), *self._published(made_at)]

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token in compact form."""
        if self._now() - self._keys[0].made_at >= self._rotate_after_s:
            self.rotate()
        key = self._keys[0].key
        header = {"alg": ALGORITHM, "typ": "JWT", "kid": key.kid}
        return jwt.encode(header, dict(claims), key, algorithms=[ALGORITHM])

    def claims(self, token: str) -> dict[str, Any]:
        """What a token of this ring says. JoseError or ValueError for any other; whether it has
        expired is for the caller to judge."""
        return dict(jwt.decode(token, self._key_set(), algorithms=[ALGORITHM]).claims)

    def public(self) -> dict[str, Any]:
        """The JSON Web Key Set that everybody may read."""
        return dict(self._key_set().as_dict(private=False))

    def _key_set(self) -> KeySet:
        return KeySet([each.key for each in self._published(self._now())])

    def _published(self, at: float) -> list[_Key]:
        """The signing key, and each older one up to `keep_s` after the next one replaced it."""
        newest, *older = self._keys
        replaced_at = [each.made_at for each in self._keys]
        kept = [
            each
            for each, until in zip(older, replaced_at, strict=False)
            if at - until <= self._keep_s
        ]
        return [newest, *kept]


def _new_key(made_at: float) -> _Key:
    parameters: KeyParameters = {"use": "sig", "alg": ALGORITHM}
    return _Key(RSAKey.generate_key(KEY_BITS, parameters, auto_kid=True), made_at)
