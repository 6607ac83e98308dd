"""The time now, and a time as text in rows and keys, and back."""

from datetime import UTC, datetime
from functools import lru_cache

MINUTES_KEPT_MAX = 4_096
"""Minutes that are kept as written: the calls of a batch are in few. To keep each time costs more
than to write it, and `isoformat` takes twice as long.
"""


def now_utc() -> datetime:
    """Aware, in UTC."""
    return datetime.now(UTC)


def timestamp(time: datetime) -> str:
    """`2026-11-23T12:00:00.000000Z`: UTC and of fixed width, so that it sorts as text."""
    if time.tzinfo is not UTC:
        time = time.astimezone(UTC)
    minute = _minute(time.year, time.month, time.day, time.hour, time.minute)
    return f"{minute}{time.second:02d}.{time.microsecond:06d}Z"


@lru_cache(maxsize=MINUTES_KEPT_MAX)
def _minute(year: int, month: int, day: int, hour: int, minute: int) -> str:
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:"


def parse_time(value: object) -> datetime:
    """A time as the rows write it: ISO 8601 with an offset."""
    return datetime.fromisoformat(str(value))
