"""A billing month: its name, its days and its instants in the ledger's zone. No clock is read."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from table_api.invoicing.errors import BadMonth
from table_api.ledger.billing_calendar import BillingCalendar

_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII).fullmatch
_OFFSET_MAX = timedelta(hours=16)
"""No zone was ever further from UTC."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, order=True)
class BillingMonth:
    """One month of charge days."""

    year: int
    number: int
    """1 to 12."""

    @classmethod
    def parse(cls, text: str) -> "BillingMonth":
        """From `2026-11`; BadMonth when it is not one."""
        match = _MONTH(text)
        if match is None or not 1 <= int(match[2]) <= 12 or int(match[1]) < 1:
            raise BadMonth(f"month {text!r}: expected YYYY-MM, as in 2026-11")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of_key(cls, text: str) -> "BillingMonth":
        """From `202611`, as partition keys and folders start."""
        return cls.parse(f"{text[:4]}-{text[4:]}")

    @classmethod
    def of(cls, day: date) -> "BillingMonth":
        """The month of a charge day."""
        return cls(day.year, day.month)

    @property
    def key(self) -> str:
        """`202611`."""
        return f"{self.year:04d}{self.number:02d}"

    @property
    def first_day(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        return self.moved(1).first_day - timedelta(days=1)

    def moved(self, months: int) -> "BillingMonth":
        """So many months later, or earlier when negative."""
        index = self.year * 12 + self.number - 1 + months
        return BillingMonth(index // 12, index % 12 + 1)

    def __str__(self) -> str:
        """`2026-11`."""
        return f"{self.year:04d}-{self.number:02d}"


def start_of(calendar: BillingCalendar, day: date) -> datetime:
    """The first instant of a charge day, in UTC: where clocks skip midnight, the jump."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    low, high = midnight - _OFFSET_MAX, midnight + _OFFSET_MAX
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        if calendar.day(middle) >= day:
            high = middle
        else:
            low = middle
    return high


def period_of(calendar: BillingCalendar, month: BillingMonth) -> tuple[datetime, datetime]:
    """First instant of the month and of the next one, in UTC."""
    return start_of(calendar, month.first_day), start_of(calendar, month.moved(1).first_day)


def iso(instant: datetime) -> str:
    """`2026-11-01T00:00:00Z`: RFC 3339 to the second, as documents and FOCUS write it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
