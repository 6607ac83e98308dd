"""Answers about reratings.

Made from the OpenAPI document by `python -m chargeback.client_code`.
"""

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct


class DiffLine(Struct, frozen=True, kw_only=True):
    """What a run changes for one day, subject, cost centre, old and new model."""

    day: date
    subject: str
    name: str | None
    model: str
    model_after: str | None = None
    cost_centre: str
    calls: int
    changed: int
    before: Decimal | None
    after: Decimal | None
    delta: Decimal
    newly_priced: int
    newly_unpriced: int
    unpriced_before: int | None = None
    unpriced_after: int | None = None
    billed_before: Decimal | None = None
    billed_after: Decimal | None = None
    billed_delta: Decimal | None = None


class RunScope(Struct, frozen=True, kw_only=True):
    """Which calls a run looked at."""

    from_day: date
    to_day: date
    subject: str | None
    model: str | None
    cost_centre: str | None


class Rerating(Struct, frozen=True, kw_only=True):
    """One re-rating run."""

    run: str
    state: str
    scope: RunScope
    book_version: str
    engine_version: str
    currency: str
    calls: int
    changed: int
    before: Decimal | None
    after: Decimal | None
    delta: Decimal
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


class ReratingDetail(Struct, frozen=True, kw_only=True):
    """One run with its diff."""

    run: str
    state: str
    scope: RunScope
    book_version: str
    engine_version: str
    currency: str
    calls: int
    changed: int
    before: Decimal | None
    after: Decimal | None
    delta: Decimal
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
    billing_currency: str | None
    report_sha256: str | None
    lines: list[DiffLine]


class Reratings(Struct, frozen=True, kw_only=True):
    """Every run, the newest first."""

    data: list[Rerating]
