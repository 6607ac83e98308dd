"""Spans of time from the newest backwards, as long as what they hold wants them. Pure.

Tables are read forwards only, so who wants the newest reads the last span first. A span grows while
little is found and shrinks while much is: neither a quiet day nor a busy one takes many reads.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from table_api.ledger.billing_calendar import BillingCalendar

SPAN_MIN = timedelta(seconds=1)
ZONE_AHEAD_MAX, ZONE_BEHIND_MAX = timedelta(hours=14), timedelta(hours=12)
HOUR = timedelta(hours=1)


@dataclass(slots=True, kw_only=True)
class Backwards:
    """Cuts [start, stop) into spans."""

    start: datetime
    stop: datetime
    length: timedelta
    """Of the next span."""
    longest: timedelta
    wanted: int
    """How much a span should hold."""

    def next(self) -> tuple[datetime, datetime] | None:
        """The next span; None when nothing is left."""
        if self.start >= self.stop:
            return None
        span = max(self.start, self.stop - self.length), self.stop
        self.stop = span[0]
        return span

    def found(self, count: int) -> None:
        """How much the last span held."""
        if count * 2 < self.wanted:
            self.length = min(self.length * 2, self.longest)
        elif count > self.wanted * 2:
            self.length = max(self.length / 2, SPAN_MIN)


def instants_of(day: date, calendar: BillingCalendar) -> tuple[datetime, datetime]:
    """[start, stop) around all instants of a day of the billing zone, to the hour."""
    midnight = datetime.combine(day, time(), UTC)
    start, stop = midnight - ZONE_AHEAD_MAX, midnight + timedelta(days=1) + ZONE_BEHIND_MAX
    while calendar.day(start + HOUR) < day:
        start += HOUR
    while calendar.day(stop - HOUR) > day:
        stop -= HOUR
    return start, stop
