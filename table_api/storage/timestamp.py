"""The time now, and a time as text in rows and keys, and back."""

from datetime import UTC, datetime
from functools import lru_cache

TIMES_KEPT_MAX = 4_096
"""Times that are kept as written: a call's stands in its key and row, others in many rows."""


def now_utc() -> datetime:
    """Aware, in UTC."""
    return datetime.now(UTC)


@lru_cache(maxsize=TIMES_KEPT_MAX)
def timestamp(time: datetime) -> str:
    """`2026-11-23T12:00:00.000000Z`: UTC and of fixed width, so that it sorts as text."""
    if time.tzinfo is not UTC:
        time = time.astimezone(UTC)
    return time.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_time(value: object) -> datetime:
    """A time as the rows write it: ISO 8601 with an offset."""
    return datetime.fromisoformat(str(value))
