"""The UI's settings, read once from the environment. Streamlit's own options are in config.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ui.api.errors import SettingMissing


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    api_url: str
    """Where the HTTP API answers, without a trailing slash: "http://127.0.0.1:8000"."""


def load_settings(environment: Mapping[str, str]) -> Settings:
    """The complete settings; SettingMissing names the variable otherwise."""
    url = environment.get("API_URL", "").strip().rstrip("/")
    if not url:
        raise SettingMissing(
            "API_URL is not set: expected the address of the HTTP API, "
            "for example API_URL=http://127.0.0.1:8000"
        )
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise SettingMissing(f"API_URL is {url!r}: expected http://HOST:PORT or https://HOST")
    return Settings(api_url=url)
