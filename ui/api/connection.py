"""The client of whoever looks at the page, with a short-lived cache around its transport."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import httpx
import streamlit as st

from ui.api.client import Client
from ui.api.errors import UiError
from ui.api.settings import Settings, SignIn, load_settings
from ui.api.transport import Parameters, http_poster, http_transport, open_http
from ui.api.usage_answers import Health

REFRESH_S = 5
"""Seconds between two questions of a live page."""
CACHE_TTL_S = 4
"""Less than REFRESH_S, so that a refresh gets new data, yet many viewers share one answer."""
CACHED_ANSWERS_MAX = 500
EASY_AUTH_HEADER = "X-Ms-Token-Aad-Access-Token"


@st.cache_resource(on_release=httpx.Client.close)
def _http(api_url: str) -> httpx.Client:
    return open_http(api_url)


@st.cache_data(ttl=CACHE_TTL_S, max_entries=CACHED_ANSWERS_MAX, show_spinner=False)
def _answer(api_url: str, *, token: str | None, path: str, parameters: Parameters) -> bytes:
    """The body as bytes: decoding is cheaper than the copy of objects that the cache would make.

    The token is a part of the cache's key: nobody gets an answer that was given to another person,
    nor one from before their roles changed.
    """
    return http_transport(_http(api_url), token)(path, parameters)


@st.cache_data(ttl=CACHE_TTL_S, max_entries=CACHED_ANSWERS_MAX, show_spinner=False)
def _posted(api_url: str, *, token: str | None, path: str, body: bytes) -> bytes:
    """The same of a question that has a body."""
    return http_poster(_http(api_url), token)(path, body)


def settings() -> Settings:
    """SettingMissing names the variable that is absent or unusable."""
    return load_settings(os.environ)


def caller_token() -> str | None:
    """The access token of whoever looks at the page; None when they have not signed in.

    The API checks it. So a header that somebody invented is worth nothing, but it is read only
    behind Easy Auth.
    """
    match settings().sign_in:
        case SignIn.NONE:
            return None
        case SignIn.OIDC:
            return st.user.tokens.get("access")
        case SignIn.EASY_AUTH:
            return st.context.headers.get(EASY_AUTH_HEADER)


def api() -> Client:
    """The client of whoever looks at the page. SettingMissing when API_URL is absent."""
    api_url, token = settings().api_url, caller_token()

    def get(path: str, parameters: Parameters) -> bytes:
        return _answer(api_url, token=token, path=path, parameters=parameters)

    def post(path: str, body: bytes) -> bytes:
        return _posted(api_url, token=token, path=path, body=body)

    return Client(get, post)


@contextmanager
def asked_ahead(*questions: Callable[[Client], object]) -> Iterator[None]:
    """Ask these at the same time, while the page is drawn inside.

    Their answers are kept, so whoever asks the same inside waits for the one that is on its way. An
    error is left to them. The threads call nothing of Streamlit but its cache.
    """
    client = api()

    def ask(question: Callable[[Client], object]) -> None:
        with suppress(UiError):
            question(client)

    pool = ThreadPoolExecutor(len(questions))
    try:
        for question in questions:
            pool.submit(ask, question)
        yield
    finally:  # whoever leaves the page meanwhile does not wait for its answers
        pool.shutdown(wait=False, cancel_futures=True)


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
