"""The JSON of usage and subjects."""

from datetime import date, datetime

from table_api.http_api.conventions.models import Answer, Head, Money, Page, Totals


class UsageLine(Totals):
    """Totals of one group; a dimension that was not grouped by is absent.

    `name` goes with `subject`.
    """

    day: date | None = None
    model: str | None = None
    subject: str | None = None
    name: str | None = None
    cost_centre: str | None = None
    product: str | None = None
    subscription: str | None = None
    api: str | None = None
    deployment: str | None = None
    session: str | None = None


class Usage(Head):
    """The usage report."""

    newest_call: datetime | None
    data: list[UsageLine]
    totals: Totals


class SubjectUsage(Head):
    """The usage report of one subject."""

    subject: str
    name: str | None
    cost_centre: str | None
    data: list[UsageLine]
    totals: Totals


class SubjectLine(Totals):
    """One subject of the list."""

    subject: str
    name: str | None
    cost_centre: str | None
    first_day: date
    last_day: date
    active_days: int
    earlier_charge: Money | None = None
    """In the days it is compared with; absent where the question names none."""


class Gone(Answer):
    """Subjects without usage in the range that had some in the days it is compared with."""

    subjects: int
    earlier_charge: Money | None
    """None where no call of theirs has a known cost."""


class Subjects(Head):
    """The list of subjects; totals are those of the whole list, not of the page."""

    subjects: int
    data: list[SubjectLine]
    totals: Totals
    gone: Gone | None = None
    """Whom the whole list lacks; absent where the question names no days to compare with."""
    page: Page
