"""A model that two providers sell: the pages say whose price it is, and let people choose."""

from decimal import Decimal

import pytest
import streamlit as st
from msgspec.structs import replace
from streamlit.testing.v1 import AppTest

from pricing_rules.price_book.book import Book
from pricing_rules.price_book.rate_card import RateCard
from tests.fixtures.calls import book
from tests.ui.opening import opened, said
from tests.ui.stand import InventedCall, Stand
from ui.format import escape, number

MODEL, OTHER = "gpt-4.1", "gpt-5-mini"
ELSEWHERE = "elsewhere"
DEARER = 3


def sold_elsewhere() -> Book:
    """The book in which a second provider sells OTHER, for three times as much."""
    content = book().content
    theirs = [alias for alias in content.aliases if alias.model == OTHER]
    cards = [dearer(card) for card in content.cards if ("model", (OTHER,)) in card.matches]
    assert theirs
    assert cards
    more = tuple(replace(alias, name=f"{alias.name}-2", provider=ELSEWHERE) for alias in theirs)
    both = replace(content, aliases=(*content.aliases, *more), cards=(*content.cards, *cards))
    sources = {f"{id_}-{ELSEWHERE}": source for id_, source in book().sources.items()}
    return Book(both, {**book().sources, **sources})


def dearer(card: RateCard) -> RateCard:
    matches = tuple(
        (name, (ELSEWHERE,) if name == "provider" else values) for name, values in card.matches
    )
    tiers = tuple(
        replace(tier, rates={unit: DEARER * rate for unit, rate in tier.rates.items()})
        for tier in card.tiers
    )
    return replace(card, id=f"{card.id}-{ELSEWHERE}", matches=matches, tiers=tiers)


@pytest.fixture
def sold_twice(stand: Stand) -> Stand:
    stand.publish_prices(sold_elsewhere(), age_days_max=10_000)
    st.cache_data.clear()
    return stand


def options(app: AppTest, label: str) -> list[str]:
    (chooser,) = (each for each in app.selectbox if each.label == label)
    return list(chooser.options)


def cost(calls: list[InventedCall]) -> Decimal:
    """What the calls of MODEL's newest day cost on OTHER, of the first provider."""
    mine = [call for call in calls if call.deployment == MODEL]
    return (
        sum(
            (
                call.input * Decimal("0.25") + call.cache_read * Decimal("0.025") + call.output * 2
                for call in mine
                if call.day == mine[-1].day
            ),
            Decimal(0),
        )
        / 1_000_000
    )


@pytest.mark.usefixtures("sold_twice")
def test_a_what_if_says_whose_model_it_is_and_each_can_be_chosen(
    calls: list[InventedCall],
) -> None:
    named = f"{OTHER} (azure)", f"{OTHER} ({ELSEWHERE})"
    for name, factor in zip(named, (1, DEARER), strict=True):
        app = opened("models", model=MODEL, instead=name, range="90 days")
        assert not app.exception
        assert set(named) <= set(options(app, "Another model"))
        assert OTHER not in options(app, "Another model")
        assert f"**{number(factor * cost(calls))} USD instead of" in said(app)
        assert f"on {name}." in said(app)
        assert f"{name}: Global Standard" in said(app)


@pytest.mark.usefixtures("sold_twice")
@pytest.mark.parametrize(
    ("page", "more", "parameter"),
    [("models", {"model": MODEL, "range": "90 days"}, "instead"), ("prices", {}, "model")],
)
def test_a_link_to_the_models_bare_name_says_that_two_sell_it(
    page: str, more: dict[str, str], parameter: str
) -> None:
    app = opened(page, **more, **{parameter: OTHER})
    assert not app.exception
    warned = f"**{OTHER} is sold by azure and by {ELSEWHERE}**: {OTHER} (azure) is shown instead."
    assert warned in said(app)


@pytest.mark.usefixtures("sold_twice")
def test_the_calculator_and_the_history_are_of_one_provider() -> None:
    costs = []
    for provider in ("azure", ELSEWHERE):
        name = f"{OTHER} ({provider})"
        app = opened("prices", model=name)
        assert not app.exception
        assert name in options(app, "Model")
        assert f"{escape(name)} over time" in [each.label for each in app.expander]
        costs.append(next(text for text in said(app).splitlines() if "for 1,500 tokens" in text))
    cheap, dear = (Decimal(text.removeprefix("**").split(" ")[0]) for text in costs)
    assert dear == DEARER * cheap
