"""Bad input and bad days: every page over ledgers that are empty, odd or large, over an API that is
slow, past midnight, and in two tabs."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.ui.__main__ import fill
from tests.fixtures.calls import SETTINGS
from tests.paths import ROOT
from tests.ui.lists import lists
from tests.ui.opening import cards, opened, said
from tests.ui.stand import ADA, BOB, ODD, ODD_NAME, InventedCall, Stand, standing
from ui.api import connection, transport
from ui.api.client import SUBJECTS_PAGE_ROWS
from ui.format import escape
from ui.period import CUSTOM_DAYS_MAX, FIRST_DAY, LAST_DAY, month_of

ROOMS = ("ui/app_pages", "ui/operator_pages")
PAGES = sorted(
    path.stem for room in ROOMS for path in (ROOT / room).glob("*.py") if path.stem != "__init__"
)
CROWD = 10_000
SLOW_S = 5.0


@pytest.fixture(scope="module")
def empty() -> Iterator[Stand]:
    """A ledger without a call."""
    with standing() as stand:
        yield stand
        st.cache_resource.clear()  # closes the pages' connections


@pytest.fixture
def nothing(empty: Stand, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """The ledger without a call, as what the pages are configured with."""
    monkeypatch.setenv("API_URL", empty.url)
    return empty


@pytest.mark.parametrize("page", PAGES)
def test_each_page_of_an_empty_ledger_says_something_and_fails_at_nothing(
    nothing: Stand, page: str
) -> None:
    app = opened(page)
    assert not app.exception
    assert not app.error
    assert app.title
    assert len(said(app)) > len(app.title[0].value), "a page that is empty says what to do"


@pytest.fixture(scope="module")
def odd(today: date) -> Iterator[Stand]:
    """One call, of somebody and of a model whose names are full of markup."""
    with standing() as stand:
        stand.save_people()
        call = InventedCall(number=1, subject=ODD, day=today, deployment=ODD_NAME, input=7)
        stand.post([call])
        yield stand
        st.cache_resource.clear()


@pytest.fixture
def one_odd_call(odd: Stand, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """The ledger of one call, as what the pages are configured with."""
    monkeypatch.setenv("API_URL", odd.url)
    return odd


NO_LOG = "**Nobody can say.** The gateway's log has never arrived"
"""The verdict on a ledger whose calls no log confirms: an answer, and no failure."""


@pytest.mark.parametrize("page", PAGES)
def test_each_page_shows_one_call_and_odd_names_as_they_are(one_odd_call: Stand, page: str) -> None:
    app = opened(page)
    assert not app.exception
    assert [each.value for each in app.error if not each.value.startswith(NO_LOG)] == []
    prose = [*app.title, *app.subheader, *app.caption, *app.markdown, *app.info, *app.warning]
    assert not [part.value for part in prose if ODD_NAME in str(part.value)], "markup is escaped"


def test_an_odd_name_is_in_the_lists_as_it_is_written(one_odd_call: Stand, today: date) -> None:
    tables = lists(opened("usage", range="Today"))
    assert [table["Model"] for table in tables if "Model" in table] == [[ODD_NAME]]
    assert [table["Name"] for table in tables if "Name" in table] == [[ODD_NAME]]
    app = opened("usage", call=one_odd_call.call_ids(ODD, today)[0])
    assert not app.exception
    assert ODD_NAME in said(app)


@pytest.fixture(scope="module")
def many() -> Iterator[Stand]:
    """Many people, in this month and in the one before."""
    with standing() as stand:
        fill(stand, CROWD)
        yield stand
        st.cache_resource.clear()


@pytest.fixture
def crowd(many: Stand, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """The ledger of many people, as what the pages are configured with."""
    monkeypatch.setenv("API_URL", many.url)
    return many


@pytest.mark.parametrize("page", ["usage", "people"])
def test_of_many_people_a_page_is_shown_and_all_are_counted(crowd: Stand, page: str) -> None:
    app = opened(page)
    assert not app.exception
    (people,) = [table for table in lists(app) if "Name" in table]
    assert len(people["Name"]) == SUBJECTS_PAGE_ROWS
    assert app.button(key="next_page")
    if page == "usage":
        assert int(cards(app)["Calls"].replace(",", "")) > CROWD


def test_of_many_people_that_a_search_finds_it_says_how_many_it_shows(crowd: Stand) -> None:
    app = opened("search", find="person-")
    assert not app.exception
    assert f"The dearest {SUBJECTS_PAGE_ROWS} of {CROWD:,}: write more" in said(app)
    (people,) = lists(app)
    assert len(people["Name"]) == SUBJECTS_PAGE_ROWS
    few = opened("search", find="person-0000")
    assert date.fromisoformat(str(lists(few)[-1]["Last active"][0])), "a day also in files"
    assert "write more" not in said(few)


def test_a_page_of_people_says_how_many_there_are(crowd: Stand) -> None:
    found = f"{SUBJECTS_PAGE_ROWS} of {CROWD:,} people and applications."
    assert found in said(opened("people", q="person-"))
    assert "of 10 people" not in said(opened("people", q="person-0000"))


def test_a_year_is_shown_whole_and_of_a_longer_range_its_end(
    crowd: Stand, calls: list[InventedCall], today: date
) -> None:
    year = {"first": (today - timedelta(days=364)).isoformat(), "last": today.isoformat()}
    whole = opened("usage", range="Custom", **year)
    assert not whole.exception
    longer = opened("usage", range="Custom", first="2001-01-01", last=today.isoformat())
    assert not longer.exception
    assert cards(longer)["Calls"] == cards(whole)["Calls"], f"{CUSTOM_DAYS_MAX} days hold all"


@pytest.mark.parametrize(
    ("page", "parameters"),
    [
        ("usage", {"call": "MjAyNjExfDAxL2N8Z29uZQ"}),
        ("usage", {"subject": "app:gone"}),
        ("usage", {"subject": "app:gone", "day": "2026-11-01"}),
        ("usage", {"model": "gone"}),
        ("usage", {"cost_centre": "gone"}),
        ("models", {"model": "gone"}),
        ("people", {"cost_centre": "gone"}),
        ("reratings", {"run": "r000000000000"}),
        ("invoices", {"invoice": "2026-11-gone"}),
        ("search", {"find": "gone"}),
    ],
)
def test_a_link_to_what_is_gone_is_said_to_be_one(
    crowd: Stand, page: str, parameters: dict[str, str]
) -> None:
    app = opened(page, **parameters)
    assert not app.exception
    text = said(app)
    assert "gone" in text or next(iter(parameters.values())) in text, "it names what it looked for"


@pytest.mark.parametrize(
    ("page", "parameter"),
    [("usage", "cost_centre"), ("usage", "model"), ("people", "cost_centre"), ("people", "model")],
)
def test_a_filter_that_nobody_has_is_said_once_with_the_way_to_everything(
    crowd: Stand, page: str, parameter: str
) -> None:
    app = opened(page, **{parameter: "gone", "range": "7 days"})
    assert len(app.error) == 1
    text = said(app)
    assert "**Not found**" in text
    words = {"model": "Model gone: no call has", "cost_centre": "Cost centre gone: nobody has"}
    assert words[parameter] in text
    assert "could not answer" not in text
    assert not [button for button in app.button if button.label == "Try again"]
    (everything,) = (button for button in app.button if button.label == "Show everything")
    everything.click().run()
    assert not app.error
    assert dict(app.query_params) == {"range": "7 days"}, "its days are kept"


@pytest.mark.parametrize(
    ("page", "named"),
    [
        ("usage", {"call": "zzz"}),
        ("usage", {"subject": "zzz"}),
        ("usage", {"subject": "zzz", "day": "2026-11-03"}),
        ("reratings", {"run": "zzz"}),
        ("invoices", {"invoice": "INV-999999"}),
    ],
)
def test_what_is_gone_is_said_with_the_way_to_everything(
    crowd: Stand, page: str, named: Mapping[str, str]
) -> None:
    app = opened(page, **named, range="7 days")
    assert app.title, "the page has a heading all the same"
    assert "**Not found**" in said(app)
    assert not [button for button in app.button if button.label == "Try again"]
    next(button for button in app.button if button.label == "Show everything").click().run()
    assert "**Not found**" not in said(app)
    assert dict(app.query_params) == {"range": "7 days"}, "its days are kept"


def test_a_place_that_a_list_does_not_have_leads_to_its_first_page(crowd: Stand) -> None:
    app = opened("people", after="garbage", sort="Calls")
    assert not app.exception
    assert "**This address cannot be read**" in said(app)
    assert not [button for button in app.button if button.label == "Try again"]
    next(button for button in app.button if button.label == "First page").click().run()
    assert not app.error
    assert dict(app.query_params) == {"sort": "Calls"}


@pytest.mark.parametrize(
    ("page", "day"), [("usage", "9999-12-31"), ("usage", "0001-01-01"), ("people", "3000-01-01")]
)
def test_a_day_beyond_the_calendar_of_the_pages_is_said_to_be_one(
    nothing: Stand, page: str, day: str
) -> None:
    app = opened(page, range="Custom", first=day, last=day)
    assert not app.exception
    assert "This address cannot be read" in said(app)
    assert day in said(app)


@pytest.mark.parametrize("day", [FIRST_DAY, LAST_DAY])
def test_the_first_and_the_last_day_of_that_calendar_are_shown(nothing: Stand, day: date) -> None:
    for compared in ("Period before", "A year before"):
        text = day.isoformat()
        app = opened("usage", range="Custom", first=text, last=text, compare=compared)
        assert not app.exception
        assert not app.error


def test_a_slow_answer_is_waited_for(one_odd_call: Stand) -> None:
    st.cache_data.clear()
    one_odd_call.late.late_s, one_odd_call.late.answers = SLOW_S, 1
    app = opened("usage")
    assert one_odd_call.late.answers == 0
    assert not app.exception
    assert not app.error
    assert cards(app)["Calls"] == "1"


def test_late_answers_are_waited_for_at_the_same_time(one_odd_call: Stand) -> None:
    st.cache_data.clear()
    one_odd_call.late.late_s, one_odd_call.late.answers = 0.4, 100
    app = opened("usage")
    asked, one_odd_call.late.answers = 100 - one_odd_call.late.answers, 0
    assert not app.exception
    assert cards(app)["Calls"] == "1"
    assert asked >= 8
    assert one_odd_call.late.most_at_once >= 5


def test_an_answer_that_does_not_come_is_said_so_with_a_way_to_try_again(
    one_odd_call: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    st.cache_data.clear()
    st.cache_resource.clear()
    # Two questions are asked at first, at the same time.
    one_odd_call.late.late_s, one_odd_call.late.answers = 1.0, 2
    with monkeypatch.context() as impatient:
        impatient.setattr(transport, "ANSWER_TIMEOUT_S", 0.2)
        app = opened("usage")
    st.cache_resource.clear()  # the client that waits so short a time
    assert not app.exception
    assert "The API does not answer" in said(app)
    assert [title.value for title in app.title] == ["LLM chargeback"]
    assert "timed out" in said(app)
    next(button for button in app.button if button.label == "Try again").click().run()
    assert cards(app)["Calls"] == "1"


@pytest.mark.parametrize("parameters", [{}, {"subject": ODD}, {"call": "x"}])
def test_a_page_has_its_heading_also_where_the_api_cannot_answer(
    one_odd_call: Stand, parameters: Mapping[str, str]
) -> None:
    st.cache_data.clear()
    one_odd_call.storage.down = True
    try:
        app = opened("usage", **parameters)
    finally:
        one_odd_call.storage.down = False
        st.cache_data.clear()
    assert not app.exception
    assert app.error
    assert len(app.title) == 1


UNUSED = "The address names what this page does not use"


@pytest.mark.parametrize(
    ("page", "parameters"),
    [
        ("models", {"cost_centre": "Research"}),
        ("cost_centres", {"cost_centre": "Research", "q": "abc"}),
        ("prices", {"subject": "abc"}),
        ("usage", {"day": "2026-11-03"}),
        ("usage", {"top*_[x]": "1"}),
    ],
)
def test_what_a_page_does_not_use_of_its_address_is_named(
    one_odd_call: Stand, page: str, parameters: Mapping[str, str]
) -> None:
    app = opened(page, **parameters)
    assert not app.exception
    named = ", ".join(escape(name) for name in parameters)
    assert f"**{UNUSED}**: {named}." in next(
        each.value for each in app.warning if UNUSED in each.value
    )


@pytest.mark.parametrize(
    ("page", "parameters"),
    [
        ("usage", {"range": "7 days", "compare": "A year before", "by": "Model"}),
        ("usage", {"subject": ODD, "range": "7 days", "compare": "A year before"}),
        ("models", {"range": "7 days", "compare": "A year before"}),
        ("people", {"q": "odd", "sort": "Calls"}),
    ],
)
def test_of_what_a_page_uses_or_keeps_for_others_it_says_nothing(
    one_odd_call: Stand, page: str, parameters: Mapping[str, str]
) -> None:
    app = opened(page, **parameters)
    assert not app.exception
    assert not [each.value for each in app.warning if UNUSED in each.value]


def set_clock(monkeypatch: pytest.MonkeyPatch, instant: datetime) -> None:
    """The pages' clock says this, whatever the time is."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return instant.astimezone(tz)

    monkeypatch.setattr(connection, "datetime", Clock)


def test_a_page_that_is_open_past_the_month_shows_the_new_month(
    crowd: Stand, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened("usage")
    assert "so far" in said(app)
    first = month_of(today).until
    midnight = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(SETTINGS.zone))
    set_clock(monkeypatch, midnight - timedelta(seconds=1))
    assert cards(app.run()) == cards(opened("usage")), "it is the old month until midnight"
    set_clock(monkeypatch, midnight + timedelta(seconds=1))
    app.run()
    assert not app.exception
    assert "No calls in this range" in said(app)
    assert f"{first:%b %Y}" in said(app)


def test_a_live_part_draws_the_whole_page_again_after_midnight(crowd: Stand) -> None:
    def draw() -> None:
        from datetime import timedelta  # noqa: PLC0415  # runs by itself

        import streamlit as st  # noqa: PLC0415

        from ui.api.connection import api, redraw_after_midnight, today  # noqa: PLC0415

        st.session_state.runs = st.session_state.get("runs", 0) + 1
        drawn = today(api().health())
        if st.session_state.runs == 1:
            drawn -= timedelta(days=1)
        redraw_after_midnight(drawn)
        st.text(str(st.session_state.runs))

    app = AppTest.from_function(draw).run()
    assert not app.exception
    assert [text.value for text in app.text] == ["2"]


def test_two_tabs_of_one_person_keep_their_own_places(crowd: Stand) -> None:
    ada, bob = opened("usage", subject=ADA), opened("usage", subject=BOB, range="Last month")
    assert (ada.title[0].value, bob.title[0].value) == ("Ada Lovelace", "Bob Berg")
    of_ada, of_bob = cards(ada), cards(bob)
    assert of_ada != of_bob
    assert cards(ada.run()) == of_ada
    assert cards(bob.run()) == of_bob
