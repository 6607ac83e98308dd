"""The claims of the provider's tokens: those of Microsoft Entra's tokens of version 2."""

from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from joserfc.errors import JoseError

from local_stack.identity.accounts import Account
from local_stack.identity.config import Client, IdentityConfig
from local_stack.identity.errors import GrantRefused
from local_stack.identity.key_ring import KeyRing

VERSION = "2.0"
SCOPE = "access"
"""The one delegated permission of the API."""


class Tokens:
    """Makes tokens of one provider, and reads them back."""

    def __init__(self, config: IdentityConfig, keys: KeyRing, *, now: Callable[[], float]) -> None:
        self._config = config
        self._keys = keys
        self._now = now

    def access_token(self, account: Account, client_id: str) -> str:
        """What a program shows to the API for a person."""
        return self._keys.sign(
            {
                **self._common(audience=self._config.audience, oid=account.person.subject),
                "azp": client_id,
                "scp": SCOPE,
                "sub": _subject(account, self._config.audience),
                **_person(account),
            }
        )

    def id_token(self, account: Account, client_id: str, *, nonce: str | None) -> str:
        """Who signed in, for the program that asked."""
        return self._keys.sign(
            {
                **self._common(audience=client_id, oid=account.person.subject),
                "sub": _subject(account, client_id),
                **_person(account),
                **({"nonce": nonce} if nonce is not None else {}),
            }
        )

    def service_token(self, client_id: str, client: Client) -> str:
        """What a program shows to the API for itself."""
        oid = str(uuid5(NAMESPACE_URL, client_id))
        return self._keys.sign(
            {
                **self._common(audience=self._config.audience, oid=oid),
                "azp": client_id,
                "azpacr": "1",
                "idtyp": "app",
                "sub": oid,
                "roles": list(client.roles),
            }
        )

    def userinfo(self, access_token: str) -> dict[str, Any]:
        """What the endpoint `userinfo` says of a person's access token. GrantRefused for others."""
        try:
            claims = self._keys.claims(access_token)
        except (JoseError, ValueError) as error:
            raise GrantRefused("invalid_token", "the access token is not of this issuer") from error
        if claims["aud"] != self._config.audience or claims["exp"] <= self._now():
            raise GrantRefused("invalid_token", "the access token has expired or is not one")
        told = ("sub", "oid", "name", "preferred_username")
        return {name: claims[name] for name in told if name in claims}

    def _common(self, *, audience: str, oid: str) -> dict[str, Any]:
        now = int(self._now())
        return {
            "aud": audience,
            "iss": self._config.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + self._config.token_lifetime_s,
            "oid": oid,
            "tid": self._config.tenant,
            "uti": uuid4().hex,
            "ver": VERSION,
        }


def _person(account: Account) -> dict[str, Any]:
    """Entra leaves `roles` out where there are none."""
    named = {"name": account.person.name, "preferred_username": account.username}
    return {**named, "roles": list(account.roles)} if account.roles else named


def _subject(account: Account, audience: str) -> str:
    """Another one for every application, as Entra's is."""
    return str(uuid5(NAMESPACE_URL, f"{audience}/{account.person.subject}"))
