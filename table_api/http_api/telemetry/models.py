"""The JSON of what Application Insights holds."""

from datetime import date, datetime
from typing import Literal

from table_api.http_api.conventions.models import Answer, Head, Money, Page


class TelemetryHead(Head):
    """What every answer about a range says of itself."""

    published_until: datetime | None


class TelemetryUsageLine(Answer):
    """One day and model, as Application Insights and the ledger have it."""

    day: date
    model: str
    calls: int
    charge: Money | None
    ledger_calls: int
    ledger_charge: Money | None
    is_equal: bool
    errors: int
    unpriced_calls: int
    no_usage_calls: int
    pending_calls: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int


class TelemetryUsage(TelemetryHead):
    """A subject's usage."""

    subject: str
    name: str | None
    cost_centre: str | None
    data: list[TelemetryUsageLine]


class TelemetrySession(Answer):
    """One session of a subject."""

    session: str | None
    first: datetime
    last: datetime
    calls: int
    errors: int
    charge: Money | None
    input_tokens: int
    output_tokens: int


class TelemetrySessions(TelemetryHead):
    """A subject's sessions, the last first."""

    subject: str
    name: str | None
    cost_centre: str | None
    more: bool
    data: list[TelemetrySession]


class TelemetryCall(Answer):
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
    charge: Money | None
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


class TelemetryCalls(TelemetryHead):
    """A page of a subject's calls."""

    subject: str
    name: str | None
    cost_centre: str | None
    partial: bool
    data: list[TelemetryCall]
    page: Page


class TraceStep(Answer):
    """One step of a call, for a waterfall."""

    step: Literal["gateway", "model", "metering", "correction"]
    name: str
    start: datetime
    duration_ms: int | None
    status: str | None
    id: str | None
    parent: str | None


class TraceRow(Answer):
    """One row of a call's chain, and whether Application Insights has it."""

    revision: int
    recorded_at: datetime
    state: str
    charge: Money | None
    correction: str | None
    copies: int


class TelemetryTrace(Answer):
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


class TopLine(Answer):
    """One of the dearest; `rest` are all others together."""

    group: str | None
    name: str | None
    subject: str | None
    calls: int
    charge: Money | None
    input_tokens: int
    output_tokens: int


class TelemetryTop(TelemetryHead):
    """Who, or what, costs most."""

    by: str
    data: list[TopLine]
    rest: TopLine
    totals: TopLine


class TokenHourLine(Answer):
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


class TelemetryTokens(TelemetryHead):
    """A cross-check of tokens, not a bill."""

    data: list[TokenHourLine]


class ReconciledDay(Answer):
    """One charge day on its way: the ledger, what was sent, and what Application Insights has."""

    day: date
    state: Literal["equal", "behind", "arriving", "differs", "not_kept"]
    ledger_calls: int
    ledger_charge: Money
    published_calls: int
    published_charge: Money
    insights_calls: int
    insights_charge: Money
    cells: int
    behind_cells: int
    arriving_cells: int
    differing_cells: int
    refused_rows: int
    copies: int
    conflicts: int
    sampled: int


class Reconciliation(TelemetryHead):
    """The comparison, by day."""

    is_equal: bool
    data: list[ReconciledDay]
