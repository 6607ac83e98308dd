"""Which days a page shows: half-open `[first, until)` days of the billing zone. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

DAY = timedelta(days=1)
CUSTOM_DAYS_MAX = 366
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)
"""Days that a page can show: no call is older, and the days next to them are days too."""


class Range(StrEnum):
    """What the range chooser offers; the URL has the same words."""

    THIS_MONTH = "This month"
    LAST_MONTH = "Last month"
    TODAY = "Today"
    DAYS_7 = "7 days"
    DAYS_30 = "30 days"
    DAYS_90 = "90 days"
    QUARTER = "This quarter"
    CUSTOM = "Custom"


class Compared(StrEnum):
    """What the days are compared with; the URL has the same words."""

    BEFORE = "Period before"
    YEAR = "A year before"
    CUSTOM = "Other days"


DAYS_UP_TO_TODAY = {Range.TODAY: 1, Range.DAYS_7: 7, Range.DAYS_30: 30, Range.DAYS_90: 90}


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    first: date
    until: date
    """The first day after the period."""

    @property
    def last(self) -> date:
        """The last day shown, as people say it."""
        return self.until - DAY

    def days(self, *, up_to: date) -> list[date]:
        """Every day of the period up to `up_to`; later days are left out."""
        count = (min(self.until, up_to + DAY) - self.first).days
        return [self.first + DAY * index for index in range(count)]


def one_day(day: date) -> Period:
    return Period(first=day, until=day + DAY)


def month_of(day: date) -> Period:
    """The whole calendar month that `day` is in."""
    first = day.replace(day=1)
    return Period(first=first, until=(first + 31 * DAY).replace(day=1))


def period_of(chosen: Range, *, today: date, first: date, last: date) -> Period:
    """The period of a choice; `first` and `last` (both included) are used for CUSTOM only.

    If a custom period ends before it begins, it is one day. If it is too long, only its end counts:
    1 Jan 2024 to 2 Jan 2026 becomes the last 366 days of it.
    """
    if chosen is Range.THIS_MONTH:
        return month_of(today)
    if chosen is Range.LAST_MONTH:
        return month_of(today.replace(day=1) - DAY)
    if chosen is Range.QUARTER:
        return quarter_of(today)
    if chosen in DAYS_UP_TO_TODAY:
        until = today + DAY
        return Period(first=until - DAYS_UP_TO_TODAY[chosen] * DAY, until=until)
    until = max(first, last) + DAY
    return Period(first=max(first, until - CUSTOM_DAYS_MAX * DAY), until=until)


def cut_days(first: date, last: date) -> str | None:
    """What `period_of` leaves out of these custom days, in words; None where it is nothing."""
    if last < first:
        return "The last day is before the first one: only the first one counts."
    if (last - first).days >= CUSTOM_DAYS_MAX:
        return f"More than {CUSTOM_DAYS_MAX} days: only the last {CUSTOM_DAYS_MAX} of them count."
    return None


def quarter_of(day: date) -> Period:
    """The whole calendar quarter that `day` is in."""
    first = day.replace(month=day.month - (day.month - 1) % 3, day=1)
    return Period(first=first, until=month_of(first + 70 * DAY).until)


def before(period: Period, *, today: date, is_rolling: bool = False) -> Period:
    """The days that a period is compared with.

    A month or a quarter is compared with the one before it; while it runs, with the same days of
    that one. All others are compared with as many days just before them, and so are those that end
    today whatever the month (`is_rolling`). Days after today do not count.
    """
    until = max(period.first + DAY, min(period.until, today + DAY))
    length = until - period.first
    for whole_of in () if is_rolling else (month_of, quarter_of):
        if period == whole_of(period.first):
            earlier = whole_of(period.first - DAY)
            if today >= period.until:
                return earlier
            return Period(first=earlier.first, until=min(earlier.first + length, earlier.until))
    return Period(first=period.first - length, until=period.first)


def year_before(period: Period, *, today: date) -> Period:
    """The same days a year earlier; days after today do not count."""
    until = max(period.first + DAY, min(period.until, today + DAY))
    first = _a_year_back(period.first)
    return Period(first=first, until=max(first + DAY, _a_year_back(until, is_end=True)))


def _a_year_back(day: date, *, is_end: bool = False) -> date:
    """29 February becomes 28 February; as the first day after others 1 March, since 28 February is
    one of those.
    """
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28) + is_end * DAY
