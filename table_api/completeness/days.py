"""The days that completeness is asked for, and the instants that may lie on a day. Pure."""

from datetime import UTC, date, datetime, time, timedelta

from table_api.ledger.billing_calendar import BillingCalendar
from table_api.ledger.day_range import DayRange, checked_days

DAYS_DEFAULT = 2
DAYS_MAX = 31
"""Facts are kept for the hubs' retention and a week."""
DAY_MARGIN = timedelta(hours=1)
"""Around a day: a call's own time may lie after the gateway's record of it, and a zone's clocks
change by an hour."""
ZONE_AHEAD_MAX = timedelta(hours=14)
ZONE_BEHIND_MAX = timedelta(hours=12)


def asked_days(start: date | None, stop: date | None, *, today: date) -> DayRange:
    """The days from `start` until before `stop`; without `stop` until today, without `start` the
    last two. UnusableDays when there are none, or more than DAYS_MAX.
    """
    stop = stop or today + timedelta(days=1)
    first = max(stop.toordinal() - DAYS_DEFAULT, date.min.toordinal())
    return checked_days(DayRange(start or date.fromordinal(first), stop), days_max=DAYS_MAX)


def day_span(day: date, calendar: BillingCalendar) -> tuple[datetime, datetime]:
    """(start, stop) around all instants of a day of the billing zone, with a margin."""
    midnight = datetime.combine(day, time(), UTC)
    start, stop = midnight - ZONE_AHEAD_MAX, midnight + timedelta(days=1) + ZONE_BEHIND_MAX
    hour = timedelta(hours=1)
    while calendar.day(start + hour) < day:
        start += hour
    while calendar.day(stop - hour) > day:
        stop -= hour
    return start - DAY_MARGIN, stop + DAY_MARGIN
