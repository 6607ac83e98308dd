"""What a provider is started with: where it listens, and who may ask it for tokens.

The demonstration writes it to `identity.json` in its data directory; the provider and the verb
`token` read it there. It holds secrets of this one demonstration, so only its owner may read it.
"""

import hmac
import os
import secrets
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import msgspec

from local_stack.identity.accounts import RATE_ROLE, READER_ROLE
from local_stack.identity.errors import IdentityError
from local_stack.traffic.usage_event import TENANT

FILE = "identity.json"
HOST = "127.0.0.1"
"""The only address that the provider binds to."""
TOKEN_LIFETIME_S = 3600
AUDIENCE = str(uuid5(NAMESPACE_URL, "urn:llm-chargeback:api"))
"""The application id of the API, as Entra writes it into tokens of version 2."""
UI_CLIENT = str(uuid5(NAMESPACE_URL, "urn:llm-chargeback:ui"))
VERB_CLIENT = str(uuid5(NAMESPACE_URL, "urn:llm-chargeback:token-verb"))
SERVICE_CLIENT = str(uuid5(NAMESPACE_URL, "urn:llm-chargeback:service"))
VERB_REDIRECT = f"http://{HOST}/token-verb"
"""Never opened: the verb `token` reads the code from the redirect itself."""


class Client(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program that may ask for tokens."""

    name: str
    secret: str | None = None
    """None for a program that cannot keep one; it proves itself by PKCE alone."""
    redirect_uris: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    """App roles of the program itself; with any it may use client credentials."""

    def proves(self, secret: str) -> bool:
        """Whether this is its secret; a program without one must not send any."""
        return hmac.compare_digest((self.secret or "").encode(), secret.encode())


class IdentityConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `identity.json`."""

    port: int
    clients: dict[str, Client]
    """By client id."""
    tenant: str = TENANT
    audience: str = AUDIENCE
    token_lifetime_s: int = TOKEN_LIFETIME_S

    @property
    def base_url(self) -> str:
        """Scheme, host and port."""
        return f"http://{HOST}:{self.port}"

    @property
    def issuer(self) -> str:
        """The claim `iss`: like Entra's, it ends with tenant and version."""
        return f"{self.base_url}/{self.tenant}/v2.0"

    @property
    def metadata_url(self) -> str:
        """The discovery document."""
        return f"{self.issuer}/.well-known/openid-configuration"


def demo_config(*, port: int, ui_url: str) -> IdentityConfig:
    """The three programs of a demonstration, with new secrets."""
    return IdentityConfig(
        port=port,
        clients={
            UI_CLIENT: Client(
                name="LLM chargeback",
                secret=secrets.token_urlsafe(),
                redirect_uris=(f"{ui_url}/oauth2callback",),
            ),
            VERB_CLIENT: Client(name="the verb token", redirect_uris=(VERB_REDIRECT,)),
            SERVICE_CLIENT: Client(
                name="a script", secret=secrets.token_urlsafe(), roles=(READER_ROLE, RATE_ROLE)
            ),
        },
    )


def write_config(data: Path, config: IdentityConfig) -> Path:
    """Write `identity.json`, readable by its owner alone; gives its path."""
    path = data / FILE
    path.unlink(missing_ok=True)  # an older file may be readable by others
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(config), indent=2) + b"\n")
    return path


def read_config(data: Path) -> IdentityConfig:
    """The configuration of the demonstration on this data directory."""
    path = data / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=IdentityConfig)
    except FileNotFoundError:
        raise IdentityError(
            f"{path} does not exist: start the demonstration with `make demo`, "
            "or name its data directory with --data"
        ) from None
    except (OSError, msgspec.DecodeError) as error:
        raise IdentityError(f"{path} is not a provider's configuration: {error}") from error
