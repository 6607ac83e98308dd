"""The API's answers about re-rating runs, as far as the page shows them."""

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct


class RunScope(Struct, frozen=True, kw_only=True):
    """Charge days `[from_day, to_day)`, and what narrows them."""

    from_day: date
    to_day: date
    subject: str | None = None
    model: str | None = None
    cost_centre: str | None = None


class Run(Struct, frozen=True, kw_only=True):
    """One re-rating run."""

    run: str
    state: str
    scope: RunScope
    book_version: str
    currency: str
    calls: int
    changed: int
    before: Decimal | None
    after: Decimal | None
    delta: Decimal
    newly_priced: int
    newly_unpriced: int
    staged_at: datetime
    written: int
    left_alone: int
    restored: int
    kept: int
    approved_by: str | None = None
    approved_at: datetime | None = None
    why: str | None = None
    applied_at: datetime | None = None
    reverted_by: str | None = None
    reverted_at: datetime | None = None
    revert_why: str | None = None


class Runs(Struct, frozen=True, kw_only=True):
    data: list[Run]


class DiffLine(Struct, frozen=True, kw_only=True):
    """What a run changes for one day, subject, cost centre, old and new model."""

    day: date
    subject: str
    model: str
    cost_centre: str
    calls: int
    changed: int
    before: Decimal | None
    after: Decimal | None
    delta: Decimal
    newly_priced: int
    name: str | None = None
    model_after: str | None = None
    unpriced_before: int | None = None
    unpriced_after: int | None = None


class RunDetail(Run, frozen=True, kw_only=True):
    lines: list[DiffLine]


class Regrouping(Struct, frozen=True, kw_only=True):
    """Calls of one subject and month that an import of people gave another cost centre."""

    recorded_at: datetime
    subject: str
    first_day: date
    last_day: date
    calls: int
    charge: Decimal
    repriced: int
    delta: Decimal
    closed: bool
    not_compared: int = 0
    before: str | None = None
    after: str | None = None


class Regroupings(Struct, frozen=True, kw_only=True):
    currency: str
    data: list[Regrouping]
