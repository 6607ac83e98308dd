"""Two amounts in words, and the forecast of a month."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from ui.api.usage_answers import Cost, Totals
from ui.figures.comparison import change_words, per_day
from ui.figures.forecast import forecast
from ui.figures.unit_cost import per_million
from ui.period import Period, Range, before, month_of, one_day, period_of, quarter_of

OCTOBER = Period(first=date(2026, 10, 1), until=date(2026, 10, 16))
TODAY = date(2026, 11, 16)


@pytest.mark.parametrize(
    ("now", "then", "words"),
    [
        ("12", "10", "2.00 USD more (+20\u00a0%) than on 1–15 Oct 2026"),
        ("5", "10", "5.00 USD less (−50\u00a0%) than on 1–15 Oct 2026"),
        ("10.01", "10", "0.0100 USD more (+0.1\u00a0%) than on 1–15 Oct 2026"),
        ("155.9939", "156", "0.00610 USD less (<\u00a00.1\u00a0%) than on 1–15 Oct 2026"),
        ("208.62", "1", "207.62 USD more (+20,762\u00a0%) than on 1–15 Oct 2026"),
        ("0.04", "10", "9.96 USD less (−99.6\u00a0%) than on 1–15 Oct 2026"),
        ("0.001", "10", "10.00 USD less (<\u00a0−99.9\u00a0%) than on 1–15 Oct 2026"),
        ("0", "10", "10.00 USD less (−100\u00a0%) than on 1–15 Oct 2026"),
        ("-0.04", "10", "10.04 USD less (−100.4\u00a0%) than on 1–15 Oct 2026"),
        ("3", "3", "as much as on 1–15 Oct 2026"),
        ("3", "0", "3.00 USD more than on 1–15 Oct 2026, when nothing was charged"),
    ],
)
def test_a_change_in_words(now: str, then: str, words: str) -> None:
    said = change_words(Decimal(now), Decimal(then), currency="USD", compared=OCTOBER)
    assert said == words


def test_nothing_is_not_as_much_as_what_nobody_knows() -> None:
    why = "6 calls had no charge (not priced yet)"
    known, unknown = (
        change_words(Decimal(0), Decimal(0), currency="USD", compared=OCTOBER, **more)
        for more in ({}, {"nothing": why})
    )
    assert known == "as much as on 1–15 Oct 2026"
    assert unknown == f"compared with 1–15 Oct 2026, when {why}"


def test_a_quotient_has_no_more_digits_than_an_amount() -> None:
    assert per_day(Decimal(10), 3) == Decimal("3.333333333333")
    assert per_day(None, 3) is per_day(Decimal(10), 0) is None
    used = Totals(
        calls=1,
        errors=0,
        unpriced_calls=0,
        no_usage_calls=0,
        excluding_calls=0,
        pending_calls=0,
        units={"input": 3},
        cost=Cost(list=Decimal(1), contracted=Decimal(1), charge=Decimal("0.00001")),
    )
    assert per_million(used) == Decimal("3.333333333333")


@pytest.mark.parametrize(
    ("period", "today", "first", "until"),
    [
        (month_of(TODAY), TODAY, date(2026, 10, 1), date(2026, 10, 17)),
        (month_of(date(2026, 10, 1)), TODAY, date(2026, 9, 1), date(2026, 10, 1)),
        (month_of(date(2026, 3, 31)), date(2026, 3, 31), date(2026, 2, 1), date(2026, 3, 1)),
        (month_of(date(2026, 3, 30)), date(2026, 3, 30), date(2026, 2, 1), date(2026, 3, 1)),
        (month_of(TODAY), date(2026, 11, 30), date(2026, 10, 1), date(2026, 10, 31)),
        (quarter_of(TODAY), TODAY, date(2026, 7, 1), date(2026, 8, 17)),
        (one_day(TODAY), TODAY, TODAY - timedelta(days=1), TODAY),
    ],
)
def test_the_days_that_a_period_is_compared_with(
    period: Period, today: date, first: date, until: date
) -> None:
    assert before(period, today=today) == Period(first=first, until=until)


def test_a_forecast_takes_each_weekday_as_in_the_last_four_weeks() -> None:
    days = [TODAY - timedelta(days=back) for back in range(1, 40)]
    charges = {day: Decimal(int(day.weekday() < 5)) for day in days}
    charges[date(2026, 11, 13)] = Decimal(5)  # one dear Friday
    found = forecast(charges, month=month_of(TODAY), today=TODAY)
    assert found is not None
    spent = sum(charge for day, charge in charges.items() if day >= date(2026, 11, 1))
    # 16 to 30 November has 11 weekdays; two of them are Fridays, on average 2 in the last weeks.
    assert found.low == spent + 11
    assert found.expected == spent + 9 + 2 * 2
    assert found.high == spent + 9 + 2 * 5
    assert next(iter(found.rest)) == TODAY
    assert found.rest[date(2026, 11, 30)] == (found.low, found.expected, found.high)


def test_today_never_costs_less_than_it_has_cost() -> None:
    charges = {TODAY - timedelta(days=back): Decimal(1) for back in range(1, 29)}
    charges[TODAY] = Decimal(50)
    found = forecast(charges, month=month_of(TODAY), today=TODAY)
    assert found is not None
    assert found.low == found.expected == found.high == 15 + 50 + 14


@pytest.mark.parametrize("days", [0, 1, 6])
def test_nothing_is_forecast_before_a_week_of_days(days: int) -> None:
    charges = {TODAY - timedelta(days=back): Decimal(1) for back in range(1, days + 1)}
    assert forecast(charges, month=month_of(TODAY), today=TODAY) is None


def test_a_month_that_is_over_has_no_forecast() -> None:
    charges = {TODAY - timedelta(days=back): Decimal(1) for back in range(1, 60)}
    assert forecast(charges, month=month_of(date(2026, 10, 1)), today=TODAY) is None


def test_thirty_days_are_compared_with_thirty_days_also_where_they_are_a_month() -> None:
    last = date(2026, 11, 30)
    period = period_of(Range.DAYS_30, today=last, first=last, last=last)
    assert period == month_of(last)
    earlier = before(period, today=last, is_rolling=True)
    assert (earlier.first, earlier.until) == (date(2026, 10, 2), date(2026, 11, 1))
