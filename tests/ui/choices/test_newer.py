"""What was chosen and the address does not say yet is written by the next choice, whole."""

from dataclasses import replace
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from tests.paths import ROOT
from tests.ui.opening import opened
from tests.ui.stand import InventedCall, Stand
from ui.api.client import SUBJECTS_PAGE_ROWS

WRITERS = {
    "ui/chosen_values.py",
    "ui/rows/row_order.py",  # what a choice made void
}


@pytest.fixture
def long_list(stand: Stand, today: date) -> Stand:
    call = InventedCall(number=0, subject="", day=today, deployment="gpt-4.1", input=9)
    more = range(2 * SUBJECTS_PAGE_ROWS)
    stand.post([replace(call, number=7000 + n, subject=f"app:{n:03}") for n in more])
    return stand


def paged(**parameters: str) -> AppTest:
    app = opened("people", range="7 days", **parameters)
    assert not app.exception
    return app


def turn(app: AppTest) -> None:
    next(button for button in app.button if button.label == "Next page").click()


def typed(app: AppTest, text: str) -> None:
    next(box for box in app.text_input if box.label == "Search").set_value(text)


def address_of(app: AppTest) -> dict[str, str]:
    return {name: value for name, value in dict(app.query_params).items() if name != "after"}


@pytest.mark.usefixtures("long_list")
def test_a_search_that_comes_with_next_page_shows_its_own_first_page() -> None:
    app = paged()
    typed(app, "app:0")
    turn(app)
    app.run()
    assert not app.exception
    assert dict(app.query_params) == {"range": "7 days", "q": "app:0"}


@pytest.mark.usefixtures("long_list")
def test_a_search_that_the_browser_had_not_heard_of_stays_with_next_page() -> None:
    app = paged()
    typed(app, "app")
    app.run()
    assert dict(app.query_params) == {"range": "7 days", "q": "app"}
    del app.query_params["q"]  # the browser's address is behind
    turn(app)
    app.run()
    assert not app.exception
    assert dict(app.query_params) == {"range": "7 days", "q": "app"}


@pytest.mark.usefixtures("long_list")
@pytest.mark.parametrize("more", [{}, {"q": "app"}, {"sort": "Zzz"}, {"range": "Custom"}])
def test_next_page_and_first_page_turn_where_nothing_is_newer(more: dict[str, str]) -> None:
    app = opened("people", **{"range": "7 days", **more})
    turn(app)
    app.run()
    assert not app.exception
    assert dict(app.query_params)["after"]
    assert address_of(app) == {"range": "7 days", **more}
    next(button for button in app.button if button.label == "First page").click().run()
    assert dict(app.query_params) == {"range": "7 days", **more}


@pytest.mark.usefixtures("long_list")
def test_next_page_turns_after_days_of_ones_own_were_left() -> None:
    app = opened("people", range="Custom", first="2026-01-01", last="2026-02-01")
    next(each for each in app.button_group if each.label == "Days").set_value("7 days").run()
    turn(app)
    app.run()
    assert dict(app.query_params)["after"]
    assert address_of(app) == {"range": "7 days"}


@pytest.mark.usefixtures("stand")
def test_newer_days_drop_the_days_of_ones_own() -> None:
    old = {"range": "Custom", "first": "2026-01-01", "last": "2026-02-01"}
    app = opened("people", **old)
    next(each for each in app.button_group if each.label == "Days").set_value("7 days").run()
    assert dict(app.query_params) == {"range": "7 days"}
    for name, value in old.items():  # the browser's address is behind
        app.query_params[name] = value
    next(each for each in app.button_group if each.label == "Sort by").set_value("Calls").run()
    assert not app.exception
    assert dict(app.query_params) == {"range": "7 days", "sort": "Calls"}


@pytest.mark.usefixtures("long_list")
def test_a_newer_search_drops_the_place_in_the_list_before_and_its_order() -> None:
    both, left = "people by Calls, descending; days by Calls, ascending", "days by Calls, ascending"
    app = paged(order=both)
    typed(app, "app:00")
    app.run()
    assert address_of(app) == {"range": "7 days", "q": "app:00", "order": left}
    app.query_params["order"] = both
    app.query_params["after"] = "x"
    del app.query_params["q"]
    days = next(each for each in app.button_group if each.label == "Days")
    days.set_value("30 days").run()
    assert not app.exception
    assert dict(app.query_params) == {"range": "30 days", "q": "app:00", "order": left}


def test_what_was_chosen_is_written_by_one_function() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "ui").rglob("*.py")
        if "address.change" in path.read_text(encoding="utf-8")
    }
    assert found == WRITERS


@pytest.mark.usefixtures("stand")
def test_a_filter_that_a_button_takes_away_takes_along_what_was_chosen_for_it() -> None:
    """And the order of the list that it had, as where a chooser takes it away."""
    from_address = {"model": "gpt-4.1", "version": "2025-04-14", "type": "Global"}

    def page() -> None:
        import streamlit as st  # noqa: PLC0415

        from ui import chosen_values  # noqa: PLC0415
        from ui.address import Parameter  # noqa: PLC0415

        chosen_values.begin("a page")
        if st.button("Show all models"):
            chosen_values.change({Parameter.MODEL: None})

    app = AppTest.from_function(page)
    for name, value in from_address.items():
        app.query_params[name] = value
    app.run()
    app.button[0].click().run()
    assert not app.exception
    assert dict(app.query_params) == {}
