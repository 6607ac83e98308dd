"""Answers about usage.

Made from the OpenAPI document by `python -m chargeback.client_code`.
"""

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct, field

from chargeback_client.answers.shared import Cost, Page, Totals, UsageLine


class Gone(Struct, frozen=True, kw_only=True):
    """Subjects without usage in the range that had some in the days it is compared with."""

    subjects: int
    earlier_charge: Decimal | None


class SubjectLine(Struct, frozen=True, kw_only=True):
    """One subject of the list."""

    calls: int
    errors: int
    unpriced_calls: int
    no_usage_calls: int
    excluding_calls: int
    pending_calls: int
    failed_calls: int
    units: dict[str, int]
    cost: Cost | None
    subject: str
    name: str | None
    cost_centre: str | None
    first_day: date
    last_day: date
    active_days: int
    earlier_charge: Decimal | None = None


class Usage(Struct, frozen=True, kw_only=True):
    """The usage report."""

    from_: date = field(name="from")
    to: date
    zone: str
    currency: str
    billing_currency: str | None = None
    newest_call: datetime | None
    data: list[UsageLine]
    totals: Totals


class Subjects(Struct, frozen=True, kw_only=True):
    """The list of subjects; totals are those of the whole list, not of the page."""

    from_: date = field(name="from")
    to: date
    zone: str
    currency: str
    billing_currency: str | None = None
    subjects: int
    data: list[SubjectLine]
    totals: Totals
    gone: Gone | None = None
    page: Page
