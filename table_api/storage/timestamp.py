"""The time now, and a time as text in rows and keys, and back."""

from datetime import UTC, datetime, timedelta

import msgspec

_encode = msgspec.json.Encoder().encode


def now_utc() -> datetime:
    """Aware, in UTC."""
    return datetime.now(UTC)


def is_recent(at: datetime | None, *, now: datetime, age_max: timedelta) -> bool:
    """Whether something was read at most `age_max` ago. A time that is still to come is none: the
    clock was ahead then.
    """
    return at is not None and timedelta(0) <= now - at <= age_max


def timestamp(time: datetime) -> str:
    """`2026-11-23T12:00:00.000000Z`: UTC and of fixed width, so that it sorts as text."""
    if time.tzinfo is not UTC:
        time = time.astimezone(UTC)
    # The encoder takes a fifth of the time that any other way does. It leaves out zeros.
    text = _encode(time)[1:-2].decode()
    return f"{text}Z" if time.microsecond else f"{text}.000000Z"


def parse_time(value: object) -> datetime:
    """A time as the rows write it: ISO 8601 with an offset."""
    return datetime.fromisoformat(str(value))
