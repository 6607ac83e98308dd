"""Which days a report of completeness is made of."""

from datetime import date

import pytest

from table_api.completeness.days import DAYS_MAX, asked_days
from table_api.ledger.day_range import DayRange, UnusableDays

TODAY = date(2026, 11, 20)


def day(number: int) -> date:
    return date(2026, 11, number)


@pytest.mark.parametrize(
    ("start", "stop", "days"),
    [
        (None, None, DayRange(day(19), day(21))),
        (day(1), None, DayRange(day(1), day(21))),
        (None, day(11), DayRange(day(9), day(11))),
        (None, date(1, 1, 2), DayRange(date(1, 1, 1), date(1, 1, 2))),
        (date(2026, 10, 31), date(2026, 12, 1), DayRange(date(2026, 10, 31), date(2026, 12, 1))),
    ],
)
def test_yesterday_and_today_unless_said_otherwise(
    start: date | None, stop: date | None, days: DayRange
) -> None:
    assert asked_days(start, stop, today=TODAY) == days


@pytest.mark.parametrize(
    ("start", "stop", "refusal"),
    [
        (day(5), day(5), "from = 2026-11-05: is not before to = 2026-11-05"),
        (
            date(2026, 10, 30),
            date(2026, 12, 1),
            f"to = 2026-12-01: is more than {DAYS_MAX} days after from = 2026-10-30",
        ),
    ],
)
def test_no_days_or_too_many_are_refused(start: date, stop: date, refusal: str) -> None:
    with pytest.raises(UnusableDays, match=refusal):
        asked_days(start, stop, today=TODAY)
