"""The page Live over the real API, and how many calls came in each minute."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from tests.fixtures.calls import SETTINGS
from tests.ui.lists import lists
from tests.ui.opening import cards, opened, said
from tests.ui.stand import InventedCall, Stand
from ui.format import instant
from ui.page_parts.live.call_rate import LastMinute, by_minute, last_minute

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
    assert instant(max(call.time for call in calls), SETTINGS.zone) in lag.help


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


def test_no_minute_is_shown_that_was_read_in_part() -> None:
    partly = by_minute(at(1, 20, 21, 90, 200), now=NOW, complete=False)
    assert [calls for _, calls in partly] == [1, 1, 2]
    assert [calls for _, calls in by_minute(at(1), now=NOW, complete=True)][-1] == 1
    assert len(by_minute(at(1), now=NOW, complete=True)) == 30
