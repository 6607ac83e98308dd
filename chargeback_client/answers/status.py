"""Answers about status.

Made from the OpenAPI document by `python -m chargeback.client_code`.
"""

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct, field


class Audit(Struct, frozen=True, kw_only=True):
    """The last audit of the ledger."""

    at: datetime
    ok: bool
    calls: int
    cells: int
    moving: int
    problems: list[str]


class CompletenessLine(Struct, frozen=True, kw_only=True):
    """One hour of one model behind one API."""

    gateway_calls: int
    logged: int
    usage_events: int
    posted: int
    completed: int
    recovered: int
    pending: int
    cached: int
    no_usage: int
    failed: int
    unattributed: int
    unpriced: int
    without_cache_writes: int
    without_details: int
    without_modality: int
    without_tool_fees: int
    without_tier: int
    estimated_tokens: int
    alias_unconfirmed: int
    waiting: int
    waiting_failed: int
    refused: int
    refused_unreported: int
    dead_lettered: int
    compared: int
    mismatched: int
    two_callers: int
    reported_tokens: int
    logged_tokens: int
    counted: int
    zero_completions: int
    oldest_waiting: datetime | None
    recovered_charge: Decimal
    unattributed_charge: Decimal
    waiting_estimate: Decimal | None
    no_usage_estimate: Decimal | None
    pending_estimate: Decimal | None
    unpriced_estimate: Decimal | None
    unestimated: int
    hour: datetime
    api: str | None
    model: str | None


class CompletenessModel(Struct, frozen=True, kw_only=True):
    """One model over the whole range."""

    gateway_calls: int
    logged: int
    usage_events: int
    posted: int
    completed: int
    recovered: int
    pending: int
    cached: int
    no_usage: int
    failed: int
    unattributed: int
    unpriced: int
    without_cache_writes: int
    without_details: int
    without_modality: int
    without_tool_fees: int
    without_tier: int
    estimated_tokens: int
    alias_unconfirmed: int
    waiting: int
    waiting_failed: int
    refused: int
    refused_unreported: int
    dead_lettered: int
    compared: int
    mismatched: int
    two_callers: int
    reported_tokens: int
    logged_tokens: int
    counted: int
    zero_completions: int
    oldest_waiting: datetime | None
    recovered_charge: Decimal
    unattributed_charge: Decimal
    waiting_estimate: Decimal | None
    no_usage_estimate: Decimal | None
    pending_estimate: Decimal | None
    unpriced_estimate: Decimal | None
    unestimated: int
    model: str | None


class CompletenessSums(Struct, frozen=True, kw_only=True):
    """Counts of calls; docs/api.md says what each means."""

    gateway_calls: int
    logged: int
    usage_events: int
    posted: int
    completed: int
    recovered: int
    pending: int
    cached: int
    no_usage: int
    failed: int
    unattributed: int
    unpriced: int
    without_cache_writes: int
    without_details: int
    without_modality: int
    without_tool_fees: int
    without_tier: int
    estimated_tokens: int
    alias_unconfirmed: int
    waiting: int
    waiting_failed: int
    refused: int
    refused_unreported: int
    dead_lettered: int
    compared: int
    mismatched: int
    two_callers: int
    reported_tokens: int
    logged_tokens: int
    counted: int
    zero_completions: int
    oldest_waiting: datetime | None
    recovered_charge: Decimal
    unattributed_charge: Decimal
    waiting_estimate: Decimal | None
    no_usage_estimate: Decimal | None
    pending_estimate: Decimal | None
    unpriced_estimate: Decimal | None
    unestimated: int


class DeadLetterRow(Struct, frozen=True, kw_only=True):
    """One event that waits for somebody to look at it."""

    id: str
    hub: str
    partition: str
    sequence_number: int
    enqueued_time: datetime
    recorded_at: datetime
    reason: str
    field: str
    message: str
    event_id: str | None
    body_bytes: int


class Health(Struct, frozen=True, kw_only=True):
    """The API and its storage answer."""

    status: str | None = None
    zone: str
    currency: str
    auth_mode: str


class DeadLetters(Struct, frozen=True, kw_only=True):
    """The open dead letters of both hubs, by hub, partition and sequence number."""

    complete: bool
    data: list[DeadLetterRow]


class PartitionProgress(Struct, frozen=True, kw_only=True):
    """How far metering is in one partition of the hub."""

    hub: str
    consumer_group: str
    partition: str
    sequence_number: int
    enqueued_time: datetime | None
    passed: datetime | None
    recorded_at: datetime
    counts: dict[str, int]


class Completeness(Struct, frozen=True, kw_only=True):
    """What each path missed."""

    from_: date = field(name="from")
    to: date
    zone: str
    currency: str
    billing_currency: str | None = None
    ledger_calls: int
    facts_from: datetime | None
    newest_usage_event: datetime | None
    newest_diagnostics: datetime | None
    dead_letters_complete: bool
    data: list[CompletenessLine]
    models: list[CompletenessModel]
    totals: CompletenessSums
    unmetered: dict[str, int]


class Metering(Struct, frozen=True, kw_only=True):
    """The state of metering; totals are the partitions' counts, summed."""

    partitions: list[PartitionProgress]
    passed: datetime | None
    totals: dict[str, int]
    waiting: int
    dead_letters_open: int
    dead_letters_complete: bool
    audit: Audit | None
