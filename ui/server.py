"""What serves the pages: Streamlit with its sign-in set by environment variables, and with the way
back to the page that somebody signed in from. `streamlit run ui/server.py` starts it."""

import os
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from websockets import http11

from ui.api.errors import SettingMissing
from ui.api.settings import Settings, SignIn, check_reach, load_settings
from ui.hardening import Hardening
from ui.own_address import OwnAddress
from ui.return_address import ReturnAddress

HEADER_BYTES_MAX = 64 * 1024
"""A browser sends all cookies in one header, and Streamlit keeps the tokens in cookies. A person
with many roles has tokens of 4 KB each. The library reads 8 KB by default, and then refuses the
connection without which a page stays empty."""
http11.MAX_LINE_LENGTH = max(http11.MAX_LINE_LENGTH, HEADER_BYTES_MAX)

PAGES = Path(__file__).parent / "streamlit_app.py"


def sign_in_secrets(settings: Settings) -> dict[str, Any]:
    """What Streamlit's sign-in reads, in place of a file secrets.toml."""
    if settings.sign_in is not SignIn.OIDC:
        return {}
    return {
        "auth": {
            "redirect_uri": f"{settings.ui_url}/oauth2callback",
            "cookie_secret": settings.cookie_secret,
            "client_id": settings.oidc_client_id,
            "client_secret": settings.oidc_client_secret,
            "server_metadata_url": f"{settings.oidc_issuer}/.well-known/openid-configuration",
            "client_kwargs": {"scope": settings.oidc_scopes},
            "expose_tokens": ["access"],
        }
    }


def _secrets() -> dict[str, Any]:
    """Without usable settings there is no sign-in, and every page says which variable is wrong."""
    try:
        return sign_in_secrets(load_settings(os.environ))
    except SettingMissing:
        return {}


if (_address := st.get_option("server.address")) is not None:  # config.toml always names one
    check_reach(os.environ, str(_address))
app = st.App(
    PAGES,
    secrets=_secrets(),
    middleware=[
        Middleware(Hardening, https=os.environ.get("UI_URL", "").startswith("https:")),
        Middleware(OwnAddress, ui_url=os.environ.get("UI_URL", "")),
        Middleware(ReturnAddress),
    ],
)
