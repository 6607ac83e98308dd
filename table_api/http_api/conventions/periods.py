"""Ranges of days by name: a month, and periods that are counted back from today. Pure."""

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum

from table_api.ledger.day_range import DayRange, running_month

DAY = timedelta(days=1)


class Period(StrEnum):
    """A range that is counted from today, in the ledger's billing zone."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    LAST_7_DAYS = "last-7-days"
    LAST_30_DAYS = "last-30-days"
    LAST_90_DAYS = "last-90-days"
    THIS_MONTH = "this-month"
    LAST_MONTH = "last-month"
    THIS_QUARTER = "this-quarter"
    LAST_QUARTER = "last-quarter"
    THIS_YEAR = "this-year"
    LAST_YEAR = "last-year"


def month_days(month: str) -> DayRange:
    """All days of a month as `2026-10`. ValueError when there is none."""
    return running_month(date.fromisoformat(f"{month}-01"))


def period_days(period: Period, today: date) -> DayRange:
    """The days of a period. The last n days end with today."""
    return _RANGES[period](today)


def _last(count: int) -> Callable[[date], DayRange]:
    return lambda today: DayRange(today - (count - 1) * DAY, today + DAY)


def _quarter(day: date) -> DayRange:
    start = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return DayRange(start, running_month(start + 70 * DAY).stop)


def _year(day: date) -> DayRange:
    start = day.replace(month=1, day=1)
    return DayRange(start, running_month(start.replace(month=12)).stop)


def _before(span: Callable[[date], DayRange]) -> Callable[[date], DayRange]:
    """The span that ends where today's begins."""
    return lambda today: span(span(today).start - DAY)


_RANGES: dict[Period, Callable[[date], DayRange]] = {
    Period.TODAY: _last(1),
    Period.YESTERDAY: _before(_last(1)),
    Period.LAST_7_DAYS: _last(7),
    Period.LAST_30_DAYS: _last(30),
    Period.LAST_90_DAYS: _last(90),
    Period.THIS_MONTH: running_month,
    Period.LAST_MONTH: _before(running_month),
    Period.THIS_QUARTER: _quarter,
    Period.LAST_QUARTER: _before(_quarter),
    Period.THIS_YEAR: _year,
    Period.LAST_YEAR: _before(_year),
}
