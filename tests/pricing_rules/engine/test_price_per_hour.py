"""A price per hour that is no whole number of pico-units for a millisecond: one rounding a line."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing_rules.engine.explain import explain
from pricing_rules.engine.rating import rate
from pricing_rules.errors import InvalidBook
from pricing_rules.money import PICO_PER_UNIT
from pricing_rules.price_book.book import Book, load_book, load_compiled
from pricing_rules.price_book.rate_card import RateTier
from pricing_rules.types import CallState, PricedCall
from pricing_rules.units import Unit
from tests.fixtures.builders import make_event, make_usage
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier, per

HOUR_MS = 3_600_000
RATES = 'rates = { audio_ms = "1.02" }'


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    folder = tmp_path_factory.mktemp("book")
    return compile_text(folder, ALIAS + per("hour", base_rule(rates=RATES)))


def heard(book: Book, ms: int) -> PricedCall:
    return rate(make_event(deployment="dep", usage=make_usage(audio_ms=ms)), book)


@pytest.mark.parametrize(
    ("ms", "pico"),
    [
        (HOUR_MS, 1_020_000_000_000),
        (60_000, 17_000_000_000),
        (1, 283_333),  # of 283,333.3
        (2, 566_667),  # of 566,666.7
        (3, 850_000),
    ],
)
def test_a_line_is_rounded_once(book: Book, ms: int, pico: int) -> None:
    call = heard(book, ms)
    [line] = call.charges
    assert (call.state, call.reason) == (CallState.PRICED, None)
    assert (line.list, line.contracted, line.charge, line.billed) == (pico,) * 4
    assert line.unit_price == pico // ms


@pytest.mark.parametrize(("ms", "pico"), [(1, 0), (3, 2), (5, 2)])
def test_a_half_goes_to_the_even_side(tmp_path: Path, ms: int, pico: int) -> None:
    """Half a pico-unit for a millisecond."""
    rates = 'rates = { audio_ms = "0.0000018" }'
    book = compile_text(tmp_path, ALIAS + per("hour", base_rule(rates=rates)))
    assert heard(book, ms).charges[0].list == pico


@given(st.integers(1, 10**9), st.integers(1, 10**13))
def test_no_line_is_off_by_more_than_half_a_pico_unit(ms: int, hour_pico: int) -> None:
    each = Fraction(hour_pico, HOUR_MS)
    tier = RateTier(
        up_to=None,
        rates={Unit.AUDIO_MS: each.numerator},
        per={Unit.AUDIO_MS: each.denominator},
    )
    assert tier.price(Unit.AUDIO_MS) == each
    assert abs(tier.price_of(ms, Unit.AUDIO_MS) - each * ms) <= Fraction(1, 2)


def test_modifiers_start_from_the_rounded_line(tmp_path: Path) -> None:
    half = modifier("half", "multiply", 'layer = "contracted"\nfactor = "0.5"')
    book = compile_text(tmp_path, ALIAS + per("hour", base_rule(rates=RATES)) + half)
    [line] = heard(book, 2).charges
    assert (line.list, line.charge) == (566_667, 283_334)  # 283,333.5 goes to the even side


def test_the_evidence_says_what_a_million_milliseconds_come_to(book: Book) -> None:
    shown = explain(heard(book, HOUR_MS))
    assert "0.283333333333" in shown
    assert "1.02" in shown


def test_it_survives_the_compiled_form_and_leaves_other_books_as_they_are(book: Book) -> None:
    again = load_compiled(book.to_bytes())
    assert (again.version, again.content) == (book.version, book.content)
    assert heard(again, 2).list == heard(book, 2).list
    [tier] = book.content.cards[0].tiers
    assert (tier.rates, tier.per) == ({Unit.AUDIO_MS: 850_000}, {Unit.AUDIO_MS: 3})
    assert book.to_bytes().count(b'"per"') == 1


@pytest.mark.parametrize(
    "rule",
    [
        per("hour", base_rule(rates='rates = { audio_ms = "0.0000000000001" }')),
        base_rule()
        + modifier(
            "own", "fixed",
            'layer = "contracted"\ncurrency = "USD"\nunit = "hour"\nrates = { audio_ms = "1.02" }',
        ),
    ],
    ids=["less than a pico-unit for an hour", "a price that replaces another"],
)  # fmt: skip
def test_other_fractions_are_refused(rule: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidBook, match="off the grid"):
        compile_text(tmp_path, rule)


def test_the_shipped_books_have_such_prices() -> None:
    cards = [card for card in load_book().content.cards if any(tier.per for tier in card.tiers)]
    hours = {
        dict(card.matches)["model"][0]: (card.tiers[0].price(Unit.AUDIO_MS) or 0) * HOUR_MS
        for card in cards
    }
    assert hours == {
        "gpt-live-transcribe": Fraction("1.02") * PICO_PER_UNIT,
        "gpt-realtime-translate": Fraction("2.04") * PICO_PER_UNIT,
        "gpt-realtime-whisper": Fraction("1.02") * PICO_PER_UNIT,
        "gpt-live-1": 3 * PICO_PER_UNIT,
    }
