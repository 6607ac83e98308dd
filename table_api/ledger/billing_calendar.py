"""The ledger's billing time zone: which instant falls on which charge day. No clock is read here.

A zone's rules change when governments change them, and a change of tzdata must not move a charge to
another day. So the transitions are frozen in the ledger. Days that have begun never move; until a
difference in days to come is adopted, every process goes by the frozen transitions.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from table_api.errors import LedgerMismatch, SettingsError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_YEAR = 2015
"""No call is older: the transitions are frozen from the first instant of this year (UTC)."""

BEGUN_AHEAD = timedelta(days=1)
"""A call may be an hour ahead of our clock, and no process is started for one day only."""

_SECOND = timedelta(seconds=1)
_A_DAY = timedelta(days=1)
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Transitions:
    """UTC offsets of one zone as (from epoch second, offset in seconds)."""

    offsets: tuple[tuple[int, int], ...]
    until_year: int
    """Exclusive: the first year whose instants are not covered."""


@lru_cache(maxsize=64)
def zone_transitions(zone: str, until_year: int) -> Transitions:
    """Transitions of an IANA zone, FIRST_YEAR up to `until_year`, by this machine's tzdata as the
    process has read it: looking at each day takes milliseconds, and every opened ledger asks.
    """
    try:
        info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(f"billing time zone {zone!r} is not an IANA zone") from error

    def offset_at(second: int) -> int:
        offset = (EPOCH + timedelta(seconds=second)).astimezone(info).utcoffset()
        assert offset is not None  # an aware datetime has one
        return offset // _SECOND

    start = (datetime(FIRST_YEAR, 1, 1, tzinfo=UTC) - EPOCH) // _SECOND
    stop = (datetime(until_year, 1, 1, tzinfo=UTC) - EPOCH) // _SECOND
    offsets = [(start, offset_at(start))]
    for second in range(start, stop, _DAY_S):
        after = offset_at(min(second + _DAY_S, stop))
        if after == offsets[-1][1]:
            continue
        low, high = second, min(second + _DAY_S, stop)
        while high - low > 1:
            middle = (low + high) // 2
            if offset_at(middle) == after:
                high = middle
            else:
                low = middle
        offsets.append((high, after))
    return Transitions(tuple(offsets), until_year)


def first_difference(frozen: Transitions, own: Transitions) -> datetime | None:
    """The first instant that has another offset by the one than by the other."""
    if frozen.offsets == own.offsets:
        return None
    starts = sorted({start for each in (frozen, own) for start, _ in each.offsets})
    return next(
        (
            EPOCH + start * _SECOND
            for start in starts
            if _offset_at(frozen, start) != _offset_at(own, start)
        ),
        None,
    )


def check_begun(zone: str, frozen: Transitions, now: datetime) -> datetime | None:
    """When this machine's tzdata begins to differ. LedgerMismatch when that has begun."""
    own = zone_transitions(zone, frozen.until_year)
    differs = first_difference(frozen, own)
    if differs is not None and differs < now + BEGUN_AHEAD:
        raise LedgerMismatch(
            f"this machine's tzdata disagrees with the frozen transitions of {zone} at {differs}, "
            "which has begun: days would move; install the tzdata that the other processes have"
        )
    return differs


def extended(zone: str, frozen: Transitions, until_year: int) -> Transitions:
    """The frozen transitions, and those of the years after them by this machine's tzdata."""
    own = zone_transitions(zone, until_year)
    boundary = (datetime(frozen.until_year, 1, 1, tzinfo=UTC) - EPOCH) // _SECOND
    offsets = list(frozen.offsets)
    if _offset_at(own, boundary) != offsets[-1][1]:
        offsets.append((boundary, _offset_at(own, boundary)))
    offsets += [(start, offset) for start, offset in own.offsets if start > boundary]
    return Transitions(tuple(offsets), until_year)


def _offset_at(transitions: Transitions, second: int) -> int:
    """The offset in force; before the first one, the first."""
    found = transitions.offsets[0][1]
    for start, offset in transitions.offsets:
        if start > second:
            break
        found = offset
    return found


class BillingCalendar:
    """Charge days of one ledger, by its frozen transitions."""

    def __init__(self, zone: str, transitions: Transitions) -> None:
        self.zone = zone
        self.transitions = transitions
        self._starts = [start for start, _ in transitions.offsets]
        self._offsets = [timedelta(seconds=offset) for _, offset in transitions.offsets]
        self._last = (EPOCH, EPOCH, date.min)
        """The charge day of the last call as [start, stop) in UTC: nearly always the next one's."""

    def day(self, time: datetime) -> date:
        """The charge day of an aware instant.

        An instant outside the frozen years takes the nearest known offset; the decoder refuses
        such calls long before they get here.
        """
        start, stop, day = self._last
        if start <= time < stop:
            return day
        index = max(bisect_right(self._starts, (time - EPOCH) // _SECOND) - 1, 0)
        offset = self._offsets[index]
        day = (time.astimezone(UTC) + offset).date()
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - offset
        # No further than the offset holds: at the next transition the day may change early.
        start, stop = midnight, midnight + _A_DAY
        if index > 0:
            start = max(start, EPOCH + self._starts[index] * _SECOND)
        if index + 1 < len(self._starts):
            stop = min(stop, EPOCH + self._starts[index + 1] * _SECOND)
        self._last = (start, stop, day)
        return day
