"""Query parameters of the endpoints, and what is refused in them.

A parameter that an endpoint does not know is refused: a mistyped `form` would otherwise answer for
the running month, which looks right and is not.
"""

import re
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from table_api.http_api.conventions.problems import Refused, refused_parameter
from table_api.ledger.day_range import (
    RANGE_DAYS_MAX,
    DayRange,
    UnusableDays,
    checked_days,
    running_month,
)

Subject = Annotated[str, Path(description="Who is billed, as the ledger spells it.")]

LIMIT_MAX = 200
LIMIT_DEFAULT = 50
TEXT_CHARS_MAX = 512
DAY = timedelta(days=1)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII).fullmatch


def _day(value: Any) -> Any:
    if isinstance(value, str) and not _DAY(value):
        raise ValueError("expected a day as YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_day)]
Text = Annotated[str, Field(max_length=TEXT_CHARS_MAX)]
Limit = Annotated[int, Field(ge=1, le=LIMIT_MAX)]


def checked_range(days: DayRange, *, days_max: int = RANGE_DAYS_MAX) -> DayRange:
    """The same; Refused when it is empty or too long."""
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
    """A half-open range of days of the billing zone; the running month by default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_: Day | None = Field(None, alias="from", description="First day of the range.")
    to: Day | None = Field(None, description="The day after the last one of the range.")

    def days(self, today: date) -> DayRange:
        """The range meant; Refused when it is empty or too long."""
        month = running_month(today)
        return checked_range(DayRange(self.from_ or month.start, self.to or month.stop))
