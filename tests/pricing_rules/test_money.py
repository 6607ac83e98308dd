"""Exact money: parsing, printing, half-even division and spreading."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing_rules.money import divide_half_even, format_pico, parse_pico, spread


@pytest.mark.parametrize(
    ("text", "pico"),
    [("0", 0), ("2.5", 2_500_000_000_000), ("0.000000000001", 1), ("-1.5", -1_500_000_000_000)],
)
def test_a_decimal_string_is_an_integer_of_pico_units(text: str, pico: int) -> None:
    assert parse_pico(text) == pico
    assert format_pico(pico) == text


@pytest.mark.parametrize("text", ["", "one", "NaN", "Infinity", "0.0000000000001"])
def test_what_is_no_amount_on_the_grid_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"decimal|finite"):
        parse_pico(text)


@settings(deadline=None)
@given(st.integers(min_value=-(10**30), max_value=10**30))
def test_printing_and_parsing_an_amount_gives_it_back(pico: int) -> None:
    assert parse_pico(format_pico(pico)) == pico


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(1, 2, 0), (3, 2, 2), (5, 2, 2), (-1, 2, 0), (-3, 2, -2), (7, 3, 2), (8, 3, 3), (6, 3, 2)],
)
def test_halves_round_to_even(numerator: int, denominator: int, rounded: int) -> None:
    assert divide_half_even(numerator, denominator) == rounded


@settings(deadline=None)
@given(
    st.integers(min_value=0, max_value=10**24),
    st.lists(st.integers(min_value=0, max_value=10**18), min_size=1, max_size=8),
)
def test_a_spread_total_is_never_lost_and_follows_the_weights(
    total: int, weights: list[int]
) -> None:
    parts = spread(total, weights)
    assert sum(parts) == total
    assert len(parts) == len(weights)
    whole = sum(weights)
    if whole:
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part * whole - total * weight) < whole


def test_equal_remainders_go_to_the_earlier_part() -> None:
    assert spread(2, [1, 1, 1]) == [1, 1, 0]
    assert spread(5, [0, 0]) == [5, 0]


def test_what_is_left_goes_to_the_largest_remainders() -> None:
    assert spread(10, [3, 3, 1]) == [4, 4, 2]
    assert spread(11, [3, 1, 3, 0]) == [5, 1, 5, 0]
    assert spread(12, [3, 1, 3, 0]) == [5, 2, 5, 0]


def test_nothing_to_spread_over_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot spread"):
        spread(1, [])
