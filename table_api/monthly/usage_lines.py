"""Measures of a month as lines of a report. Pure."""

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NoReturn

from table_api.ledger.day_range import MonthDays
from table_api.ledger.measures import MeasureList, add_up
from table_api.monthly.projected_day import MonthTotal, day_columns
from table_api.storage.table_storage import Row
from table_api.usage.daily_usage import DailyUsage, totals_of

DAYS_KEPT_MAX = 1_000
"""Days that are kept as made: a list names each of a month some hundred times."""

Who = tuple[str, str]
"""Subject and model; each is empty where the question does not tell them apart."""
_EVERYBODY: Who = ("", "")
Lines = Callable[[Who, Mapping[int, MeasureList]], list[DailyUsage]]
"""What a group says, from its measures by day."""


@lru_cache(maxsize=DAYS_KEPT_MAX)
def date_of(month: str, day: int) -> date:
    """A day of a month given as `yyyymm`."""
    return date(int(month[:4]), int(month[4:]), day)


def lines_by_day(month: MonthDays) -> Lines:
    """A line for each day."""

    def lines(who: Who, of_days: Mapping[int, MeasureList]) -> list[DailyUsage]:
        return [usage_of(who, month.month, day, each) for day, each in of_days.items()]

    return lines


def one_line(month: MonthDays) -> Lines:
    """One line, on the last of the days."""

    def lines(who: Who, of_days: Mapping[int, MeasureList]) -> list[DailyUsage]:
        return [usage_of(who, month.month, max(of_days), add_up(list(of_days.values())))]

    return lines


def usage_of(who: Who, month: str, day: int, measures: MeasureList) -> DailyUsage:
    """A line of a report."""
    return DailyUsage(
        subject=who[0], day=date_of(month, day), model=who[1], totals=totals_of(measures)
    )


def days_by_column(month: MonthDays) -> dict[str, int]:
    """The days of a month by the column of their measures."""
    return {day_columns(day)[0]: day for day in range(month.start, min(month.stop, 32))}


def is_whole(month: MonthDays) -> bool:
    """Whether it has all days of the month."""
    last = monthrange(int(month.month[:4]), int(month.month[4:]))[1]
    return month.start == 1 and month.stop > last


def check_named(rows: Sequence[MonthTotal], columns: Sequence[str]) -> None:
    """LookupError where a row has lost a name that was asked for: its sums are nobody's."""
    subject, model = "subject" in columns, "model" in columns
    if (subject and not all([row.subject for row in rows])) or (
        model and not all([row.model for row in rows])
    ):
        nameless()


def nameless() -> NoReturn:
    """LookupError: a row has lost a name."""
    raise LookupError("a row has no subject or no model")


def names_taker(
    named: Sequence[str], wanted: Callable[[str], bool], alike: Callable[[str], str]
) -> Callable[[Row], Who | None]:
    """Takes the names out of a row, so that the rest are days; None where it is not wanted. A row
    that has lost a name raises LookupError: its sums are nobody's.
    """
    if not named:
        return lambda row: _EVERYBODY
    if "subject" not in named:
        return lambda row: ("", str(row.pop("model") or nameless()))

    by_model = "model" in named

    def who(row: Row) -> Who | None:
        subject = alike(str(row.pop("subject") or nameless()))
        model = str(row.pop("model") or nameless()) if by_model else ""
        return (subject, model) if wanted(subject) else None

    return who
