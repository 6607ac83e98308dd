"""What the usage routes may be asked."""

from typing import Annotated

from pydantic import AfterValidator, Field

from table_api.http_api.conventions.queries import (
    EXAMPLE_SUBJECT,
    LIMIT_DEFAULT,
    Cursor,
    Limit,
    RangeQuery,
    Text,
)
from table_api.usage.grouping import Dimension
from table_api.usage.subject_list import Order, SubjectSort


def _no_repeats(text: str) -> str:
    names = text.split(",")
    if len(set(names)) != len(names):
        raise ValueError("a dimension is named twice")
    return text


_ANY = "|".join(Dimension)
AnyDimensions = Annotated[
    str,
    Field(pattern=f"^({_ANY})(,({_ANY})){{0,3}}$"),
    AfterValidator(_no_repeats),
]


SubjectDimensions = Annotated[
    str, Field(pattern="^(day|model)(,(day|model))?$"), AfterValidator(_no_repeats)
]


class UsageQuery(RangeQuery):
    """Usage of everybody."""

    group_by: AnyDimensions = Field(
        "day",
        description="At most four dimensions, separated by commas.",
        examples=["subject,model"],
    )
    subject: Text | None = Field(None, description="Only this subject.", examples=[EXAMPLE_SUBJECT])
    model: Text | None = Field(None, description="Only this model.", examples=["gpt-5-mini"])
    cost_centre: Text | None = Field(
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
    q: Text = Field(
        "", description="Text that subject, name or cost centre must hold.", examples=["ada"]
    )
    limit: Limit = Field(LIMIT_DEFAULT, description="Lines of one page.")
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")
