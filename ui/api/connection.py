"""The client of whoever looks at the page, with a short-lived cache around its transport."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from time import monotonic
from zoneinfo import ZoneInfo

import httpx
import streamlit as st

from ui.api.client import Client
from ui.api.errors import UiError
from ui.api.settings import Settings, SignIn, load_settings
from ui.api.transport import (
    ANSWER_TIMEOUT_S,
    Parameters,
    http_poster,
    http_transport,
    open_http,
)
from ui.api.usage_answers import Health

REFRESH_S = 5
"""Seconds between two questions of a live page."""
CACHE_TTL_S = 4
"""From when an answer came. Less than REFRESH_S, so that a refresh gets new data, yet many viewers
share one answer."""
SLOW_KEPT_TIMES = 4
"""An answer that took longer than a second is kept longer, for so many times what it took: a page
asks some questions one after the other, and would ask the first ones again before it is whole. So
an answer that took 0.9 s is kept for 4, and one that took 5 for 20."""
KEPT_S_MAX = max(CACHE_TTL_S, SLOW_KEPT_TIMES * ANSWER_TIMEOUT_S)
"""No answer is kept longer, however slowly it came: the timeout is of one silence."""
CACHED_ANSWERS_MAX = 500
EASY_AUTH_HEADER = "X-Ms-Token-Aad-Access-Token"


@st.cache_resource(on_release=httpx.Client.close)
def _http(api_url: str) -> httpx.Client:
    return open_http(api_url)


Kept = tuple[bytes, float, datetime]
"""A body, when it is too old, in seconds of a monotonic clock, and when it came. It is bytes,
because decoding is cheaper than the copy of objects that the cache would make."""


@st.cache_data(ttl=KEPT_S_MAX, max_entries=CACHED_ANSWERS_MAX, show_spinner=False)
def _answer(api_url: str, *, token: str | None, path: str, parameters: Parameters) -> Kept:
    """The token is a part of the cache's key: nobody gets an answer that was given to another
    person, nor one from before their roles changed.
    """
    return _kept(lambda: http_transport(_http(api_url), token)(path, parameters))


@st.cache_data(ttl=KEPT_S_MAX, max_entries=CACHED_ANSWERS_MAX, show_spinner=False)
def _posted(api_url: str, *, token: str | None, path: str, body: bytes) -> Kept:
    """The same of a question that has a body."""
    return _kept(lambda: http_poster(_http(api_url), token)(path, body))


def _kept(ask: Callable[[], bytes]) -> Kept:
    asked = monotonic()
    body = ask()
    came = monotonic()
    return body, came + max(CACHE_TTL_S, SLOW_KEPT_TIMES * (came - asked)), now()


def _is_old(kept: Kept) -> bool:
    return monotonic() >= kept[1]


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


def api(*, came: list[datetime] | None = None) -> Client:
    """The client of whoever looks at the page. SettingMissing when API_URL is absent.

    `came` gets the instant at which each answer came that this client gives.
    """
    api_url, token = settings().api_url, caller_token()

    def given(kept: Kept) -> bytes:
        if came is not None:
            came.append(kept[2])
        return kept[0]

    def get(path: str, parameters: Parameters) -> bytes:
        kept = _answer(api_url, token=token, path=path, parameters=parameters)
        if _is_old(kept):
            _answer.clear(api_url, token=token, path=path, parameters=parameters)
            kept = _answer(api_url, token=token, path=path, parameters=parameters)
        return given(kept)

    def post(path: str, body: bytes) -> bytes:
        kept = _posted(api_url, token=token, path=path, body=body)
        if _is_old(kept):
            _posted.clear(api_url, token=token, path=path, body=body)
            kept = _posted(api_url, token=token, path=path, body=body)
        return given(kept)

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
