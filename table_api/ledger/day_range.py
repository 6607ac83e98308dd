"""Half-open ranges of charge days, and the month partitions they fall into. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from table_api.errors import TableApiError

RANGE_DAYS_MAX = 400
"""Days one question may span: thirteen months and a little."""


class UnusableDays(TableApiError):
    """A range of days that no question may span; it names the bound that is at fault."""

    def __init__(self, bound: str, day: date, why: str) -> None:
        super().__init__(f"{bound} = {day}: {why}")
        self.bound = bound
        """`from` or `to`."""
        self.day = day
        self.why = why


@dataclass(frozen=True, slots=True)
class MonthDays:
    """The part of a range that lies in one month."""

    month: str
    """`yyyymm`, as partition keys start."""
    start: int
    """First day number."""
    stop: int
    """Day number after the last."""


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days of the billing zone, `start <= day < stop`; at least one day."""

    start: date
    stop: date

    @property
    def last(self) -> date:
        """The last day inside."""
        return self.stop - timedelta(days=1)

    def months(self) -> Iterator[MonthDays]:
        """The months of the range in their order."""
        first, last = _month_index(self.start), _month_index(self.last)
        for index in range(first, last + 1):
            yield MonthDays(
                month_name(index),
                self.start.day if index == first else 1,
                self.last.day + 1 if index == last else 32,
            )


def checked_days(days: DayRange, *, days_max: int = RANGE_DAYS_MAX) -> DayRange:
    """The same days; UnusableDays when there are none, or more than `days_max`."""
    if days.start >= days.stop:
        raise UnusableDays("from", days.start, f"is not before to = {days.stop}")
    if (days.stop - days.start).days > days_max:
        why = f"is more than {days_max} days after from = {days.start}"
        raise UnusableDays("to", days.stop, why)
    return days


def running_month(day: date) -> DayRange:
    """The whole month of a day."""
    start = day.replace(day=1)
    return DayRange(start, (start + timedelta(days=31)).replace(day=1))


def months_back(day: date, count: int) -> list[str]:
    """The month of a day and those before it, `count` in all, newest first."""
    return [month_name(_month_index(day) - back) for back in range(count)]


def month_name(index: int) -> str:
    """`yyyymm` of a month counted from the year 0."""
    return f"{index // 12:04d}{index % 12 + 1:02d}"


def _month_index(day: date) -> int:
    return day.year * 12 + day.month - 1
