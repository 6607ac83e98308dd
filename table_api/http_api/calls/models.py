"""The JSON of calls."""

from datetime import date, datetime
from enum import StrEnum

from pricing_rules.types import CallState, Exclusion, Operation
from pricing_rules.units import Unit
from table_api.http_api.conventions.models import Answer, Cost, Head, Money, Page, Units


class TokenSource(StrEnum):
    """Who counted the tokens of a call."""

    MODEL = "model"
    """The model's own answer."""
    GATEWAY_LOG = "gateway_log"
    """The gateway's log, which repeats what the model said, but not all of it."""
    ESTIMATED = "estimated"
    """The gateway, by an estimate: the model reported none."""


class Call(Answer):
    """One call as a list shows it, in its last state."""

    id: str
    call_id: str
    time: datetime
    day: date
    model: str
    deployment: str | None
    operation: Operation
    status: int
    stream: bool
    state: CallState
    reason: str | None
    units: Units
    cost: Cost | None
    excludes: list[Exclusion]
    duration_ms: int | None
    session: str | None


class Calls(Head):
    """A subject's calls in the order of their time."""

    subject: str
    name: str | None
    cost_centre: str | None
    data: list[Call]
    page: Page


class FoundCall(Call):
    """One call of a list over everybody."""

    subject: str
    name: str | None
    cost_centre: str | None


class FoundCalls(Head):
    """Calls of everybody whom the caller sees, the newest first."""

    facts_from: datetime | None
    data: list[FoundCall]
    page: Page


class Origin(Answer):
    """Where in Event Hubs the call's event stood."""

    hub: str
    partition: str
    sequence_number: int
    enqueued_time: datetime


class ChargeLine(Answer):
    """One unit of a call: quantity × unit price = list, then the layers above it."""

    unit: Unit
    quantity: int
    unit_price: Money
    unit_price_per_million: Money
    list: Money
    contracted: Money
    charge: Money


class AdjustmentLine(Answer):
    """What one rule above the base price did to the call's total."""

    rule_id: str
    layer: str
    factor: str | None
    delta: Money


class Explanation(Answer):
    """Why the call costs what it costs."""

    book_version: str
    base_rule_id: str | None
    tier: int | None
    lines: list[ChargeLine]
    adjustments: list[AdjustmentLine]


class ChainRow(Answer):
    """The call after its n-th row: 0 is the entry, each further one a correction."""

    n: int
    recorded_at: datetime
    reason: str | None
    run: str | None
    run_by: str | None
    state: CallState
    book_version: str
    units: Units
    tokens_from: TokenSource | None
    before: Cost | None
    cost: Cost | None


class CallDetail(Call):
    """One call with the evidence of its cost."""

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
    tokens_from: TokenSource | None
    tokens_corrected: bool
    origin: Origin
    explanation: Explanation
    chain: list[ChainRow]
