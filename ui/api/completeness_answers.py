"""The API's answer on completeness as typed values; docs/api.md says what each count means."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from ui.api.usage_answers import Head


class Sums(Struct, frozen=True, kw_only=True):
    """`gateway_calls` is the sum of `posted`, `waiting` and `refused`."""

    gateway_calls: int
    logged: int
    usage_events: int
    posted: int
    completed: int
    recovered: int
    pending: int
    cached: int
    no_usage: int
    failed: int = 0
    """Among `no_usage`; an API of an earlier release does not count them."""
    unattributed: int
    unpriced: int
    without_cache_writes: int
    waiting: int
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


class HourLine(Sums, frozen=True, kw_only=True):
    hour: datetime
    """The beginning of the hour."""
    api: str | None
    model: str | None


class ModelLine(Sums, frozen=True, kw_only=True):
    model: str | None


class Completeness(Head, frozen=True, kw_only=True):
    ledger_calls: int
    """Calls according to the ledger's daily totals."""
    facts_from: datetime | None
    """Calls of earlier hours do not appear."""
    newest_usage_event: datetime | None
    newest_diagnostics: datetime | None
    """The time up to which pairing has read the gateway's log."""
    dead_letters_complete: bool
    """False: there are more dead letters than were counted among."""
    data: list[HourLine]
    models: list[ModelLine]
    totals: Sums
    unmetered: dict[str, int]
    """Requests that are billed and that nobody counts per call, by operation."""
