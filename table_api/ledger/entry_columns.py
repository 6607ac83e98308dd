"""The columns of a chain's rows: of a LedgerEntry and of its corrections. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import msgspec
from msgspec.structs import asdict

from pricing_rules.types import RULE_EXCLUSIONS, PricedCall, Usage
from table_api.ledger.entries import Effect
from table_api.ledger.measures import MEASURE_AMOUNTS, encode_measures, without_zeros
from table_api.ledger.posting import Posting
from table_api.storage.table_storage import ColumnsText, Value
from table_api.storage.timestamp import timestamp
from table_api.storage.transaction import columns_text


@dataclass(frozen=True, slots=True)
class Because:
    """Why a chain goes on."""

    correction: str
    """`stronger report`, `moved`, `re-rating` or `revert`."""
    run: str | None = None
    """Re-rating run."""
    by: str | None = None
    """Who approved or reverted the run, or took the call out."""


class EntryFacts(msgspec.Struct, omit_defaults=True, gc=False):
    """The columns of a chain's row that are no numbers; what is not known makes none."""

    call_id: str
    subject: str
    time: str
    state: str
    stream: bool
    operation: str
    book_version: str
    currency: str
    hub: str
    partition: str
    enqueued_time: str
    source: str
    fingerprint: str
    day: str
    recorded_at: str
    cell: str | None = None
    billing_currency: str | None = None
    adjustments: str | None = None
    reason: str | None = None
    base_rule: str | None = None
    provider: str | None = None
    model: str | None = None
    model_version: str | None = None
    deployment_type: str | None = None
    cost_centre: str | None = None
    reported_model: str | None = None
    deployment: str | None = None
    api: str | None = None
    region: str | None = None
    service_tier: str | None = None
    product: str | None = None
    subscription: str | None = None
    tenant: str | None = None
    application: str | None = None
    response_id: str | None = None
    session: str | None = None
    traceparent: str | None = None
    completed_from: str | None = None
    excludes: str | None = None
    usage_excludes: str | None = None
    caveats: str | None = None
    replaced_subject: str | None = None
    replaced_time: str | None = None
    alias_unconfirmed: bool | None = None
    served_deployment: str | None = None
    spillover_from: str | None = None
    backend_host: str | None = None
    cache: str | None = None
    requested_tier: str | None = None
    body_unread: str | None = None
    background: bool | None = None
    response_status: str | None = None
    tools_requested: str | None = None
    tool_calls: str | None = None


def entry_columns(
    posting: Posting, effects: Sequence[Effect], *, recorded_at: datetime
) -> Mapping[str, Value]:
    """The columns of a new entry. Its effect is its own state, so it needs no column of its own."""
    columns = _state_columns(posting, effects, recorded_at)
    if posting.cell is None:
        columns["effects"] = "[]"
    return columns


def entry_row(
    posting: Posting, rev: int, *, recorded_at: datetime
) -> Mapping[str, Value] | ColumnsText:
    """The columns of a new entry that counts in its cell at `rev`, written at once where that can
    be, since metering does so for every call.
    """
    numbers = _numbers(posting)
    numbers["rev"] = rev
    text = columns_text(_facts(posting, recorded_at), numbers, as_text=MEASURE_AMOUNTS)
    if text is not None:
        return text
    effect = Effect(posting.cell or "", rev, posting.measures)
    return entry_columns(posting, [effect], recorded_at=recorded_at)


def correction_columns(
    posting: Posting, effects: Sequence[Effect], *, because: Because, recorded_at: datetime
) -> dict[str, Value]:
    """The columns of a correction: the state after it, and what it changed."""
    columns = _state_columns(posting, effects, recorded_at)
    columns["correction"] = because.correction
    if because.run is not None:
        columns["run"] = because.run
    if because.by is not None:
        columns["run_by"] = because.by
    columns["effects"] = msgspec.json.encode(
        [[effect.cell, effect.rev, encode_measures(effect.delta)] for effect in effects]
    ).decode()
    return columns


def _state_columns(
    posting: Posting, effects: Sequence[Effect], recorded_at: datetime
) -> dict[str, Value]:
    facts = asdict(_facts(posting, recorded_at))
    columns = {name: value for name, value in facts.items() if value is not None}
    for name, number in _numbers(posting).items():
        columns[name] = str(number) if name in MEASURE_AMOUNTS else number
    if posting.cell is not None:
        [columns["rev"]] = [effect.rev for effect in effects if effect.cell == posting.cell]
    return columns


def _numbers(posting: Posting) -> dict[str, int]:
    """The columns that are numbers, but for the cell's revision."""
    priced = posting.call.priced
    event, usage = priced.event, priced.event.usage
    numbers = without_zeros(posting.measures)
    numbers["status"] = event.status
    numbers["rank"] = int(event.rank)
    numbers["tokens"] = posting.report.strength[1]
    numbers["sequence_number"] = posting.call.origin.sequence_number
    if usage is not None and usage.reasoning:
        numbers["reasoning"] = usage.reasoning
    if priced.tier is not None:
        numbers["tier"] = priced.tier
    if event.duration_ms is not None:
        numbers["duration_ms"] = event.duration_ms
    return numbers


def _facts(posting: Posting, recorded_at: datetime) -> EntryFacts:
    """What is said of the call next to numbers."""
    priced, origin = posting.call.priced, posting.call.origin
    event = priced.event
    caller, replaced = event.caller, event.replaces
    one_currency = priced.billing_currency == priced.pricing_currency
    # By position, in the order of EntryFacts: so many names would take ten times as long.
    return EntryFacts(
        event.id,
        event.subject,
        posting.time,
        priced.state,
        event.stream,
        event.operation,
        priced.book_version,
        priced.pricing_currency,
        origin.hub,
        origin.partition,
        timestamp(origin.enqueued_time),
        event.source,
        posting.report.fingerprint,
        posting.day.isoformat(),
        _recorded_text(recorded_at),
        posting.cell,
        None if one_currency else priced.billing_currency,
        _adjustments_text(priced) if priced.adjustments else None,
        priced.reason,
        priced.base_rule_id,
        priced.provider,
        priced.model,
        priced.version,
        priced.deployment_type,
        priced.cost_centre,
        event.model,
        event.deployment,
        event.api,
        event.region,
        event.service_tier,
        caller.product,
        caller.subscription,
        caller.tid,
        caller.azp,
        event.response_id,
        event.session,
        event.traceparent,
        ",".join(event.completed_from) or None,
        ",".join(priced.excludes) or None,
        _unsaid_excludes(priced),
        _caveats_text(event.usage),
        replaced.subject if replaced else None,
        timestamp(replaced.time) if replaced else None,
        True if priced.alias_unconfirmed else None,
        event.served_deployment,
        event.spillover_from,
        event.backend_host,
        event.cache,
        event.requested_tier,
        event.body_unread,
        True if event.background else None,
        event.response_status,
        _json_text(event.tools_requested),
        _json_text(event.tool_calls),
    )


@lru_cache(maxsize=1)
def _recorded_text(recorded_at: datetime) -> str:
    """The same for all rows of a transaction."""
    return timestamp(recorded_at)


def _json_text(said: Sequence[object]) -> str | None:
    return msgspec.json.encode(said).decode() if said else None


def _unsaid_excludes(priced: PricedCall) -> str | None:
    """What the source of the counts could not tell, where `excludes` does not say it: of a call
    without a cost, since another book may price it, and where a rule may say the same.
    """
    usage = priced.event.usage
    if usage is None or not usage.excludes:
        return None
    if priced.charges and RULE_EXCLUSIONS.isdisjoint(usage.excludes):
        return None
    return ",".join(usage.excludes)


def _caveats_text(usage: Usage | None) -> str | None:
    """Why counts alone may not set the price: a later book may know, and re-rates by this."""
    if usage is None or usage.caveats is None:
        return None
    return msgspec.json.encode(usage.caveats).decode()


def _adjustments_text(priced: PricedCall) -> str:
    return msgspec.json.encode(
        [[step.rule_id, step.layer, step.factor, str(step.delta)] for step in priced.adjustments]
    ).decode()
