"""Pages of the API that have few calls or none although more follow: no page takes them for all."""

from datetime import date

import msgspec
import pytest
from streamlit.testing.v1 import AppTest

from table_api.ledger.posting import MeteredCall
from table_api.usage import newest_calls as api_newest_calls
from table_api.usage import recent_calls
from tests.fixtures.calls import book
from tests.ui.lists import lists
from tests.ui.opening import cards, opened, said
from tests.ui.stand import ADA, BOB, UNPRICED, InventedCall, Stand
from ui.api import found_calls
from ui.period import DAY

WANTED = "chatcmpl-wanted"
NEWER = 9
"""Calls of another model that came later."""


class WantedCall(InventedCall):
    """A call with a response id of its own."""

    __slots__ = ()

    def metered(self) -> MeteredCall:
        call = super().metered()
        event = msgspec.structs.replace(call.priced.event, response_id=WANTED)
        priced = msgspec.structs.replace(call.priced, event=event)
        return msgspec.structs.replace(call, priced=priced)


@pytest.fixture
def behind(empty_stand: Stand, today: date, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """A call with an id of its own, days later one of a model without a price, and newer ones of
    another model. The API looks at hardly any call for one page.
    """
    monkeypatch.setattr(recent_calls, "CHAINS_READ_MAX", 2)
    monkeypatch.setattr(recent_calls, "CHAINS_AT_ONCE", 2)
    monkeypatch.setattr(recent_calls, "ROWS_READ_MAX", 3)
    monkeypatch.setattr(recent_calls, "ROWS_SEARCHED", 1)
    monkeypatch.setattr(api_newest_calls, "ROWS_SCANNED_MAX", 2)
    day_before = today - 3 * DAY
    early = WantedCall(number=9000, subject=BOB, day=day_before, deployment="gpt-4.1", input=1)
    oldest = InventedCall(number=0, subject=ADA, day=today, deployment=UNPRICED, input=1000)
    newer = [
        InventedCall(number=each, subject=ADA, day=today, deployment="gpt-4.1", input=10)
        for each in range(1, NEWER + 1)
    ]
    empty_stand.post([early, oldest, *newer])
    empty_stand.report([early, oldest, *newer])
    empty_stand.publish_prices(book(), age_days_max=10_000)
    return empty_stand


def pressed(app: AppTest, label: str) -> AppTest:
    return next(each for each in app.button if each.label == label).click().run()


def test_a_call_without_a_price_is_found_behind_newer_ones(behind: Stand) -> None:
    app = pressed(opened("prices"), "Show the lines to add")
    assert not app.exception
    assert "got their price" not in said(app)
    assert "This call has no price yet" in said(app)


def test_a_call_that_is_too_far_back_is_not_said_to_have_a_price(
    behind: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found_calls, "EMPTY_PAGES_MAX", 2)
    app = pressed(opened("prices"), "Show the lines to add")
    assert not app.exception
    assert "got their price" not in said(app)
    assert "They are not among the newest calls" in said(app)


def test_how_a_model_answered_is_read_behind_newer_calls_of_others(
    behind: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened("models", model=UNPRICED)
    assert not app.exception
    assert cards(app)["Half answered within"].endswith(" ms")
    assert "The newest 1 call of" in said(app)
    monkeypatch.setattr(found_calls, "PAGES_MAX", 1)
    few = opened("models", model=UNPRICED)
    assert not few.exception
    assert "Half answered within" not in cards(few)
    assert "nothing of them was read" in said(few)


def test_calls_of_a_model_are_found_behind_newer_ones_of_the_same_person(
    behind: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened("usage", subject=ADA, model=UNPRICED)
    assert not app.exception
    assert lists(app)[0]["Model"] == [UNPRICED]
    monkeypatch.setattr(found_calls, "EMPTY_PAGES_MAX", 1)
    short = opened("usage", subject=ADA, model=UNPRICED)
    assert "No such calls" not in said(short)
    while not lists(short):
        short = pressed(short, "Next page")
    assert lists(short)[0]["Model"] == [UNPRICED]


def test_an_id_is_looked_for_behind_newer_calls(
    behind: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened("search", find=WANTED)
    assert not app.exception
    assert lists(app)[0]["Who"] == ["Bob Berg"]
    monkeypatch.setattr(found_calls, "EMPTY_PAGES_MAX", 1)
    short = opened("search", find=WANTED)
    assert not short.exception
    assert "Nothing found" not in said(short)
    assert "The next page looks further back" in said(short)
    while not lists(short):
        short = pressed(short, "Next page")
    assert lists(short)[0]["Who"] == ["Bob Berg"]


def test_an_id_that_nobody_has_is_not_found(behind: Stand) -> None:
    app = opened("search", find="chatcmpl-nobody")
    while "Nothing found" not in said(app):
        assert not app.exception
        app = pressed(app, "Next page")
    assert not lists(app)


def test_a_last_page_without_a_call_does_not_say_that_nothing_was_found(
    behind: Stand, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found_calls, "EMPTY_PAGES_MAX", 1)
    newer = InventedCall(number=1, subject=ADA, day=today, deployment="gpt-4.1", input=10)
    app = opened("search", find=newer.priced.event.response_id or "")
    assert lists(app)
    while lists(app) or "The next page looks further back" in said(app):
        app = pressed(app, "Next page")
        assert not app.exception
    assert "What was found, if anything, is on the pages before" in said(app)
    assert "an id must be whole" not in said(app)


def test_more_calls_with_an_id_than_a_page_has_are_on_the_next_one(
    stand: Stand, calls: list[InventedCall]
) -> None:
    stand.report(calls[-80:])
    app = opened("search", find=calls[-1].priced.event.response_id or "")
    assert not app.exception
    first = lists(app)[0]["Time"]
    assert len(first) == found_calls.FOUND_MAX
    later = pressed(app, "Next page")
    assert not later.exception
    assert not set(first) & set(lists(later)[0]["Time"])


def test_newest_calls_that_are_not_shown_do_not_mean_that_there_is_none(
    empty_stand: Stand, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for somebody who sees few of everybody's calls: here the newest are not metered yet."""
    monkeypatch.setattr(recent_calls, "CHAINS_READ_MAX", 2)
    monkeypatch.setattr(recent_calls, "CHAINS_AT_ONCE", 2)
    calls = [
        InventedCall(number=each, subject=ADA, day=today, deployment="gpt-4.1", input=10)
        for each in range(9)
    ]
    early = InventedCall(number=90, subject=BOB, day=today - 3 * DAY, deployment="gpt-4.1", input=1)
    empty_stand.post([early, calls[0]])
    empty_stand.report([early, *calls])
    app = opened("live")
    assert not app.exception
    assert "No call of today yet" not in said(app)
    assert "None of everybody's newest calls" in said(app)
