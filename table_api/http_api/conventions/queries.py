"""Query parameters of the endpoints, and what is refused in them.

A parameter that an endpoint does not know is refused: a mistyped `form` would otherwise answer for
the running month, which looks right and is not.
"""

import re
from datetime import date, timedelta
from typing import Annotated, Any
from unicodedata import normalize

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from table_api.http_api.conventions.periods import Period, month_days, period_days
from table_api.http_api.conventions.problems import Refused, refused_parameter
from table_api.ledger.day_range import (
    RANGE_DAYS_MAX,
    DayRange,
    UnusableDays,
    checked_days,
    running_month,
)

EXAMPLE_SUBJECT = "8c3f2a10-5b7e-4d1c-9a6f-2e4b7c8d9e0f"
Subject = Annotated[
    str, Path(description="Who is billed, as the ledger spells it.", examples=[EXAMPLE_SUBJECT])
]

LIMIT_MAX = 200
LIMIT_DEFAULT = 50
TEXT_CHARS_MAX = 512
DAY = timedelta(days=1)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII).fullmatch


def _day(value: Any) -> Any:
    if isinstance(value, str) and not _DAY(value):
        raise ValueError("expected a day as YYYY-MM-DD")
    return value


FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9998, 12, 31)
"""No call is older or later. A time zone has no hours before the year 1 and after the year 9999."""


def _within_calendar(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"expected a day from {FIRST_DAY} to {LAST_DAY}")
    return day


Day = Annotated[date, BeforeValidator(_day), AfterValidator(_within_calendar)]
Text = Annotated[str, Field(max_length=TEXT_CHARS_MAX)]


def _composed(text: str) -> str:
    return normalize("NFC", text)


ComposedText = Annotated[Text, AfterValidator(_composed)]
"""A subject, a cost centre, or what such names are searched for: stored ones are in NFC, and some
keyboards and files write `é` as two characters."""
Limit = Annotated[int, Field(ge=1, le=LIMIT_MAX, examples=[100])]
Cursor = Annotated[str, Field(examples=["WzEsIjQwM2E1ZTdmOWIxZCIsWyIxMTMzMDAwMDAwMDAiLCJhZGEiXV0"])]
"""`next_cursor` of the page before."""


def spelled_as(pattern: str, expected: str) -> BeforeValidator:
    """Refuses a text that is spelled otherwise, in words: a pattern is for programs."""
    matches = re.compile(pattern, re.ASCII).fullmatch

    def check(value: Any) -> Any:
        if isinstance(value, str) and not matches(value):
            raise ValueError(f"expected {expected}")
        return value

    return BeforeValidator(check)


MONTH_PATTERN = r"^[0-9]{4}-(0[1-9]|1[0-2])$"
Month = Annotated[
    str, Field(pattern=MONTH_PATTERN), spelled_as(MONTH_PATTERN, "a month as YYYY-MM")
]


def checked_range(days: DayRange, *, days_max: int = RANGE_DAYS_MAX) -> DayRange:
    """The same; Refused when it is empty, too long, or before all calls."""
    if days.start < FIRST_DAY:
        raise refused_parameter("from", days.start, f"is before {FIRST_DAY}")
    try:
        return checked_days(days, days_max=days_max)
    except UnusableDays as error:
        raise refused_days(error) from error


def refused_days(error: UnusableDays) -> Refused:
    """The refusal that names the parameter at fault."""
    return refused_parameter(error.bound, error.day, error.why)


class NoQuery(BaseModel):
    """No parameters at all."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RangeQuery(BaseModel):
    """A range of days of the billing zone; the running month by default.

    It is half-open, a month, or a period that is counted from today.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_: Day | None = Field(
        None, alias="from", description="First day of the range.", examples=["2026-10-01"]
    )
    to: Day | None = Field(
        None, description="The day after the last one of the range.", examples=["2026-11-01"]
    )
    month: Month | None = Field(
        None,
        description="All days of a month, in place of `from` and `to`.",
        examples=["2026-10"],
    )
    period: Period | None = Field(
        None,
        description="Days counted from today, in place of `from` and `to`.",
        examples=["last-month"],
    )

    def days(self, today: date) -> DayRange:
        """The range meant; Refused when it is empty or too long."""
        month = running_month(today)
        default = DayRange(self.from_ or month.start, self.to or month.stop)
        return checked_range(self.named_days(today) or default)

    def named_days(self, today: date) -> DayRange | None:
        """The range that `month` or `period` names; Refused next to another range."""
        given = [
            name
            for name, value in (
                ("period", self.period), ("month", self.month),
                ("from", self.from_), ("to", self.to),
            )
            if value is not None
        ]  # fmt: skip
        if given[:1] not in (["period"], ["month"]):
            return None
        if len(given) > 1:
            value = self.period or self.month
            raise refused_parameter(given[0], value, f"leave it out, or leave out {given[1]}")
        try:
            return period_days(self.period, today) if self.period else month_days(str(self.month))
        except (ValueError, OverflowError):
            raise refused_parameter(given[0], self.period or self.month, "no such days") from None
