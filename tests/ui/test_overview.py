"""The overview compares the month, forecasts its end and says what changed."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from tests.ui.stand import ADA, BOB, UNPRICED, InventedCall, Stand, charge_of
from tests.ui.test_pages import amounts, column, in_address, opened, within, words
from ui.figures.comparison import NOTHING_CHARGED, change_words
from ui.format import amount
from ui.page_parts.spend.headline import nothing_words
from ui.period import before, month_of


@pytest.mark.usefixtures("stand")
def test_the_month_is_compared_with_the_same_days_of_the_month_before(
    calls: list[InventedCall], today: date
) -> None:
    month = month_of(today)
    compared = before(month, today=today)
    spent, earlier = charge_of(within(calls, month)), charge_of(within(calls, compared))
    app = opened()
    assert not app.exception
    assert change_words(spent, earlier, currency="USD", compared=compared) in words(app)
    assert "about **" in words(app)
    assert "What changed most" in words(app)
    assert {"gpt-4.1", "gpt-5-mini", "lab-model-x"} == set(column(app, "Model"))


@pytest.mark.usefixtures("stand")
def test_other_days_have_no_forecast(calls: list[InventedCall], today: date) -> None:
    app = opened(range="7 days", by="Cost centre")
    assert not app.exception
    week = [call for call in calls if call.day > today - timedelta(days=7)]
    assert f"for {len(week)} calls" in words(app)
    assert "about **" not in words(app)
    assert "no cost centre" in column(app, "Cost centre")


def test_a_ledger_of_one_day_is_not_forecast(
    empty_stand: Stand, calls: list[InventedCall], today: date
) -> None:
    empty_stand.post([call for call in calls if call.day == today])
    app = opened()
    assert not app.exception
    assert "No forecast yet" in words(app)


@pytest.mark.usefixtures("stand")
def test_a_range_that_is_cut_or_turned_says_so(today: date) -> None:
    app = opened(
        range="Custom",
        first="2020-01-01",
        last=today.isoformat(),
        compare="Other days",
        compare_first="2020-02-02",
        compare_last="2020-02-01",
    )
    assert not app.exception
    assert "only the last 366 of them count" in words(app)
    assert "only the first one counts" in words(app)
    assert "count." not in words(opened(range="Custom"))


@pytest.mark.usefixtures("stand")
def test_a_saved_view_loses_its_name_when_the_page_changes(today: date) -> None:
    app = opened(range="7 days", view="Week", model="gpt-4.1")
    assert in_address(app, "view") == "Week"
    app.button(key="only_model").click().run()
    assert "view" not in app.query_params
    assert in_address(app, "range") == "7 days"
    day = opened(range="Today")
    assert f"than on {(today - timedelta(days=1)).day} " in words(day)
    assert "today is not over" in words(day)
    assert "today is not over" not in words(app)


@pytest.mark.usefixtures("stand")
def test_a_page_of_one_cost_centre_says_nothing_of_usage_without_one() -> None:
    app = opened(cost_centre="R&D", by="Cost centre")
    assert not app.exception
    assert column(app, "Cost centre") == ["R&D"]


def test_a_filter_without_calls_leads_to_the_same_days_of_everything(
    empty_stand: Stand, today: date
) -> None:
    empty_stand.post(
        [
            InventedCall(number=1, subject=ADA, day=today, deployment="gpt-4.1", input=1000),
            InventedCall(number=2, subject=BOB, day=today, deployment="gpt-5-mini", input=1000),
        ]
    )
    app = opened(model="gpt-4.1", cost_centre="Sales")
    assert "No calls of model gpt-4.1 of cost centre Sales in this range" in words(app)
    labels = [button.label for button in app.button if button.label.startswith("Show ")]
    assert labels == ["Show all models", "Show all cost centres"]
    app.button(key="all_cost_centre").click().run()
    assert not app.exception
    assert "cost_centre" not in app.query_params
    assert column(app, "Model") == ["gpt-4.1"]
    app = opened(model="gpt-4.1", range="Custom", first="2020-01-01", last="2020-01-02")
    app.button(key="show_newest").click().run()
    assert in_address(app, "model") == "gpt-4.1"
    assert column(app, "Model") == ["gpt-4.1"]


def test_no_calls_cost_not_as_much_as_calls_without_a_price(
    empty_stand: Stand, today: date
) -> None:
    unpriced = InventedCall(
        number=1, subject=ADA, day=today - timedelta(days=9), deployment=UNPRICED, input=1000
    )
    empty_stand.post([unpriced])
    app = opened(range="7 days")
    assert not app.exception
    assert "when 1 call had no charge (not priced yet)" in words(app)
    assert "as much as" not in words(app)


@pytest.mark.parametrize(
    ("charge", "unpriced", "no_usage", "said"),
    [
        (None, 6, 0, "7 calls had no charge (not priced yet)"),
        (Decimal(0), 6, 0, "6 calls had no price"),
        (Decimal(0), 0, 5, "3 calls had no known usage"),
        (Decimal(0), 0, 2, NOTHING_CHARGED),
    ],
)
def test_free_calls_next_to_calls_without_a_price_are_not_nothing(
    charge: Decimal | None, unpriced: int, no_usage: int, said: str
) -> None:
    """Two of those without usage have failed."""
    totals = SimpleNamespace(
        calls=7, charge=charge, unpriced_calls=unpriced, no_usage_calls=no_usage,
        pending_calls=0, failed_calls=min(no_usage, 2),
    )  # fmt: skip
    earlier: Any = SimpleNamespace(totals=totals, currency="USD")
    assert nothing_words(earlier) == said


def test_what_is_gone_says_what_it_was(empty_stand: Stand, today: date) -> None:
    month = month_of(today)
    compared = before(month, today=today)
    gone, bobs = (
        InventedCall(number=1, subject=ADA, day=compared.first, deployment="gpt-4.1", input=90_000),
        InventedCall(number=2, subject=BOB, day=today, deployment="gpt-4.1", input=1000),
    )
    empty_stand.post([gone, bobs])
    app = opened(cost_centre="R&D")
    assert not app.exception
    charge = charge_of([gone])
    assert change_words(Decimal(0), charge, currency="USD", compared=compared) in words(app)
    assert f"gpt-4.1 −{amount(charge, 'USD')}" in words(app).replace("*", "")
    assert amounts(app, "Change (USD)") == [-charge]
    assert amounts(app, "Change (USD)", of="Name") == [-charge]
    assert column(app, "Name") == ["1 without calls any more"]


def test_a_model_without_a_price_is_not_told_to_wait_for_a_forecast(
    stand: Stand, today: date
) -> None:
    unpriced = InventedCall(number=8000, subject=ADA, day=today, deployment=UNPRICED, input=1000)
    stand.post([unpriced])  # also on the first day of a month
    app = opened(model=UNPRICED)
    assert not app.exception
    assert "No forecast: these calls have no price." in words(app)
    assert "it needs" not in words(app)
    assert "No charge changed" not in words(app)


@pytest.mark.usefixtures("stand")
def test_a_narrowed_page_says_which_of_its_words_are_of_all_calls() -> None:
    app = opened(cost_centre="R&D")
    assert not app.exception
    assert "Of all calls:" in words(app)
    assert "newest event of all " in words(app)
    assert "of all" not in words(opened()).lower()


@pytest.mark.usefixtures("stand")
def test_a_list_that_is_read_once_says_when_while_its_days_grow(today: date) -> None:
    said = "and not again by itself"
    assert said in words(opened(range="7 days", by="Product"))
    assert said not in words(opened(range="7 days", by="Model"))
    last = today - timedelta(days=1)
    over = opened(first=(last - timedelta(days=6)).isoformat(), last=last.isoformat(), by="API")
    assert "API" in str(over.query_params)
    assert said not in words(over), "days that are over get no calls"
