"""The answers about re-rating runs; docs/api.md says what each field means."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from table_api.http_api.conventions.models import Answer, Money
from table_api.rerating.run import RunState

RunId = Annotated[str, Field(pattern=r"^r[0-9a-f]{12}$")]


class RunScope(Answer):
    """Which calls a run looked at."""

    from_day: date
    to_day: date
    subject: str | None
    model: str | None
    cost_centre: str | None


class Rerating(Answer):
    """One re-rating run."""

    run: RunId
    state: RunState
    scope: RunScope
    book_version: str
    engine_version: str
    currency: str
    calls: int
    changed: int
    before: Money | None
    after: Money | None
    delta: Money
    newly_priced: int
    newly_unpriced: int
    staged_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    why: str | None
    applied_at: datetime | None
    written: int
    left_alone: int
    reverted_by: str | None
    reverted_at: datetime | None
    revert_why: str | None
    restored: int
    kept: int


class Reratings(Answer):
    """Every run, the newest first."""

    data: list[Rerating]


class DiffLine(Answer):
    """What a run changes for one day, subject, cost centre, old and new model."""

    day: date
    subject: str
    name: str | None
    model: str
    model_after: str | None = None
    cost_centre: str
    calls: int
    changed: int
    before: Money | None
    after: Money | None
    delta: Money
    newly_priced: int
    newly_unpriced: int
    unpriced_before: int | None = None
    unpriced_after: int | None = None
    billed_before: Money | None = None
    billed_after: Money | None = None
    billed_delta: Money | None = None


class ReratingDetail(Rerating):
    """One run with its diff."""

    billing_currency: str | None
    report_sha256: str | None
    lines: list[DiffLine]
