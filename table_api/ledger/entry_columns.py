"""The columns of a chain's rows: of a LedgerEntry and of its corrections. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from pricing_rules.types import PricedCall, Usage
from table_api.ledger.entries import Effect
from table_api.ledger.measures import encode_measures
from table_api.ledger.posting import Posting
from table_api.storage.table_storage import Value
from table_api.storage.timestamp import timestamp


@dataclass(frozen=True, slots=True)
class Because:
    """Why a chain goes on."""

    correction: str
    """`stronger report`, `moved`, `re-rating` or `revert`."""
    run: str | None = None
    """Re-rating run."""
    by: str | None = None
    """Who approved or reverted the run, or took the call out."""


def entry_columns(
    posting: Posting, effects: Sequence[Effect], *, recorded_at: datetime
) -> dict[str, Value]:
    """The columns of a new entry. Its effect is its own state, so it needs no column of its own."""
    columns = _state_columns(posting, effects, recorded_at)
    if posting.cell is None:
        columns["effects"] = "[]"
    return columns


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
    columns = _facts(posting)
    columns.update(encode_measures(posting.measures))
    columns["fingerprint"] = posting.report.fingerprint
    columns["day"] = posting.day.isoformat()
    if posting.cell is not None:
        columns["cell"] = posting.cell
        [columns["rev"]] = [effect.rev for effect in effects if effect.cell == posting.cell]
    columns["recorded_at"] = timestamp(recorded_at)
    return columns


def _facts(posting: Posting) -> dict[str, Value]:
    """What is said of the call beside sums; what is not known makes no column."""
    priced, origin = posting.call.priced, posting.call.origin
    event = priced.event
    usage, caller, replaced = event.usage, event.caller, event.replaces
    one_currency = priced.billing_currency == priced.pricing_currency
    facts: dict[str, Value | None] = {
        "call_id": event.id,
        "subject": event.subject,
        "time": timestamp(event.time),
        "state": priced.state.value,
        "status": event.status,
        "stream": event.stream,
        "operation": event.operation.value,
        "rank": int(event.rank),
        "tokens": posting.report.strength[1],
        "book_version": priced.book_version,
        "currency": priced.pricing_currency,
        "hub": origin.hub,
        "partition": origin.partition,
        "sequence_number": origin.sequence_number,
        "enqueued_time": timestamp(origin.enqueued_time),
        "source": event.source,
        "billing_currency": None if one_currency else priced.billing_currency,
        "reasoning": (usage.reasoning or None) if usage else None,
        "adjustments": _adjustments_text(priced) if priced.adjustments else None,
        "reason": priced.reason,
        "base_rule": priced.base_rule_id,
        "tier": priced.tier,
        "provider": priced.provider,
        "model": priced.model,
        "model_version": priced.version,
        "deployment_type": priced.deployment_type,
        "cost_centre": priced.cost_centre,
        "reported_model": event.model,
        "deployment": event.deployment,
        "api": event.api,
        "region": event.region,
        "service_tier": event.service_tier,
        "product": caller.product,
        "subscription": caller.subscription,
        "tenant": caller.tid,
        "application": caller.azp,
        "response_id": event.response_id,
        "session": event.session,
        "traceparent": event.traceparent,
        "duration_ms": event.duration_ms,
        "completed_from": ",".join(event.completed_from) or None,
        "excludes": ",".join(priced.excludes) or None,
        "usage_excludes": _unsaid_excludes(priced),
        "caveats": _caveats_text(usage),
        "replaced_subject": replaced.subject if replaced else None,
        "replaced_time": timestamp(replaced.time) if replaced else None,
        "alias_unconfirmed": True if priced.alias_unconfirmed else None,
        "served_deployment": event.served_deployment,
        "spillover_from": event.spillover_from,
        "backend_host": event.backend_host,
        "cache": event.cache,
        "requested_tier": event.requested_tier,
        "body_unread": event.body_unread,
        "background": True if event.background else None,
        "response_status": event.response_status,
        "tools_requested": _json_text(event.tools_requested),
        "tool_calls": _json_text(event.tool_calls),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _json_text(said: Sequence[object]) -> str | None:
    return msgspec.json.encode(said).decode() if said else None


def _unsaid_excludes(priced: PricedCall) -> str | None:
    """What the source of the counts could not tell of a call without a cost: with another book it
    may have one.
    """
    usage = priced.event.usage
    return None if usage is None or priced.charges else ",".join(usage.excludes) or None


def _caveats_text(usage: Usage | None) -> str | None:
    """Why counts alone may not set the price: a later book may know, and re-rates by this."""
    if usage is None or usage.caveats is None:
        return None
    return msgspec.json.encode(usage.caveats).decode()


def _adjustments_text(priced: PricedCall) -> str:
    return msgspec.json.encode(
        [[step.rule_id, step.layer, step.factor, str(step.delta)] for step in priced.adjustments]
    ).decode()
