"""The answers about re-rating runs and people; docs/api.md says what each field means."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from table_api.rerating.run import RunState
from table_api.responses import Money

RunId = Annotated[str, Field(pattern=r"^r[0-9a-f]{12}$")]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RunScope(_Answer):
    """Which calls a run looked at."""

    from_day: date
    to_day: date
    subject: str | None
    model: str | None
    cost_centre: str | None


class Rerating(_Answer):
    """One re-rating run."""

    run: RunId
    state: RunState
    scope: RunScope
    book_version: str
    engine_version: str
    currency: str
    calls: int
    changed: int
    before: Money
    after: Money
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


class Reratings(_Answer):
    """Every run, the newest first."""

    data: list[Rerating]


class DiffLine(_Answer):
    """What a run changes for one day, subject, model and cost centre."""

    day: date
    subject: str
    model: str
    cost_centre: str
    calls: int
    changed: int
    before: Money
    after: Money
    delta: Money
    newly_priced: int
    newly_unpriced: int
    billed_before: Money | None = None
    billed_after: Money | None = None
    billed_delta: Money | None = None


class ReratingDetail(Rerating):
    """One run with its diff."""

    billing_currency: str | None
    lines: list[DiffLine]


class PersonRow(_Answer):
    """What holds for a subject from a day on."""

    subject: str
    display_name: str | None
    cost_centre: str | None
    valid_from: date


class People(_Answer):
    """Everybody, by subject and day."""

    data: list[PersonRow]


class Regrouping(_Answer):
    """Calls of one subject and month that an import of people gave another cost centre."""

    recorded_at: datetime
    subject: str
    first_day: date
    last_day: date
    before: str | None
    after: str | None
    calls: int
    charge: Money
    repriced: int
    delta: Money
    not_compared: int
    closed: bool


class Regroupings(_Answer):
    """The newest import first."""

    currency: str
    data: list[Regrouping]
