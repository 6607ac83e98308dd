"""The page of models over the real API: what tokens cost, what the cache saved, and a what-if."""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest
import streamlit as st
from msgspec.structs import replace

from pricing_rules.price_book.book import Book
from table_api.http_api.visible import found_calls as visible_calls
from tests.fixtures.calls import book
from tests.ui.lists import lists
from tests.ui.opening import cards, opened, said
from tests.ui.stand import ADA, UNPRICED, InventedCall, Stand, charge_of
from ui.api import found_calls, rating
from ui.format import amount, counted, number, share
from ui.format import day as day_text
from ui.page_parts.model import what_if
from ui.page_parts.model.model_figures import WhatIf, percentile, usage_object
from ui.page_parts.model.what_if import outcome

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


@pytest.mark.usefixtures("priced")
def test_cost_and_errors_of_a_model_are_of_the_range_that_is_chosen(
    calls: list[InventedCall], today: date
) -> None:
    mine = [call for call in calls if call.deployment == MODEL]
    for chosen, own in (("90 days", mine), ("Today", [c for c in mine if c.day == today])):
        app = opened("models", model=MODEL, range=chosen)
        assert not app.exception
        if not own:
            assert "No call of this model in these days" in said(app)
            continue
        failed = share(sum(call.status >= 400 for call in own), len(own))
        charge = amount(charge_of(own), "USD")
        assert f"**{charge}** for {counted(len(own), 'call')} of" in said(app)
        assert f"{failed} of them errors" in said(app)
    assert "Errors" not in cards(app)


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


@pytest.mark.usefixtures("priced")
def test_a_model_that_cannot_be_compared_with_is_named() -> None:
    app = opened("models", model=MODEL, instead="zzz", range="90 days")
    assert not app.exception
    absent = "**zzz is none of the other models with a deployment and a price**"
    assert f"{absent}: gpt-4.1-mini is shown instead." in said(app)


def whole(calls: list[InventedCall]) -> tuple[str, str]:
    """What these calls cost at list price on MODEL and on OTHER."""
    own = sum((Decimal(call.priced.list).scaleb(-12) for call in calls), Decimal(0))
    instead = sum(
        (
            call.input * Decimal("0.25") + call.cache_read * Decimal("0.025") + call.output * 2
            for call in calls
        ),
        Decimal(0),
    )
    return number(own), number(instead / 1_000_000)


def test_all_days_of_the_range_are_rated_call_by_call(
    priced: Stand, calls: list[InventedCall], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found_calls, "PAGE_ROWS", 2)
    monkeypatch.setattr(rating, "CALLS_MAX", 50)
    mine = [call for call in calls if call.deployment == MODEL]
    app = opened("models", model=MODEL, instead=OTHER, range="90 days", calls="all days")
    assert not app.exception
    own, instead = whole(mine)
    assert f"**{instead} USD instead of {own} USD**" in said(app)
    assert f"for {counted(len(mine), 'call')} of" in said(app)
    assert "nothing is scaled up" not in said(app)


def test_past_the_bound_it_says_how_many_of_how_many(
    priced: Stand, calls: list[InventedCall], monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 10
    monkeypatch.setattr(what_if, "RATED_MAX", most)
    mine = [call for call in calls if call.deployment == MODEL]
    app = opened("models", model=MODEL, instead=OTHER, range="90 days", calls="all days")
    assert not app.exception
    own, instead = whole(sorted(mine, key=lambda call: call.time)[-most:])
    assert f"**{instead} USD instead of {own} USD**" in said(app)
    scope = f"The newest {most} of {counted(len(mine), 'call')} of these days."
    assert f"{scope} The others are in neither sum: nothing is scaled up." in said(app)


def test_fewer_calls_than_there_are_is_said_also_where_pages_ran_out(
    priced: Stand, calls: list[InventedCall], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found_calls, "PAGE_ROWS", 1)
    monkeypatch.setattr(found_calls, "PAGES_MAX", 1)
    mine = [call for call in calls if call.deployment == MODEL]
    newest = {call.day: call for call in sorted(mine, key=lambda call: call.time)}
    app = opened("models", model=MODEL, instead=OTHER, range="90 days", calls="all days")
    assert not app.exception
    own, instead = whole(list(newest.values()))
    assert f"**{instead} USD instead of {own} USD**" in said(app)
    assert f"The newest {len(newest)} of {counted(len(mine), 'call')} of these days." in said(app)


def test_a_day_that_the_api_does_not_read_at_once_is_said_to_be_one(
    priced: Stand, calls: list[InventedCall], monkeypatch: pytest.MonkeyPatch
) -> None:
    callers = {(call.day, call.subject) for call in calls if call.deployment == MODEL}
    read = Counter(call.day for call in calls if (call.day, call.subject) in callers)
    newest, busy = max(read), min(read)
    more = [
        InventedCall(number=5000 + count, subject=ADA, day=busy, deployment=MODEL, input=1)
        for count in range(read[newest])
    ]
    priced.post(more)
    monkeypatch.setattr(visible_calls, "CALLS_OF_DAY_MAX", read[newest])
    app = opened("models", model=MODEL, range="90 days", calls=busy.isoformat())
    assert not app.exception
    assert not app.error
    assert "A day has more calls than the API reads at once: choose another day." in said(app)


def test_one_earlier_day_is_chosen(priced: Stand, calls: list[InventedCall]) -> None:
    mine = [call for call in calls if call.deployment == MODEL]
    day = mine[0].day
    app = opened("models", model=MODEL, instead=OTHER, range="90 days", calls=day.isoformat())
    assert not app.exception
    own, instead = whole([call for call in mine if call.day == day])
    assert f"**{instead} USD instead of {own} USD**" in said(app)
    assert f"of {day_text(day)} on {OTHER}." in said(app)


ZONE = "DataZoneStandard"


def in_the_zone(stand: Stand, model: str, calls: list[InventedCall]) -> str:
    """What these calls cost on a model in a data zone, by the price that the API lists."""
    (price,) = (
        each
        for each in stand.client.prices(model=model).data
        if each.matches["deployment"] == [ZONE] and each.matches["service_tier"] == ["default"]
    )
    rates = price.tiers[0].per_million
    counts = [(call.input, call.cache_read, call.output) for call in calls]
    units = ("input", "cache_read", "output")
    sums = zip(units, map(sum, zip(*counts, strict=True)), strict=True)
    cost = sum((rates[unit] * count for unit, count in sums), Decimal(0))
    return number(cost / 1_000_000)


def test_the_calls_own_model_is_priced_as_their_deployment_is(
    stand: Stand, calls: list[InventedCall]
) -> None:
    """In the book in use every deployment is in a data zone."""
    shipped = book()
    aliases = tuple(replace(alias, type=ZONE) for alias in shipped.content.aliases)
    deployed = Book(replace(shipped.content, aliases=aliases), shipped.sources)
    stand.publish_prices(deployed, age_days_max=10_000)
    st.cache_data.clear()
    mine = [call for call in calls if call.deployment == MODEL]
    of_day = [call for call in mine if call.day == mine[-1].day]
    app = opened("models", model=MODEL, instead=OTHER, range="90 days")
    assert not app.exception
    own, instead = (in_the_zone(stand, model, of_day) for model in (MODEL, OTHER))
    assert own != whole(of_day)[0]
    assert f"**{instead} USD instead of {own} USD**" in said(app)


def test_the_other_model_is_rated_on_the_deployment_type_that_is_chosen(
    priced: Stand, calls: list[InventedCall]
) -> None:
    mine = [call for call in calls if call.deployment == MODEL]
    of_day = [call for call in mine if call.day == mine[-1].day]
    instead = in_the_zone(priced, OTHER, of_day)
    app = opened("models", model=MODEL, instead=OTHER, range="90 days", type=ZONE)
    assert not app.exception
    assert f"**{instead} USD instead of {whole(of_day)[0]} USD**" in said(app)
    assert f"{OTHER}: Data Zone Standard, default tier. {MODEL}: Global Standard, " in said(app)


def test_equal_sums_are_the_same() -> None:
    found = WhatIf(
        calls=2,
        left_out=0,
        own=Decimal("0.5"),
        instead=Decimal("0.50"),
        reason=None,
        unpriced=None,
    )
    sentence = outcome(found, OTHER, of=day_text(date(2026, 11, 29)), currency="USD")
    assert sentence == "**0.500 USD, the same** for 2 calls of 29 Nov 2026 on gpt\\-5\\-mini."
