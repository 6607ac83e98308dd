"""Over a slow API each page is whole after few answers in a row, and asks nothing twice."""

import time
from collections.abc import Mapping
from contextlib import suppress

import pytest
import streamlit as st

from tests.fixtures.calls import book
from tests.ui.opening import opened
from tests.ui.stand import ADA, Stand
from ui.api import connection
from ui.api.connection import api, asked_ahead
from ui.api.errors import UiError

LATE_S, QUICK_KEPT_S = 2.0, 1.6
"""As 5 seconds are to the 4 for which a quick answer is kept. A page that is drawn while other work
uses the machine asks its next question within less than LATE_S.
"""


@pytest.fixture
def slow(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> Stand:
    stand.publish_prices(book(), age_days_max=10_000)
    st.cache_data.clear()
    monkeypatch.setattr(connection, "CACHE_TTL_S", QUICK_KEPT_S)
    stand.late.late_s, stand.late.answers = LATE_S, 1000
    return stand


@pytest.mark.parametrize(
    ("page", "parameters", "in_a_row"),
    [
        ("usage", {}, 2),
        ("usage", {"by": "Cost centre"}, 3),
        ("usage", {"subject": ADA}, 2),
        ("people", {}, 2),
        ("cost_centres", {}, 2),
        ("models", {}, 2),
        ("prices", {}, 3),
        ("reratings", {}, 2),
    ],
)
def test_a_page_is_whole_after_few_answers_in_a_row_and_asks_nothing_twice(
    slow: Stand, page: str, parameters: Mapping[str, str], in_a_row: int
) -> None:
    app = opened(page, **parameters)
    assert not app.exception
    assert not app.error
    assert sorted(set(slow.late.asked)) == sorted(slow.late.asked)
    assert slow.late.in_a_row <= in_a_row < len(slow.late.asked), slow.late.asked


def test_a_quick_answer_is_kept_as_long_as_it_was(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    st.cache_data.clear()
    at = [100.0]
    monkeypatch.setattr(connection, "monotonic", lambda: at[0])
    stand.late.late_s, stand.late.answers = 0.0, 1000
    for later, asked in ((0.0, 1), (connection.CACHE_TTL_S - 0.1, 1), (0.2, 2)):
        at[0] += later
        api().health()
        assert len(stand.late.asked) == asked


@pytest.mark.parametrize(
    ("took_s", "kept_s"),
    [(0.0, 4.0), (0.3, 4.0), (1.0, 4.0), (1.5, 6.0), (5.0, 20.0), (15.0, 60.0)],
)
def test_an_answer_of_up_to_a_second_is_kept_as_a_quick_one(
    monkeypatch: pytest.MonkeyPatch, took_s: float, kept_s: float
) -> None:
    at = [100.0]
    monkeypatch.setattr(connection, "monotonic", lambda: at[0])

    def ask() -> bytes:
        at[0] += took_s
        return b"{}"

    old_at = connection._kept(ask)[1]
    assert old_at == at[0] + kept_s
    assert kept_s <= connection.KEPT_S_MAX


def test_whoever_leaves_does_not_wait_for_answers(slow: Stand) -> None:
    began = time.monotonic()
    with suppress(UiError), asked_ahead(lambda client: client.health()):
        raise UiError
    assert time.monotonic() - began < LATE_S / 2
    api().health()  # no connection outlives this test
