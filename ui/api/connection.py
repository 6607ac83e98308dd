"""The client that all pages share, with a short-lived cache around its transport."""

import os
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import httpx
import streamlit as st

from ui.api.client import Client, Parameters, http_transport, open_http
from ui.api.settings import load_settings
from ui.api.usage_answers import Health

REFRESH_S = 5
"""Seconds between two questions of a live page."""
CACHE_TTL_S = 4
"""Less than REFRESH_S, so that a refresh gets new data, yet many viewers share one answer."""
CACHED_ANSWERS_MAX = 500


@st.cache_resource(on_release=httpx.Client.close)
def _http(api_url: str) -> httpx.Client:
    return open_http(api_url)


@st.cache_data(ttl=CACHE_TTL_S, max_entries=CACHED_ANSWERS_MAX, show_spinner=False)
def _answer(api_url: str, *, path: str, parameters: Parameters) -> bytes:
    """The body as bytes: decoding is cheaper than the copy of objects that the cache would make.

    Everyone sees everything for now; once the API answers by viewer, the viewer is an argument.
    """
    return http_transport(_http(api_url))(path, parameters)


def api() -> Client:
    """The shared client of API_URL. SettingMissing when the variable is absent."""
    api_url = load_settings(os.environ).api_url
    return Client(lambda path, parameters: _answer(api_url, path=path, parameters=parameters))


def now() -> datetime:
    """The instant a page is drawn, aware UTC."""
    return datetime.now(UTC)


def today(health: Health) -> date:
    """The current day of the billing zone."""
    return now().astimezone(ZoneInfo(health.zone)).date()


def redraw_after_midnight(drawn: date) -> None:
    """Call it in a live part: it draws the whole page again once `drawn` is no longer the billing
    day.
    """
    if today(api().health()) != drawn:
        st.rerun()
