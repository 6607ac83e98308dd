"""What a month may cost in the end, from the days of the four weeks before today."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ui.period import DAY, Period

WEEKS = 4
HISTORY_DAYS_MIN = 7
"""With fewer complete days since the first call nothing is forecast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The charge of the whole month: expected, and the band around it."""

    low: Decimal
    expected: Decimal
    high: Decimal
    rest: Mapping[date, tuple[Decimal, Decimal, Decimal]]
    """Of each day that is not over (low, expected, high) of the charge from the first up to it."""


def forecast(charges: Mapping[date, Decimal], *, month: Period, today: date) -> Forecast | None:
    """Each remaining day costs what its weekday cost on average in the last four weeks; in the
    band's ends, what it cost on its cheapest and on its dearest. Today is a remaining day, but
    never costs less than it has cost already.

    None for a month that is over, and before a week of complete days. Days before the first
    charge do not count; a day without calls after it counts as nothing spent.
    """
    begun = min(charges, default=today)
    history = [today - DAY * back for back in range(1, 7 * WEEKS + 1)]
    history = [day for day in history if day >= begun]
    if not month.first <= today < month.until or len(history) < HISTORY_DAYS_MIN:
        return None
    passed = (charge for day, charge in charges.items() if month.first <= day < today)
    low = expected = high = sum(passed, Decimal(0))
    rest: dict[date, tuple[Decimal, Decimal, Decimal]] = {}
    day = today
    while day < month.until:
        like = [charges.get(each, Decimal(0)) for each in history if same_weekday(each, day)]
        least = charges.get(day, Decimal(0))
        low += max(least, min(like))
        expected += max(least, sum(like, Decimal(0)) / len(like))
        high += max(least, *like)
        rest[day] = (low, expected, high)
        day += DAY
    return Forecast(low=low, expected=expected, high=high, rest=rest)


def same_weekday(one: date, other: date) -> bool:
    return one.weekday() == other.weekday()
