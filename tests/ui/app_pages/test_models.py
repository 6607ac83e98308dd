"""The page of models over the real API: what tokens cost, what the cache saved, and a what-if."""

from datetime import date
from decimal import Decimal

import pytest
import streamlit as st
from msgspec.structs import replace

from tests.fixtures.calls import book
from tests.ui.lists import lists
from tests.ui.opening import cards, opened, said
from tests.ui.stand import UNPRICED, InventedCall, Stand
from ui.format import counted, number
from ui.format import day as day_text
from ui.page_parts.model.model_figures import Offer, WhatIf, offer_of, percentile, usage_object
from ui.page_parts.model.one_model import outcome

MODEL, OTHER = "gpt-4.1", "gpt-5-mini"


@pytest.fixture
def priced(stand: Stand) -> Stand:
    """An API that knows the book in use."""
    stand.publish_prices(book(), age_days_max=10_000)
    st.cache_data.clear()
    return stand


def test_the_list_has_unit_costs_savings_and_errors(
    priced: Stand, calls: list[InventedCall], today: date
) -> None:
    app = opened("models", range="90 days")
    assert not app.exception
    (table,) = lists(app)
    rows = [dict(zip(table, cells, strict=True)) for cells in zip(*table.values(), strict=True)]
    of_model = {str(row["Model"]): row for row in rows}
    mine = [call for call in calls if call.deployment == OTHER]
    cached = sum(call.cache_read for call in mine)
    difference = Decimal("0.25") - Decimal("0.025")
    saved = Decimal(str(of_model[OTHER]["Cache saved (USD)"]))
    assert 0 < saved <= cached * difference / 1_000_000
    assert of_model[OTHER]["Calls"] == len(mine)
    assert of_model[UNPRICED]["USD per 1 M"] is None
    assert "costs most" in said(app)
    assert "The cache saved at least" in said(app)


def test_the_same_calls_are_rated_on_another_model_by_the_engine(
    priced: Stand, calls: list[InventedCall]
) -> None:
    mine = [call for call in calls if call.deployment == MODEL]
    day = mine[-1].day
    of_day = [call for call in mine if call.day == day]
    app = opened("models", model=MODEL, instead=OTHER, range="90 days")
    assert not app.exception
    recorded = sum((Decimal(call.priced.list).scaleb(-12) for call in of_day), Decimal(0))
    instead = sum(
        (
            (call.input * Decimal("0.25") + call.cache_read * Decimal("0.025") + call.output * 2)
            / 1_000_000
            for call in of_day
        ),
        Decimal(0),
    )
    assert f"**{number(instead)} USD instead of {number(recorded)} USD**" in said(app)
    assert cards(app)["Half answered within"].endswith(" ms")


def test_a_model_without_calls_says_so(priced: Stand) -> None:
    app = opened("models", model="*_no[model]_*")
    assert not app.exception
    assert "No call of this model in these days" in said(app)
    assert "*_no[model]_*" in said(app)


def test_without_a_book_the_list_is_there_all_the_same(stand: Stand) -> None:
    app = opened("models")
    assert not app.exception
    assert set(lists(app)[0]["Cache saved (USD)"]) == {None}


def test_percentiles_are_of_the_nearest_rank() -> None:
    assert percentile([], 50) is None
    assert percentile([7], 95) == 7
    assert (percentile(range(1, 101), 50), percentile(range(1, 101), 95)) == (50, 95)


def test_units_without_a_like_on_another_model_are_not_asked_about() -> None:
    assert usage_object({"input": 3, "output": 1, "web_search": 1}) is None
    assert usage_object({}) is None
    assert usage_object({"input": 3, "cache_read": 2, "output": 1, "reasoning": 4}) == {
        "prompt_tokens": 5,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 4},
    }


def test_both_sides_of_a_what_if_are_rated_by_the_same_book(
    priced: Stand, calls: list[InventedCall]
) -> None:
    """The calls were charged by a book three times as dear as the one in use."""
    day = max(call.day for call in calls if call.deployment == MODEL)
    of_day = [call for call in calls if call.deployment == MODEL and call.day == day]
    own = sum((Decimal(call.priced.list).scaleb(-12) for call in of_day), Decimal(0))
    priced.rerate(3, day)
    st.cache_data.clear()
    app = opened("models", model=MODEL, instead=OTHER, range="90 days")
    assert not app.exception
    assert f"instead of {number(own)} USD**" in said(app)
    assert f"for {counted(len(of_day), 'call')} of {day_text(day)} on {OTHER}." in said(app)


def test_a_model_is_offered_on_global_standard_or_on_what_the_book_has(priced: Stand) -> None:
    prices = [price for price in priced.client.prices().data if price.model == OTHER]
    assert offer_of(OTHER, prices) == Offer(model=OTHER, provider="azure")
    zone = [
        replace(price, matches={**price.matches, "deployment_type": ["DataZoneStandard"]})
        for price in prices
    ]
    assert offer_of(OTHER, zone).deployment_type == "DataZoneStandard"
    assert offer_of("gone", prices) == Offer(model="gone")


@pytest.mark.usefixtures("priced")
def test_a_model_that_cannot_be_compared_with_is_named() -> None:
    app = opened("models", model=MODEL, instead="zzz", range="90 days")
    assert not app.exception
    assert "**zzz is none of the other models**" in said(app)


def test_equal_sums_are_the_same() -> None:
    found = WhatIf(
        calls=2,
        left_out=0,
        own=Decimal("0.5"),
        instead=Decimal("0.50"),
        reason=None,
        unpriced=None,
    )
    sentence = outcome(found, OTHER, day=date(2026, 11, 29), currency="USD")
    assert sentence == "**0.500 USD, the same** for 2 calls of 29 Nov 2026 on gpt\\-5\\-mini."
