"""The page Live over the real API, and how many calls came in each minute."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import streamlit as st

from tests.fixtures.calls import SETTINGS
from tests.ui.lists import lists
from tests.ui.opening import cards, opened, said
from tests.ui.stand import ADA, BOB, InventedCall, Stand
from ui.api import connection
from ui.api.found_calls import newest_calls
from ui.api.usage_answers import CallState
from ui.format import escape, instant
from ui.page_parts.live.call_rate import LastMinute, by_minute, days_of_minutes, last_minute
from ui.page_parts.live.newest import rate_charge
from ui.period import one_day

NOW = datetime(2026, 11, 30, 12, 30, 20, tzinfo=UTC)


def at(*seconds_ago: int) -> list[Any]:
    cost = SimpleNamespace(charge=Decimal("0.5"))
    return [SimpleNamespace(time=NOW - timedelta(seconds=ago), cost=cost) for ago in seconds_ago]


def test_the_newest_calls_of_today_are_listed_with_names(
    stand: Stand, calls: list[InventedCall], today: date
) -> None:
    app = opened("live")
    assert not app.exception
    of_today = [call for call in calls if call.day == today]
    (table,) = lists(app)
    assert len(table["Person"]) == len(of_today)
    assert "Ada Lovelace" in set(table["Person"])
    assert cards(app)["Waiting for tokens"] == "12"
    (lag,) = [card for card in app.metric if card.label == "Everything metered until"]
    assert lag.value.endswith("ago")
    assert escape(instant(max(call.time for call in calls), SETTINGS.zone)) in lag.help


def test_before_the_first_call_of_the_day_the_page_says_what_brings_one(
    empty_stand: Stand,
) -> None:
    app = opened("live")
    assert not app.exception
    assert "No call of today yet" in said(app)


def test_the_rate_is_a_bound_where_not_all_calls_were_read() -> None:
    calls = at(1, 20, 59, 61, 200)
    found = last_minute(calls, now=NOW, complete=False)
    assert found == LastMinute(calls=3, charge=Decimal("1.5"), at_least=False)
    assert last_minute(at(1, 2), now=NOW, complete=False).at_least
    assert not last_minute(at(1, 2), now=NOW, complete=True).at_least


def uncharged(state: CallState, status: int) -> list[Any]:
    return [SimpleNamespace(time=NOW, cost=None, state=state, status=status)]


@pytest.mark.parametrize(
    ("calls", "said"),
    [
        (uncharged(CallState.UNPRICED, 200), "not known yet"),
        (uncharged(CallState.NO_USAGE, 200), "not known yet"),
        (uncharged(CallState.NO_USAGE, 500), "0 USD"),
        (at(1) + uncharged(CallState.PENDING, 200), "at least 0.500 USD"),
        (at(1) + uncharged(CallState.NO_USAGE, 429), "0.500 USD"),
        ([], "—"),
    ],
)
def test_a_minute_of_which_a_charge_is_not_known_is_no_0(calls: list[Any], said: str) -> None:
    assert rate_charge(last_minute(calls, now=NOW, complete=True), "USD") == said


def test_what_came_after_an_older_answer_is_not_in_its_minute() -> None:
    assert last_minute(at(-5, 0, 59, 60), now=NOW, complete=True).calls == 2


def test_no_minute_is_shown_that_was_read_in_part() -> None:
    partly = by_minute(at(1, 20, 21, 90, 200), now=NOW, complete=False)
    assert [calls for _, calls in partly] == [1, 1, 2]
    assert [calls for _, calls in by_minute(at(1), now=NOW, complete=True)][-1] == 1
    assert len(by_minute(at(1), now=NOW, complete=True)) == 30


def test_just_after_midnight_the_minutes_before_it_count_and_the_list_is_of_today(
    empty_stand: Stand, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = today - timedelta(days=1)
    ms_before_midnight = (85_000, 50_000, 10_000)
    numbers = [(24 * 60 * 60 * 1000 - 1000 - ms) // 7 for ms in ms_before_midnight]
    model = "gpt-5-mini"
    late = [
        InventedCall(number=number, subject=ADA, day=yesterday, deployment=model, input=9)
        for number in numbers
    ]
    early = InventedCall(number=1, subject=BOB, day=today, deployment=model, input=9)
    at = datetime.combine(today, time(0, 0, 20), ZoneInfo(SETTINGS.zone)).astimezone(UTC)
    monkeypatch.setattr(connection, "now", lambda: at)
    empty_stand.post(late)
    app = opened("live")
    assert cards(app)["Calls of the last minute"] == "1"
    assert "No call of today yet" in said(app)
    empty_stand.post([early])
    st.cache_data.clear()
    app = opened("live")
    assert not app.exception
    assert cards(app)["Calls of the last minute"] == "2"
    (table,) = lists(app)
    assert list(table["Person"]) == ["Bob Berg"]
    found, earlier = (
        newest_calls(empty_stand.client, one_day(day), limit=50) for day in (today, yesterday)
    )
    recent = found.with_earlier(earlier)
    rows = by_minute(recent.data, now=at, complete=True)
    assert [calls for _, calls in rows][-3:] == [1, 2, 1]
    assert recent.period == days_of_minutes(at, zone=SETTINGS.zone)


def test_the_last_minute_ends_when_the_answer_came(
    empty_stand: Stand, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call 30 seconds before the answer is of the minute, also where that is shown for long."""
    call = InventedCall(number=1, subject=BOB, day=today, deployment="gpt-5-mini", input=9)
    empty_stand.post([call])
    came = call.time + timedelta(seconds=30)
    clock = [came]
    monkeypatch.setattr(connection, "now", lambda: clock[0])
    monkeypatch.setattr(connection, "CACHE_TTL_S", 60)
    app = opened("live")
    assert not app.exception
    assert cards(app)["Calls of the last minute"] == "1"
    assert "it is slow" not in said(app)
    clock[0] = came + timedelta(seconds=40)
    app.run()
    assert not app.exception
    assert cards(app)["Calls of the last minute"] == "1"
    assert cards(app)["Newest call"] == "1 min ago"
    assert "As the API answered 40 s ago: it is slow, and so asked less often." in said(app)


def test_later_in_the_day_no_call_of_the_day_before_is_asked_for() -> None:
    assert days_of_minutes(NOW, zone=SETTINGS.zone) == one_day(NOW.date())
