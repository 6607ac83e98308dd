"""Answers about telemetry.

Made from the OpenAPI document by `python -m chargeback.client_code`.
"""

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct, field

from chargeback_client.answers.shared import Page


class ReconciledDay(Struct, frozen=True, kw_only=True):
    """One charge day on its way: the ledger, what was sent, and what Application Insights has."""

    day: date
    state: str
    ledger_calls: int
    ledger_charge: Decimal
    published_calls: int
    published_charge: Decimal
    insights_calls: int
    insights_charge: Decimal
    cells: int
    behind_cells: int
    arriving_cells: int
    differing_cells: int
    refused_rows: int
    copies: int
    conflicts: int
    sampled: int


class TelemetryCall(Struct, frozen=True, kw_only=True):
    """One call, with what gateway and model said of it."""

    id: str | None
    call_id: str
    time: datetime
    session: str | None
    revision: int
    deployment: str | None
    model: str
    operation: str
    state: str
    reason: str | None
    status: int | None
    charge: Decimal | None
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    recorded_at: datetime | None
    trace_id: str
    gateway_status: str | None
    gateway_ms: int | None
    backend_status: str | None
    backend_ms: int | None
    backend_target: str | None
    backend_tries: int


class TelemetrySession(Struct, frozen=True, kw_only=True):
    """One session of a subject."""

    session: str | None
    first: datetime
    last: datetime
    calls: int
    errors: int
    charge: Decimal | None
    input_tokens: int
    output_tokens: int


class TelemetryUsageLine(Struct, frozen=True, kw_only=True):
    """One day and model, as Application Insights and the ledger have it."""

    day: date
    model: str
    calls: int
    charge: Decimal | None
    ledger_calls: int
    ledger_charge: Decimal | None
    is_equal: bool
    errors: int
    unpriced_calls: int
    no_usage_calls: int
    pending_calls: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int


class TokenHourLine(Struct, frozen=True, kw_only=True):
    """One hour, API and operation, as the gateway's metric and the ledger's calls count it."""

    hour: datetime
    api: str | None
    operation: str | None
    metric_prompt: int
    metric_completion: int
    metric_total: int
    ledger_calls: int
    ledger_input: int
    ledger_output: int


class TopLine(Struct, frozen=True, kw_only=True):
    """One of the dearest; `rest` are all others together."""

    group: str | None
    name: str | None
    subject: str | None
    calls: int
    charge: Decimal | None
    input_tokens: int
    output_tokens: int


class TraceRow(Struct, frozen=True, kw_only=True):
    """One row of a call's chain, and whether Application Insights has it."""

    revision: int
    recorded_at: datetime
    state: str
    charge: Decimal | None
    correction: str | None
    copies: int


class TraceStep(Struct, frozen=True, kw_only=True):
    """One step of a call, for a waterfall."""

    step: str
    name: str
    start: datetime
    duration_ms: int | None
    status: str | None
    id: str | None
    parent: str | None


class Reconciliation(Struct, frozen=True, kw_only=True):
    """The comparison, by day."""

    from_: date = field(name="from")
    to: date
    zone: str
    currency: str
    billing_currency: str | None = None
    published_until: datetime | None
    is_equal: bool
    data: list[ReconciledDay]


class TelemetrySessions(Struct, frozen=True, kw_only=True):
    """A subject's sessions, the last first."""

    from_: date = field(name="from")
    to: date
    zone: str
    currency: str
    billing_currency: str | None = None
    published_until: datetime | None
    subject: str
    name: str | None
    cost_centre: str | None
    more: bool
    data: list[TelemetrySession]


class TelemetryTokens(Struct, frozen=True, kw_only=True):
    """A cross-check of tokens, not a bill."""

    from_: date = field(name="from")
    to: date
    zone: str
    currency: str
    billing_currency: str | None = None
    published_until: datetime | None
    data: list[TokenHourLine]


class TelemetryTop(Struct, frozen=True, kw_only=True):
    """Who, or what, costs most."""

    from_: date = field(name="from")
    to: date
    zone: str
    currency: str
    billing_currency: str | None = None
    published_until: datetime | None
    by: str
    data: list[TopLine]
    rest: TopLine
    totals: TopLine


class TelemetryUsage(Struct, frozen=True, kw_only=True):
    """A subject's usage."""

    from_: date = field(name="from")
    to: date
    zone: str
    currency: str
    billing_currency: str | None = None
    published_until: datetime | None
    subject: str
    name: str | None
    cost_centre: str | None
    data: list[TelemetryUsageLine]


class TelemetryCalls(Struct, frozen=True, kw_only=True):
    """A page of a subject's calls."""

    from_: date = field(name="from")
    to: date
    zone: str
    currency: str
    billing_currency: str | None = None
    published_until: datetime | None
    subject: str
    name: str | None
    cost_centre: str | None
    partial: bool
    data: list[TelemetryCall]
    page: Page


class TelemetryTrace(Struct, frozen=True, kw_only=True):
    """One call from the gateway to the ledger."""

    id: str
    call_id: str
    subject: str
    name: str | None
    time: datetime
    session: str | None
    model: str
    currency: str
    trace_ids: list[str]
    gateway_found: bool
    partial: bool
    published_until: datetime | None
    steps: list[TraceStep]
    rows: list[TraceRow]
