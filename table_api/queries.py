"""Query parameters of the endpoints, and what is refused in them.

A parameter that an endpoint does not know is refused: a mistyped `form` would otherwise answer for
the running month, which looks right and is not.
"""

import re
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from table_api.ledger.day_range import RANGE_DAYS_MAX, DayRange, running_month
from table_api.problems import refused_parameter
from table_api.usage.grouping import Dimension
from table_api.usage.subject_list import Order, SubjectSort

LIMIT_MAX = 200
LIMIT_DEFAULT = 50
TEXT_CHARS_MAX = 512
DAY = timedelta(days=1)
COMPLETENESS_DAYS_DEFAULT = 2
COMPLETENESS_DAYS_MAX = 31
"""Facts are kept for the hubs' retention and a week."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII).fullmatch


def _day(value: Any) -> Any:
    if isinstance(value, str) and not _DAY(value):
        raise ValueError("expected a day as YYYY-MM-DD")
    return value


def _no_repeats(text: str) -> str:
    names = text.split(",")
    if len(set(names)) != len(names):
        raise ValueError("a dimension is named twice")
    return text


Day = Annotated[date, BeforeValidator(_day)]
Text = Annotated[str, Field(max_length=TEXT_CHARS_MAX)]
Limit = Annotated[int, Field(ge=1, le=LIMIT_MAX)]
AnyDimensions = Annotated[
    str,
    Field(pattern="^(day|model|subject|cost_centre)(,(day|model|subject|cost_centre)){0,3}$"),
    AfterValidator(_no_repeats),
]
SubjectDimensions = Annotated[
    str, Field(pattern="^(day|model)(,(day|model))?$"), AfterValidator(_no_repeats)
]


def checked_range(days: DayRange, *, days_max: int = RANGE_DAYS_MAX) -> DayRange:
    """The same; Refused when it is empty or too long."""
    if days.start >= days.stop:
        raise refused_parameter("from", days.start, f"is not before to = {days.stop}")
    if (days.stop - days.start).days > days_max:
        raise refused_parameter(
            "to", days.stop, f"is more than {days_max} days after from = {days.start}"
        )
    return days


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


class CompletenessQuery(RangeQuery):
    """What each path missed in a few days: yesterday and today by default."""

    def days(self, today: date) -> DayRange:
        """The range meant; Refused when it is empty or too long."""
        stop = self.to or today + DAY
        start = self.from_ or date.fromordinal(
            max(stop.toordinal() - COMPLETENESS_DAYS_DEFAULT, date.min.toordinal())
        )
        days = DayRange(start, stop)
        return checked_range(days, days_max=COMPLETENESS_DAYS_MAX)


class UsageQuery(RangeQuery):
    """Usage of everybody."""

    group_by: AnyDimensions = Field("day", description="Dimensions, separated by commas.")
    subject: Text | None = Field(None, description="Only this subject.")
    model: Text | None = Field(None, description="Only this model.")
    cost_centre: Text | None = Field(
        None, description="Only this cost centre of the charge day; empty for calls without one."
    )

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What to group by."""
        return tuple(Dimension(name) for name in self.group_by.split(","))


class SubjectUsageQuery(RangeQuery):
    """Usage of one subject."""

    group_by: SubjectDimensions = Field("day", description="`day`, `model` or both.")

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What to group by."""
        return tuple(Dimension(name) for name in self.group_by.split(","))


class SubjectsQuery(RangeQuery):
    """The list of subjects."""

    sort: SubjectSort = Field(SubjectSort.CHARGE, description="What the list is sorted by.")
    order: Order = Field(Order.DESC, description="Direction of the list.")
    q: Text = Field("", description="Text that subject, name or cost centre must hold.")
    limit: Limit = Field(LIMIT_DEFAULT, description="Lines of one page.")
    cursor: str | None = Field(None, description="`next_cursor` of the page before.")


class CallsQuery(RangeQuery):
    """A subject's calls."""

    model: Text | None = Field(None, description="Only calls of this model.")
    limit: Limit = Field(LIMIT_DEFAULT, description="Calls of one page.")
    cursor: str | None = Field(None, description="`next_cursor` of the page before.")
