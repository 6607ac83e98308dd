"""How many calls came in each minute, by the newest calls alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from ui.api.usage_answers import Call
from ui.parts.call_state import has_failed
from ui.period import DAY, Period

MINUTE = timedelta(minutes=1)
MINUTES_SHOWN = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class LastMinute:
    """Calls and charge of the last sixty seconds."""

    calls: int
    charge: Decimal | None
    """None where it is not known of any call."""
    at_least: bool
    """Whether there may be more: all calls that were read are of this minute."""
    lacks: int = 0
    """Calls whose charge nobody knows yet; they are not in it."""


def days_of_minutes(now: datetime, *, zone: str) -> Period:
    """The billing days of all minutes shown: just after midnight also the day before."""
    first, last = (
        at.astimezone(ZoneInfo(zone)).date() for at in (now - MINUTE * MINUTES_SHOWN, now)
    )
    return Period(first=first, until=last + DAY)


def last_minute(calls: Sequence[Call], *, now: datetime, complete: bool) -> LastMinute:
    """`complete` is whether `calls` are all of the minutes shown. What came after `now` is not in
    the minute.
    """
    recent = [call for call in calls if timedelta(0) <= now - call.time < MINUTE]
    charges = [call.cost.charge for call in recent if call.cost is not None]
    lacks = sum(call.cost is None and not has_failed(call.state, call.status) for call in recent)
    return LastMinute(
        calls=len(recent),
        charge=sum(charges, Decimal(0)) if charges or not lacks else None,
        at_least=len(recent) == len(calls) and not complete,
        lacks=lacks,
    )


def by_minute(
    calls: Sequence[Call], *, now: datetime, complete: bool
) -> list[tuple[datetime, int]]:
    """Calls per minute, the oldest first, as far back as the calls surely reach."""
    start = now.replace(second=0, microsecond=0)
    minutes = [start - MINUTE * index for index in range(MINUTES_SHOWN)]
    if calls and not complete:
        oldest = min(call.time for call in calls)
        minutes = [minute for minute in minutes if minute > oldest]
    counts = dict.fromkeys(reversed(minutes), 0)
    for call in calls:
        minute = call.time.replace(second=0, microsecond=0)
        if minute in counts:
            counts[minute] += 1
    return list(counts.items())
