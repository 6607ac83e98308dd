"""Who may ask the API, as an operator chooses it: read once, refused when it cannot be used."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from table_api.errors import SettingsError


class AuthMode(StrEnum):
    """Who may ask."""

    LOCAL = "local"
    """Everybody on this machine: no sign-in, loopback only."""
    OIDC = "oidc"
    """Whoever has a token of an OpenID Connect issuer."""


@dataclass(frozen=True, slots=True)
class AccessVariable:
    """One variable of the environment."""

    name: str
    meaning: str
    default: str = ""


REQUESTS_PER_MINUTE = 600
LOOPBACK_NAME = "localhost"

ACCESS_VARIABLES = (
    AccessVariable(
        "AUTH_MODE", "who may ask: `oidc`, or `local` on loopback (default there): everybody here"
    ),
    AccessVariable("OIDC_ISSUERS", "whose tokens count: issuer URLs, exact, parted by commas"),
    AccessVariable("OIDC_AUDIENCES", "whom a token must be for, parted by commas"),
    AccessVariable("OIDC_TENANTS", "`tid` that a token must have, parted by commas; none: any"),
    AccessVariable(
        "API_REQUESTS_PER_MINUTE", "requests that one caller may make", str(REQUESTS_PER_MINUTE)
    ),
    AccessVariable("API_CORS_ORIGINS", "web origins whose pages may ask, parted by commas"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSettings:
    """Who may ask, and how often."""

    auth_mode: AuthMode = AuthMode.LOCAL
    issuers: tuple[str, ...] = ()
    """As the claim `iss` spells them. Of each, keys are found by discovery."""
    audiences: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    """Empty: any tenant that an issuer signs for."""
    requests_per_minute: int = REQUESTS_PER_MINUTE
    """Of one caller, in one process."""
    cors_origins: tuple[str, ...] = ()


LOCAL_ACCESS = AccessSettings()


def is_loopback(host: str) -> bool:
    """Whether a host cannot be reached from elsewhere; other names are never looked up."""
    if host == LOOPBACK_NAME:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_access(environment: Mapping[str, str], *, host: str) -> AccessSettings:
    """SettingsError names the variable that is missing or cannot be used.

    `host` is what the API binds to; it is empty where the platform binds for it.
    """
    values = {each.name: environment.get(each.name) or each.default for each in ACCESS_VARIABLES}
    settings = AccessSettings(
        auth_mode=_auth_mode(values["AUTH_MODE"], host),
        issuers=_several(values["OIDC_ISSUERS"]),
        audiences=_several(values["OIDC_AUDIENCES"]),
        tenants=_several(values["OIDC_TENANTS"]),
        requests_per_minute=_requests(values["API_REQUESTS_PER_MINUTE"]),
        cors_origins=_several(values["API_CORS_ORIGINS"]),
    )
    if settings.auth_mode is AuthMode.OIDC:
        _check_sign_in(settings)
    for origin in settings.cors_origins:
        if urlsplit(origin)._replace(path="", query="", fragment="").geturl() != origin:
            raise SettingsError(
                f"API_CORS_ORIGINS {origin!r} is no origin, as in https://billing.contoso.com"
            )
    return settings


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _auth_mode(text: str, host: str) -> AuthMode:
    """`local` is the default on loopback alone, and is refused elsewhere."""
    if not text:
        return AuthMode.LOCAL if is_loopback(host) else AuthMode.OIDC
    if text not in set(AuthMode):
        raise SettingsError(f"AUTH_MODE {text!r} is not known; expected 'oidc' or 'local'")
    if text == AuthMode.LOCAL and not is_loopback(host):
        raise SettingsError(
            f"API_HOST {host!r} can be reached from other machines, and AUTH_MODE=local checks "
            "nobody: bind to 127.0.0.1, ::1 or localhost, or set AUTH_MODE=oidc"
        )
    return AuthMode(text)


def _check_sign_in(settings: AccessSettings) -> None:
    for name, values in (
        ("OIDC_ISSUERS", settings.issuers), ("OIDC_AUDIENCES", settings.audiences),
    ):  # fmt: skip
        if not values:
            raise SettingsError(
                f"{name} is not set, and AUTH_MODE=oidc needs it; AUTH_MODE=local is for loopback"
            )
    for issuer in settings.issuers:
        if not is_safe_url(issuer):
            raise SettingsError(
                f"OIDC_ISSUERS {issuer!r} does not start with https:// (http is for loopback)"
            )


def is_safe_url(url: str) -> bool:
    """Whether nobody on the way can change what is read from it."""
    parts = urlsplit(url)
    if not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def _requests(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 1_000_000):
        raise SettingsError(f"API_REQUESTS_PER_MINUTE {text!r} is not a number from 1 to 1000000")
    return int(text)
