"""A ledger that prices in dollars and bills in euros: no page adds or mixes the two."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import streamlit as st

from pricing_rules.price_book.book import Book, load_book
from tests.fixtures.calls import DEMO_BOOK, SETTINGS
from tests.ui import stand as stands
from tests.ui.lists import lists
from tests.ui.opening import cards, opened, said
from tests.ui.stand import ADA, InventedCall, Stand, invented_calls, standing
from ui.figures.call_sum import steps
from ui.format import exact_number
from ui.period import DAY, month_of

RATE = Decimal("0.5")


def euro_book(folder: Path, since: date) -> Book:
    """Two dollars are a euro since a day, and nobody knows what they were before."""
    company = folder / "company.toml"
    company.write_text(
        f"""
[book]
billing_currency = "EUR"

[[rule]]
id = "fx.usd-eur"
kind = "fx"
pair = "USD-EUR"
rate = "{RATE}"
valid_from = {since}T00:00:00Z
valid_to = {since + 400 * DAY}T00:00:00Z
source = {{ kind = "contract", checked = {since} }}
"""
    )
    return load_book([DEMO_BOOK, company])


def surely_with_or_without_rate(calls: Sequence[InventedCall], first: date) -> list[InventedCall]:
    """All but those of the day before a month's first: the rate begins at a midnight UTC, which may
    be within that billing day.
    """
    return [call for call in calls if call.day != first - DAY]


@pytest.fixture(scope="module")
def billed_in_euros(
    tmp_path_factory: pytest.TempPathFactory, calls: list[InventedCall], today: date
) -> Iterator[Stand]:
    """Calls of this month have a rate, those of the month before have none."""
    first = month_of(today).first
    prices = euro_book(tmp_path_factory.mktemp("book"), first - DAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stands, "SETTINGS", replace(SETTINGS, billing_currency="EUR"))
        patch.setattr(stands, "book", lambda: prices)
        with standing() as stand:
            stand.save_people()
            stand.post(surely_with_or_without_rate(calls, first))
            stand.publish_prices(prices, age_days_max=10_000)
            yield stand
            st.cache_resource.clear()


@pytest.fixture
def euros(billed_in_euros: Stand, monkeypatch: pytest.MonkeyPatch) -> Stand:
    st.cache_data.clear()
    monkeypatch.setenv("API_URL", billed_in_euros.url)
    return billed_in_euros


@pytest.mark.parametrize("day", [1, 2, 3, 31])
def test_calls_of_this_month_are_posted_also_on_its_first_day(day: int) -> None:
    today = date(2026, 12, day)
    posted = surely_with_or_without_rate(invented_calls(today), month_of(today).first)
    days = {call.day for call in posted}
    assert {date(2026, 12, each) for each in range(1, day + 1)} <= days
    assert date(2026, 11, 30) not in days
    assert date(2026, 11, 29) in days


def test_a_call_has_its_steps_in_the_currency_of_its_prices_and_then_what_is_billed(
    euros: Stand, today: date
) -> None:
    id_ = euros.call_ids(ADA, today)[0]
    call = euros.client.call(id_)
    assert call.cost
    assert call.cost.billed == call.cost.charge * RATE
    assert [step.kind for step in steps(call)][-1] == "charge", "the waterfall is there"
    app = opened("usage", call=id_)
    assert not app.exception
    charge, billed = exact_number(call.cost.charge), exact_number(call.cost.billed)
    assert cards(app)["Billed"] == f"{billed} EUR"
    assert f"Billed: {charge} USD × {RATE} = {billed} EUR, by fx.usd-eur." in said(app)
    assert "No discount and no surcharge: the list price is the charge." in said(app)
    assert not [table for table in lists(app) if "Adjustment" in table]


@pytest.mark.usefixtures("euros")
def test_the_calculator_says_what_is_converted() -> None:
    app = opened("prices", model="gpt-4.1")
    assert not app.exception
    converted = "no discount and no surcharge, 0.006 USD converted to EUR."
    assert f"**0.003 EUR** for 1,500 tokens, by your contract: {converted}" in said(app)
    (lines,) = (table for table in lists(app) if "Quantity" in table)
    assert list(lines)[2:] == ["Price of one (USD)", "At list price (USD)", "Charge (USD)"]


@pytest.mark.usefixtures("euros")
def test_a_month_whose_calls_had_no_price_is_not_said_to_have_been_free() -> None:
    app = opened("usage")
    assert not app.exception
    sentence = next(text for text in said(app).splitlines() if " than on " in text)
    assert "had no charge (not priced yet)" in sentence
    assert "nothing was charged" not in sentence


def test_a_call_without_a_rate_has_no_lines_to_add(
    euros: Stand, calls: list[InventedCall], today: date
) -> None:
    before = month_of(today).first - DAY
    day = max(call.day for call in calls if call.subject == ADA and call.day < before)
    app = opened("usage", call=euros.call_ids(ADA, day)[0])
    assert not app.exception
    assert "no rate USD-EUR at this time" in said(app)
    assert "these lines" not in said(app)
    assert "a re-rating prices the call as soon as the price book" in said(app)
