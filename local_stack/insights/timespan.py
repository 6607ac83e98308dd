"""The timespan of a query: which times it may see."""

import re
from datetime import UTC, datetime, timedelta

from local_stack.insights.errors import QueryRefused

Span = tuple[datetime | None, datetime | None]
"""From the first time on, and before the second; None is without bound."""

_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def read_timespan(text: object, *, now: datetime) -> Span:
    """START/END, START/DURATION, or DURATION up to now, in ISO 8601; null is all times."""
    if text is None:
        return None, None
    if not isinstance(text, str):
        raise _wrong(text)
    first, found, second = text.partition("/")
    if not found:
        return now - _duration(first), now
    start = _time(first)
    return start, start + _duration(second) if second.startswith("P") else _time(second)


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        raise _wrong(text)
    return timedelta(**{name: float(part) for name, part in found.groupdict().items() if part})


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise _wrong(text) from None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _wrong(text: object) -> QueryRefused:
    return QueryRefused("BadArgumentError", f"timespan {text!r} is not ISO 8601")
