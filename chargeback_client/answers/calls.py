"""Answers about calls.

Made from the OpenAPI document by `python -m chargeback.client_code`.
"""

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct, field

from chargeback_client.answers.shared import Cost, Page


class AdjustmentLine(Struct, frozen=True, kw_only=True):
    """What one rule above the base price did to the call's total."""

    rule_id: str
    layer: str
    factor: str | None
    delta: Decimal


class Origin(Struct, frozen=True, kw_only=True):
    """Where in Event Hubs the call's event stood."""

    hub: str
    partition: str
    sequence_number: int
    enqueued_time: datetime


class ChargeLine(Struct, frozen=True, kw_only=True):
    """One unit of a call: quantity × unit price = list, then the layers above it."""

    unit: str
    quantity: int
    unit_price: Decimal
    unit_price_per_million: Decimal
    list_: Decimal = field(name="list")
    contracted: Decimal
    charge: Decimal


class Explanation(Struct, frozen=True, kw_only=True):
    """Why the call costs what it costs."""

    book_version: str
    base_rule_id: str | None
    tier: int | None
    lines: list[ChargeLine]
    adjustments: list[AdjustmentLine]


class ChainRow(Struct, frozen=True, kw_only=True):
    """The call after its n-th row: 0 is the entry, each further one a correction."""

    n: int
    recorded_at: datetime
    reason: str | None
    run: str | None
    run_by: str | None
    state: str
    book_version: str
    units: dict[str, int]
    tokens_from: str | None
    before: Cost | None
    cost: Cost | None


class FoundCall(Struct, frozen=True, kw_only=True):
    """One call of a list over everybody."""

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
    subject: str
    name: str | None
    cost_centre: str | None


class FoundCalls(Struct, frozen=True, kw_only=True):
    """Calls of everybody whom the caller sees, the newest first."""

    from_: date = field(name="from")
    to: date
    zone: str
    currency: str
    billing_currency: str | None = None
    facts_from: datetime | None
    data: list[FoundCall]
    page: Page


class CallDetail(Struct, frozen=True, kw_only=True):
    """One call with the evidence of its cost."""

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
    zone: str
    currency: str
    billing_currency: str | None = None
    subject: str
    name: str | None
    cost_centre: str | None
    api: str | None
    region: str | None
    service_tier: str | None
    product: str | None
    subscription: str | None
    provider: str | None
    model_version: str | None
    deployment_type: str | None
    response_id: str | None
    reported_model: str | None
    served_deployment: str | None
    backend_host: str | None
    requested_tier: str | None
    alias_unconfirmed: bool
    trace_id: str | None
    tokens_from: str | None
    tokens_corrected: bool
    origin: Origin
    explanation: Explanation
    chain: list[ChainRow]
