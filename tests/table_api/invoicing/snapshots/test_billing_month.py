"""A month's name and its instants in the billing zone."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from table_api.invoicing.errors import BadMonth
from table_api.invoicing.snapshots.billing_month import BillingMonth, period_of, start_of
from table_api.ledger.billing_calendar import BillingCalendar, zone_transitions

BERLIN = BillingCalendar("Europe/Berlin", zone_transitions("Europe/Berlin", 2028))


def test_a_month_is_read_and_written() -> None:
    month = BillingMonth.parse("2026-11")
    assert (str(month), month.key, month.first_day) == ("2026-11", "202611", date(2026, 11, 1))
    assert BillingMonth.of_key("202611") == month == BillingMonth.of(date(2026, 11, 30))


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "202611", "2026-1", "26-11", "", "2026-11-01", "٢٠٢٦-11"]
)
def test_what_is_no_month_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadMonth, match="expected YYYY-MM"):
        BillingMonth.parse(text)


@given(st.integers(-40, 40))
def test_months_move_over_the_turn_of_the_year_and_back(months: int) -> None:
    month = BillingMonth(2026, 11)
    assert month.moved(months).moved(-months) == month


def test_a_month_with_a_change_of_the_clocks_is_an_hour_longer() -> None:
    start, end = period_of(BERLIN, BillingMonth(2026, 10))
    assert start == datetime(2026, 9, 30, 22, tzinfo=UTC)
    assert end == datetime(2026, 10, 31, 23, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Asia/Beirut", "America/Asuncion", "Pacific/Kiritimati", "UTC"])
def test_a_day_starts_with_its_first_second_where_midnight_is_skipped_too(zone: str) -> None:
    calendar = BillingCalendar(zone, zone_transitions(zone, 2028))
    for month in (3, 4, 9, 10):
        for number in (1, 15, 24, 29):
            day = date(2024, month, number)
            start = start_of(calendar, day)
            assert calendar.day(start) == day
            assert calendar.day(start.replace(microsecond=0) - (start - start)) == day
