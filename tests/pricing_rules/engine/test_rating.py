"""Rating over the shipped book: states, lines and the worked example with its wrong answers."""

import pytest

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.types import CallState
from tests.fixtures.builders import make_event, make_usage
from tests.paths import ROOT

DEMO_BOOK = ROOT / "local_stack" / "demo_book.toml"


@pytest.fixture(scope="module")
def book() -> Book:
    return load_book([DEMO_BOOK])


def test_a_call_costs_the_sum_of_its_lines(book: Book) -> None:
    priced = rate(make_event(), book)
    assert priced.state is CallState.PRICED
    assert [(line.unit, line.quantity, line.unit_price) for line in priced.charges] == [
        ("input", 1024, 400_000),
        ("cache_read", 1024, 100_000),
        ("output", 427, 1_600_000),
    ]
    assert priced.list == 1024 * 400_000 + 1024 * 100_000 + 427 * 1_600_000
    assert priced.list == priced.contracted == priced.charge == priced.billed


def test_a_deployment_without_alias_is_unpriced_and_says_what_to_add(book: Book) -> None:
    priced = rate(make_event(deployment="lab-model-x", model="lab-model-x-1"), book)
    assert priced.state is CallState.UNPRICED
    assert priced.charges == ()
    assert priced.reason is not None
    assert '[[deployment]]\nname = "lab-model-x"' in priced.reason


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_refused_call_costs_nothing(book: Book, status: int) -> None:
    priced = rate(make_event(status=status, usage=None), book)
    assert priced.state is CallState.ZERO
    assert priced.reason == f"refused with {status}"


@pytest.mark.parametrize("status", [200, 400, 408, 500])
def test_a_served_call_without_usage_is_no_usage_and_never_zero(book: Book, status: int) -> None:
    assert rate(make_event(status=status, usage=None), book).state is CallState.NO_USAGE


def test_usage_that_counts_nothing_is_no_usage_and_never_zero(book: Book) -> None:
    priced = rate(make_event(usage=make_usage()), book)
    assert priced.state is CallState.NO_USAGE
    assert priced.reason == "usage counts nothing"


def test_a_refused_call_with_usage_is_priced(book: Book) -> None:
    assert rate(make_event(status=429), book).state is CallState.PRICED


def test_a_unit_without_a_rate_makes_the_call_unpriced(book: Book) -> None:
    priced = rate(make_event(usage=make_usage(input=10, input_audio=5)), book)
    assert priced.state is CallState.UNPRICED
    assert priced.reason is not None
    assert "no rate for 5 input_audio" in priced.reason
