"""The UI's settings, read once from the environment. Streamlit's own options are in config.toml."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from ui.api.errors import SettingMissing

COOKIE_SECRET_CHARS_MIN = 32
DEFAULT_SCOPES = "openid profile"


class SignIn(StrEnum):
    """How the UI learns who asks. The API alone decides what they see."""

    NONE = "none"
    """It does not: for an API on the same machine with AUTH_MODE=local."""
    OIDC = "oidc"
    """People sign in to the UI, which passes their access tokens to the API."""
    EASY_AUTH = "easy-auth"
    """Azure's built-in authentication signs people in, and passes their access tokens to the UI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """docs/ui.md lists all of it."""

    api_url: str
    """Where the HTTP API answers, without a trailing slash: "http://127.0.0.1:8000"."""
    sign_in: SignIn = SignIn.NONE
    ui_url: str = ""
    """Where browsers open the UI; the provider sends them back to `/oauth2callback` there."""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_scopes: str = DEFAULT_SCOPES
    cookie_secret: str = ""
    """Signs the cookies; all instances share it."""
    gateway_url: str = ""
    """Where the playground sends prompts, without a trailing slash; empty is no playground."""


_FOR_SIGN_IN = ("UI_URL", "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "COOKIE_SECRET")


def load_settings(environment: Mapping[str, str]) -> Settings:
    """The complete settings; SettingMissing names the variable otherwise."""
    values = {name: text.strip() for name, text in environment.items()}
    api_url = _url(values, "API_URL", "the HTTP API", example="http://127.0.0.1:8000")
    sign_in = _sign_in(values.get("SIGN_IN", ""))
    if sign_in is not SignIn.OIDC:
        return Settings(api_url=api_url, sign_in=sign_in, gateway_url=_gateway(values))
    for name in _FOR_SIGN_IN:
        if not values.get(name):
            raise SettingMissing(f"{name} is not set: SIGN_IN=oidc needs it (docs/sign_in.md)")
    if len(values["COOKIE_SECRET"]) < COOKIE_SECRET_CHARS_MIN:
        raise SettingMissing(
            f"COOKIE_SECRET has {len(values['COOKIE_SECRET'])} characters: expected "
            f"{COOKIE_SECRET_CHARS_MIN} random ones or more"
        )
    return Settings(
        api_url=api_url,
        sign_in=sign_in,
        ui_url=_url(values, "UI_URL", "this UI", example="https://billing.contoso.example"),
        oidc_issuer=_url(values, "OIDC_ISSUER", "the issuer", example="https://HOST/TENANT/v2.0"),
        oidc_client_id=values["OIDC_CLIENT_ID"],
        oidc_client_secret=values["OIDC_CLIENT_SECRET"],
        oidc_scopes=values.get("OIDC_SCOPES") or DEFAULT_SCOPES,
        cookie_secret=values["COOKIE_SECRET"],
        gateway_url=_gateway(values),
    )


def check_reach(environment: Mapping[str, str], host: str) -> None:
    """SettingMissing when pages on which nobody signs in could be opened from other machines.

    An API with AUTH_MODE=local answers the UI, whoever looks at its pages.
    """
    nobody_signs_in = environment.get("SIGN_IN", "").strip() in {"", SignIn.NONE}
    if nobody_signs_in and not is_loopback(host):
        raise SettingMissing(
            f"the address {host!r} can be reached from other machines, and SIGN_IN=none asks nobody"
            " to sign in: bind to 127.0.0.1, ::1 or localhost, or set SIGN_IN (docs/sign_in.md)"
        )


def is_loopback(host: str) -> bool:
    """Whether the name or address is this machine for itself only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _gateway(values: Mapping[str, str]) -> str:
    if not values.get("GATEWAY_URL"):
        return ""
    example = "https://apim.contoso.example/llm/openai/v1"
    return _url(values, "GATEWAY_URL", "the gateway's OpenAI API", example=example)


def _sign_in(text: str) -> SignIn:
    try:
        return SignIn(text or SignIn.NONE)
    except ValueError:
        raise SettingMissing(f"SIGN_IN is {text!r}: expected one of {', '.join(SignIn)}") from None


def _url(values: Mapping[str, str], name: str, what: str, *, example: str) -> str:
    url = values.get(name, "").rstrip("/")
    if not url:
        raise SettingMissing(
            f"{name} is not set: expected the address of {what}, for example {name}={example}"
        )
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise SettingMissing(f"{name} is {url!r}: expected http://HOST:PORT or https://HOST")
    return url
