"""A choice that makes the order of a list void drops it from the address, and no other choice."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.opening import opened, said
from tests.ui.stand import InventedCall, Stand
from ui.api.client import SUBJECTS_PAGE_ROWS

VOID = "cannot be sorted"
BY_CALLS = "people by Calls, descending"
CROWD_AGO = timedelta(days=60)


@pytest.fixture
def crowd(stand: Stand, today: date) -> Stand:
    """More people than a page of the list has, of whom few call in the last weeks."""
    call = InventedCall(number=0, subject="", day=today - CROWD_AGO, deployment="gpt-4.1", input=9)
    more = range(SUBJECTS_PAGE_ROWS)
    stand.post([replace(call, number=7000 + n, subject=f"app:{n:03}") for n in more])
    return stand


def choose(app: AppTest, label: str, value: str) -> None:
    (chooser,) = (each for each in app.button_group if each.label == label)
    chooser.set_value(value).run()
    assert not app.exception


@pytest.mark.usefixtures("crowd")
def test_more_days_whose_list_of_people_is_cut_drop_its_order() -> None:
    app = opened("people", range="7 days", order=f"{BY_CALLS}; days by Calls, ascending")
    assert VOID not in said(app)
    choose(app, "Days", "90 days")
    assert app.query_params["order"] == "days by Calls, ascending"
    assert VOID not in said(app)


@pytest.mark.usefixtures("crowd")
def test_other_days_whose_list_is_whole_keep_its_order() -> None:
    app = opened("people", range="7 days", order=BY_CALLS)
    choose(app, "Days", "30 days")
    assert app.query_params["order"] == BY_CALLS
    assert VOID not in said(app)


@pytest.mark.usefixtures("crowd")
def test_an_order_that_came_with_the_address_is_said_to_be_void() -> None:
    app = opened("people", range="90 days", order=BY_CALLS)
    assert VOID in said(app)
    assert app.query_params["order"] == BY_CALLS


def test_an_order_that_is_void_later_is_said_to_be_void(
    stand: Stand, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.api.connection.CACHE_TTL_S", 0)
    app = opened("people", range="7 days", order=BY_CALLS)
    choose(app, "Days", "30 days")
    call = InventedCall(number=0, subject="", day=today, deployment="gpt-4.1", input=9)
    more = range(SUBJECTS_PAGE_ROWS)
    stand.post([replace(call, number=7000 + n, subject=f"app:{n:03}") for n in more])
    app.run()
    assert VOID in said(app)
    assert app.query_params["order"] == BY_CALLS


def hours() -> None:
    """A script of its own: a list that is cut with one of the choices."""
    from ui.address import Parameter  # noqa: PLC0415
    from ui.parts.choosers import choose  # noqa: PLC0415
    from ui.parts.tables import count_column, plain_table  # noqa: PLC0415

    options: dict[str, int | None] = {"Today": None, "14 days": 0}
    sortable = choose("Days", Parameter.SPAN, options=options)
    plain_table("hours", {"Calls": count_column([1, 2])}, alt="Hours", sortable=sortable)


def prices() -> None:
    """The same with a chooser that opens."""
    from ui.address import Parameter  # noqa: PLC0415
    from ui.parts.choosers import pick  # noqa: PLC0415
    from ui.parts.tables import count_column, plain_table  # noqa: PLC0415

    options: dict[str, int | None] = {"gpt-5": None, "gpt-4": 0}
    sortable = pick("Model", Parameter.MODEL, options=options)
    plain_table("price history", {"Calls": count_column([1])}, alt="Prices", sortable=sortable)


def test_a_span_whose_hours_are_cut_drops_their_order() -> None:
    app = AppTest.from_function(hours, default_timeout=30)
    app.query_params["order"] = "hours by Calls, descending"
    app.run()
    assert VOID not in said(app)
    choose(app, "Days", "14 days")
    assert dict(app.query_params) == {"span": "14 days"}
    assert VOID not in said(app)


def test_a_model_whose_prices_are_cut_drops_their_order() -> None:
    app = AppTest.from_function(prices, default_timeout=30)
    app.query_params["order"] = "price history by Calls, descending"
    app.run()
    app.selectbox[0].set_value("gpt-4").run()
    assert not app.exception
    assert dict(app.query_params) == {"model": "gpt-4"}
    assert VOID not in said(app)
