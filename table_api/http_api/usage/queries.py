"""What the usage routes may be asked."""

from typing import Annotated

from pydantic import AfterValidator, Field

from table_api.http_api.conventions.problems import refused_parameter
from table_api.http_api.conventions.queries import (
    EXAMPLE_SUBJECT,
    LIMIT_DEFAULT,
    ComposedText,
    Cursor,
    Day,
    Limit,
    RangeQuery,
    Text,
    spelled_as,
)
from table_api.ledger.day_range import DayRange, UnusableDays, checked_days
from table_api.usage.grouping import Dimension
from table_api.usage.subject_list import Order, SubjectSort


def _no_repeats(text: str) -> str:
    names = text.split(",")
    if len(set(names)) != len(names):
        raise ValueError("a dimension is named twice")
    return text


_ANY = f"^({'|'.join(Dimension)})(,({'|'.join(Dimension)})){{0,3}}$"
AnyDimensions = Annotated[
    str,
    Field(pattern=_ANY),
    spelled_as(_ANY, f"one to four of {', '.join(Dimension)}, separated by commas"),
    AfterValidator(_no_repeats),
]
_OF_SUBJECT = "^(day|model)(,(day|model))?$"
SubjectDimensions = Annotated[
    str,
    Field(pattern=_OF_SUBJECT),
    spelled_as(_OF_SUBJECT, "day, model or both, separated by a comma"),
    AfterValidator(_no_repeats),
]


class UsageQuery(RangeQuery):
    """Usage of everybody."""

    group_by: AnyDimensions = Field(
        "day",
        description="At most four dimensions, separated by commas.",
        examples=["subject,model"],
    )
    subject: ComposedText | None = Field(
        None, description="Only this subject.", examples=[EXAMPLE_SUBJECT]
    )
    model: Text | None = Field(None, description="Only this model.", examples=["gpt-5-mini"])
    cost_centre: ComposedText | None = Field(
        None,
        description="Only this cost centre of the charge day; empty for calls without one.",
        examples=["Engineering"],
    )

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What to group by."""
        return tuple(Dimension(name) for name in self.group_by.split(","))


class SubjectUsageQuery(RangeQuery):
    """Usage of one subject."""

    group_by: SubjectDimensions = Field(
        "day", description="`day`, `model` or both.", examples=["day,model"]
    )

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What to group by."""
        return tuple(Dimension(name) for name in self.group_by.split(","))


class SubjectsQuery(RangeQuery):
    """The list of subjects."""

    sort: SubjectSort = Field(
        SubjectSort.CHARGE, description="What the list is sorted by.", examples=["charge"]
    )
    order: Order = Field(Order.DESC, description="Direction of the list.", examples=["desc"])
    q: ComposedText = Field(
        "", description="Text that subject, name or cost centre must hold.", examples=["ada"]
    )
    model: Text | None = Field(None, description="Only this model.", examples=["gpt-5-mini"])
    cost_centre: ComposedText | None = Field(
        None,
        description="Only this cost centre of the charge day; empty for calls without one.",
        examples=["Engineering"],
    )
    compare_from: Day | None = Field(
        None,
        description="First day of the days to compare with; with `compare_to`.",
        examples=["2026-09-01"],
    )
    compare_to: Day | None = Field(
        None, description="The day after the last one of them.", examples=["2026-10-01"]
    )
    limit: Limit = Field(LIMIT_DEFAULT, description="Lines of one page.")
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")

    @property
    def compared(self) -> DayRange | None:
        """The days to compare with. Refused when one end is missing, or nothing is to compare."""
        ends = {"compare_from": self.compare_from, "compare_to": self.compare_to}
        given = [name for name, day in ends.items() if day is not None]
        if self.compare_from is not None and self.compare_to is not None:
            try:
                return checked_days(DayRange(self.compare_from, self.compare_to))
            except UnusableDays as error:
                raise refused_parameter(f"compare_{error.bound}", error.day, error.why) from error
        if given:
            raise refused_parameter(given[0], ends[given[0]], "needs the other end of the days too")
        if self.sort is SubjectSort.CHANGE:
            raise refused_parameter("sort", self.sort, "needs compare_from and compare_to")
        return None

    @property
    def filters(self) -> tuple[str, ...]:
        """What a cursor is bound to, next to the days."""
        texts = (self.model, self.cost_centre, self.compare_from, self.compare_to)
        return self.sort.value, self.order.value, self.q, repr(texts)
