"""The one rounding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing_rules.money import parse_pico
from table_api.invoicing.documents.minor_units import (
    apportion,
    apportion_in_groups,
    format_minor,
    minor_digits,
    pico_per_minor,
    rounded,
)

CENT = pico_per_minor("USD")

amounts = st.lists(st.integers(-(10**15), 10**15), max_size=30)
half_cents = st.integers(-9, 9).map(lambda halves: halves * CENT // 2)
"""Where roundings meet: 1.5 and 2.5 cents are both 2."""


@pytest.mark.parametrize(
    ("currency", "digits", "smallest"),
    [("USD", 2, "0.01"), ("EUR", 2, "0.01"), ("JPY", 0, "1"), ("KWD", 3, "0.001")],
)
def test_a_currency_has_its_own_minor_unit(currency: str, digits: int, smallest: str) -> None:
    assert minor_digits(currency) == digits
    assert format_minor(1, currency) == smallest
    assert pico_per_minor(currency) == parse_pico(smallest)


@pytest.mark.parametrize(
    ("amount", "cents"),
    [("0.005", 0), ("0.0050001", 1), ("0.015", 2), ("0.0149999", 1), ("-0.005", 0), ("-0.015", -2)],
)
def test_halves_go_to_the_even_cent(amount: str, cents: int) -> None:
    assert rounded(parse_pico(amount), "USD") == cents


@pytest.mark.parametrize(
    ("minor", "text"), [(1230, "12.30"), (5, "0.05"), (-5, "-0.05"), (0, "0.00")]
)
def test_minor_units_are_written_with_all_their_decimals(minor: int, text: str) -> None:
    assert format_minor(minor, "USD") == text


@given(amounts)
def test_lines_add_to_the_rounded_total_and_none_is_a_cent_away(exact: list[int]) -> None:
    total = rounded(sum(exact), "USD")
    parts = apportion(total, exact, "USD")
    assert sum(parts) == total
    assert all(abs(part * CENT - amount) < CENT for part, amount in zip(parts, exact, strict=True))


@given(
    before=st.integers(-(10**15), 10**15) | half_cents,
    exact=amounts | st.lists(half_cents, max_size=4),
)
def test_corrections_take_a_month_from_one_rounding_to_the_next(
    before: int, exact: list[int]
) -> None:
    after = before + sum(exact)
    total = rounded(after, "USD") - rounded(before, "USD")
    parts = apportion(total, exact, "USD")
    assert rounded(before, "USD") + sum(parts) == rounded(after, "USD")
    assert all(abs(part * CENT - amount) <= CENT for part, amount in zip(parts, exact, strict=True))


def test_equal_remainders_go_to_the_larger_amount_then_to_the_earlier_line() -> None:
    third = parse_pico("0.004")
    assert apportion(1, [third, third, third], "USD") == [1, 0, 0]
    assert apportion(2, [parse_pico("0.005"), parse_pico("0.015")], "USD") == [0, 2]


def test_a_whole_cent_between_two_halves_that_round_alike_is_billed_by_no_cent() -> None:
    """1.5 → 2.5 cents is 2 → 2; 2.5 → 3.5 is 2 → 4."""
    assert apportion(0, [CENT], "USD") == [0]
    assert apportion(0, [3 * CENT, -2 * CENT], "USD") == [2, -2]
    assert apportion(2, [CENT], "USD") == [2]


def test_a_total_that_no_rounding_gives_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        apportion(3, [CENT], "USD")


@given(
    before=st.integers(-(10**15), 10**15) | half_cents,
    lines=st.lists(st.tuples(st.sampled_from("abc"), st.integers(-(10**15), 10**15) | half_cents)),
)
def test_each_person_and_each_line_is_rounded_and_both_add_up(
    before: int, lines: list[tuple[str, int]]
) -> None:
    exact = [amount for _, amount in lines]
    people = [person for person, _ in lines]
    total = rounded(before + sum(exact), "USD") - rounded(before, "USD")
    parts = apportion_in_groups(total, exact, people, "USD")
    assert sum(parts) == total
    assert all(abs(part * CENT - amount) <= CENT for part, amount in zip(parts, exact, strict=True))
    for person in set(people):
        billed = sum(part for part, who in zip(parts, people, strict=True) if who == person)
        owed = sum(amount for amount, who in zip(exact, people, strict=True) if who == person)
        assert abs(billed * CENT - owed) <= CENT


def test_a_person_of_many_small_lines_is_billed_their_rounded_sum() -> None:
    """Spread over lines at once, the two cents would go to the two lines of the other person."""
    exact = [parse_pico("0.004")] * 5 + [parse_pico("0.0045")] * 2
    people = ["many"] * 5 + ["few"] * 2
    assert apportion(rounded(sum(exact), "USD"), exact, "USD") == [1, 0, 0, 0, 0, 1, 1]
    assert apportion_in_groups(3, exact, people, "USD") == [1, 1, 0, 0, 0, 1, 0]
