"""Ranges of charge days fall into months without a gap or an overlap."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from table_api.ledger.day_range import DayRange, MonthDays, months_back, running_month

days = st.dates(min_value=date(2020, 1, 1), max_value=date(2030, 12, 31))


@given(start=days, length=st.integers(1, 400))
def test_months_of_a_range_hold_each_of_its_days_once(start: date, length: int) -> None:
    days = DayRange(start, start + timedelta(days=length))
    listed = [
        (month.month, number)
        for month in days.months()
        for number in range(month.start, month.stop)
    ]
    wanted = [start + timedelta(days=index) for index in range(length)]
    assert len(set(listed)) == len(listed)
    assert {(f"{day:%Y%m}", day.day) for day in wanted} <= set(listed)
    assert [month.month for month in days.months()] == sorted({f"{day:%Y%m}" for day in wanted})
    first, last = listed[0], wanted[-1]
    assert first == (f"{start:%Y%m}", start.day)
    after = last + timedelta(days=1)
    if after.month == last.month:
        assert (f"{after:%Y%m}", after.day) not in listed


@pytest.mark.parametrize(
    ("day", "stop"),
    [(date(2026, 2, 28), date(2026, 3, 1)), (date(2026, 12, 31), date(2027, 1, 1))],
)
def test_running_month_ends_with_the_first_of_the_next(day: date, stop: date) -> None:
    assert running_month(day) == DayRange(day.replace(day=1), stop)


def test_the_last_day_of_time_is_a_month_like_any_other() -> None:
    [month] = DayRange(date(9999, 12, 1), date.max).months()
    assert month == MonthDays("999912", 1, 31)


def test_months_back_cross_the_year() -> None:
    assert months_back(date(2026, 2, 5), 3) == ["202602", "202601", "202512"]
