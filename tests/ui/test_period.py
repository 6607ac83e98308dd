"""Days of a range: whole months, and custom days that people count inclusively."""

from datetime import date, timedelta

import pytest

from ui.period import (
    CUSTOM_DAYS_MAX,
    DAY,
    Period,
    Range,
    cut_days,
    month_of,
    one_day,
    period_of,
    year_before,
)

TODAY = date(2026, 3, 31)


def period(chosen: Range, *, first: date = TODAY, last: date = TODAY) -> Period:
    return period_of(chosen, today=TODAY, first=first, last=last)


def test_this_month_and_last_month_are_whole_months() -> None:
    assert period(Range.THIS_MONTH) == Period(first=date(2026, 3, 1), until=date(2026, 4, 1))
    assert period(Range.LAST_MONTH) == Period(first=date(2026, 2, 1), until=date(2026, 3, 1))


@pytest.mark.parametrize("day", [date(2026, 12, 1), date(2026, 12, 31)])
def test_december_ends_with_the_year(day: date) -> None:
    assert month_of(day) == Period(first=date(2026, 12, 1), until=date(2027, 1, 1))


def test_a_custom_range_includes_its_last_day() -> None:
    custom = period(Range.CUSTOM, first=date(2026, 3, 5), last=date(2026, 3, 6))
    assert custom.until == date(2026, 3, 7)
    assert custom.last == date(2026, 3, 6)


def test_a_range_that_ends_before_it_begins_is_its_first_day() -> None:
    assert period(Range.CUSTOM, first=date(2026, 3, 5), last=date(2026, 3, 1)) == one_day(
        date(2026, 3, 5)
    )


@pytest.mark.parametrize(
    ("length_days", "kept_days"),
    [(CUSTOM_DAYS_MAX, CUSTOM_DAYS_MAX), (CUSTOM_DAYS_MAX + 1, CUSTOM_DAYS_MAX)],
)
def test_a_long_range_keeps_its_newest_days(length_days: int, kept_days: int) -> None:
    custom = period(Range.CUSTOM, first=TODAY - timedelta(days=length_days - 1))
    assert custom.last == TODAY
    assert (custom.until - custom.first).days == kept_days
    said = cut_days(TODAY - timedelta(days=length_days - 1), TODAY)
    assert (said is None) == (length_days == kept_days)


def test_days_that_do_not_count_are_said_so() -> None:
    assert cut_days(TODAY, TODAY) is None
    assert "only the last 366" in str(cut_days(date(2020, 1, 1), TODAY))
    assert "only the first one" in str(cut_days(TODAY, TODAY - timedelta(days=1)))


def test_the_future_is_not_drawn() -> None:
    month = month_of(TODAY)
    assert month.days(up_to=date(2026, 3, 3)) == [date(2026, 3, n) for n in (1, 2, 3)]
    assert len(month.days(up_to=date(2026, 5, 1))) == 31
    assert month.days(up_to=date(2026, 2, 1)) == []


@pytest.mark.parametrize(
    ("first", "last", "earlier", "earlier_last"),
    [
        ((2028, 2, 1), (2028, 2, 28), (2027, 2, 1), (2027, 2, 28)),
        ((2028, 2, 1), (2028, 2, 29), (2027, 2, 1), (2027, 2, 28)),
        ((2028, 2, 28), (2028, 2, 28), (2027, 2, 28), (2027, 2, 28)),
        ((2028, 2, 29), (2028, 2, 29), (2027, 2, 28), (2027, 2, 28)),
        ((2029, 2, 1), (2029, 2, 28), (2028, 2, 1), (2028, 2, 29)),
        ((2028, 2, 29), (2028, 3, 1), (2027, 2, 28), (2027, 3, 1)),
    ],
)
def test_a_year_before_has_28_february_also_where_the_days_end_with_it(
    first: tuple[int, int, int],
    last: tuple[int, int, int],
    earlier: tuple[int, int, int],
    earlier_last: tuple[int, int, int],
) -> None:
    """The day after the 28th is the 29th in a leap year, and the year before has none."""
    shown = Period(first=date(*first), until=date(*last) + DAY)
    compared = year_before(shown, today=date(2031, 1, 1))
    assert (compared.first, compared.last) == (date(*earlier), date(*earlier_last))


def test_a_running_february_is_compared_with_as_many_days() -> None:
    running = year_before(month_of(date(2028, 2, 28)), today=date(2028, 2, 28))
    assert (running.first, running.last) == (date(2027, 2, 1), date(2027, 2, 28))
