"""Answers about shared.

Made from the OpenAPI document by `python -m chargeback.client_code`.
"""

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct, field


class Cost(Struct, frozen=True, kw_only=True):
    """One amount in its layers."""

    list_: Decimal = field(name="list")
    contracted: Decimal
    charge: Decimal
    billed: Decimal | None = None


class Page(Struct, frozen=True, kw_only=True):
    """Where a list goes on."""

    next_cursor: str | None
    limit: int


class Totals(Struct, frozen=True, kw_only=True):
    """Counts, quantities and cost of any number of calls."""

    calls: int
    errors: int
    unpriced_calls: int
    no_usage_calls: int
    excluding_calls: int
    pending_calls: int
    failed_calls: int
    units: dict[str, int]
    cost: Cost | None


class UsageLine(Struct, frozen=True, kw_only=True):
    """Totals of one group; a dimension that was not grouped by is absent."""

    calls: int
    errors: int
    unpriced_calls: int
    no_usage_calls: int
    excluding_calls: int
    pending_calls: int
    failed_calls: int
    units: dict[str, int]
    cost: Cost | None
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


class SubjectUsage(Struct, frozen=True, kw_only=True):
    """The usage report of one subject."""

    from_: date = field(name="from")
    to: date
    zone: str
    currency: str
    billing_currency: str | None = None
    subject: str
    name: str | None
    cost_centre: str | None
    data: list[UsageLine]
    totals: Totals


class Call(Struct, frozen=True, kw_only=True):
    """One call as a list shows it, in its last state."""

    id: str
    call_id: str
    time: datetime
    day: date
    model: str
    deployment: str | None
    operation: str
    status: int
    stream: bool
    state: str
    reason: str | None
    units: dict[str, int]
    cost: Cost | None
    excludes: list[str]
    duration_ms: int | None
    session: str | None


class Calls(Struct, frozen=True, kw_only=True):
    """A subject's calls in the order of their time."""

    from_: date = field(name="from")
    to: date
    zone: str
    currency: str
    billing_currency: str | None = None
    subject: str
    name: str | None
    cost_centre: str | None
    data: list[Call]
    page: Page
