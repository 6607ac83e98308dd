"""A chain row back as the rated call that it was made from. Pure.

Only what no price depends on is gone: the caller's object id. So a call can be rated again, with
the same book for the same amounts, and an earlier state of a chain can be written once more.
"""

import hashlib
from typing import TypeVar

import msgspec

from pricing_rules.types import (
    CACHE_HIT,
    RULE_EXCLUSIONS,
    Adjustment,
    Caller,
    CallState,
    Charge,
    CountedAt,
    PricedCall,
    Rank,
    Usage,
    UsageEvent,
)
from pricing_rules.units import Unit
from table_api.ledger.entries import Effect, LedgerEntry
from table_api.ledger.entry_columns import entry_columns
from table_api.ledger.keys import LEDGER_TABLE
from table_api.ledger.measures import AMOUNT_COLUMNS, QUANTITY_COLUMNS, Measures
from table_api.ledger.posting import MeteredCall, Posting, is_unnamed
from table_api.storage.named_rows import UNREADABLE, unreadable
from table_api.storage.timestamp import parse_time

STATE_COLUMNS = (
    "cell",
    "state",
    "reason",
    "base_rule",
    "tier",
    "provider",
    "model",
    "model_version",
    "deployment_type",
    "cost_centre",
    "adjustments",
    "currency",
    "billing_currency",
)
"""With the measures: what rating has made of a call, and where it counts."""
_OF_RATES = frozenset({Unit.REASONING, Unit.REQUEST, Unit.ROUTER_INPUT})
"""Quantities that rating makes of reported ones, for the rules that price them."""
_WITH_USAGE = frozenset({Rank.GATEWAY_LOG, Rank.MODEL_USAGE})
_T = TypeVar("_T", bound=tuple[object, ...])


def recorded_event(entry: LedgerEntry) -> UsageEvent:
    """The report that the row stands on, without the caller's object id. Altered names a row that
    cannot be read.
    """
    try:
        return _event(entry)
    except UNREADABLE as error:
        raise unreadable(LEDGER_TABLE, entry.row, error) from error


def _event(entry: LedgerEntry) -> UsageEvent:
    rank = entry.rank
    from_cache = entry.text("cache") == CACHE_HIT  # nothing else says that no model was asked
    return UsageEvent(
        id=entry.call_id,
        source=str(entry.row["source"]),
        subject=entry.subject,
        time=entry.time,
        operation=entry.operation,
        stream=entry.stream,
        status=entry.status,
        rank=rank,
        usage=_usage(entry) if rank in _WITH_USAGE and not from_cache else None,
        caller=Caller(
            tid=entry.text("tenant"),
            azp=entry.text("application"),
            subscription=entry.text("subscription"),
            product=entry.text("product"),
        ),
        deployment=entry.deployment,
        model=entry.text("reported_model"),
        api=entry.text("api"),
        region=entry.text("region"),
        service_tier=entry.text("service_tier"),
        response_id=entry.text("response_id"),
        session=entry.session,
        traceparent=entry.text("traceparent"),
        duration_ms=entry.duration_ms,
        completed_from=tuple(filter(None, (entry.text("completed_from") or "").split(","))),
        replaces=_replaces(entry),
        served_deployment=entry.text("served_deployment"),
        spillover_from=entry.text("spillover_from"),
        backend_host=entry.text("backend_host"),
        cache=entry.text("cache"),
        requested_tier=entry.text("requested_tier"),
        body_unread=entry.text("body_unread"),
        background="background" in entry.row,
        response_status=entry.text("response_status"),
        tools_requested=_json_list(entry, "tools_requested", tuple[str, ...]),
        tool_calls=_json_list(entry, "tool_calls", tuple[tuple[str, int], ...]),
    )


def recorded_call(entry: LedgerEntry) -> MeteredCall:
    """The rated call as it stood after the row. Altered names a row that cannot be read."""
    try:
        return _call(entry)
    except UNREADABLE as error:
        raise unreadable(LEDGER_TABLE, entry.row, error) from error


def _call(entry: LedgerEntry) -> MeteredCall:
    tier = entry.row.get("tier")
    currency = str(entry.row["currency"])
    state = entry.state
    priced = PricedCall(
        event=_event(entry),
        state=state,
        reason=entry.reason,
        book_version=entry.book_version,
        pricing_currency=currency,
        billing_currency=entry.billing_currency or currency,
        charges=_charges(entry) if _is_rated(entry) else (),
        adjustments=tuple(
            Adjustment(rule_id=step.rule_id, layer=step.layer, factor=step.factor, delta=step.delta)
            for step in entry.adjustments
        ),
        base_rule_id=entry.text("base_rule"),
        tier=None if tier is None else int(tier),
        provider=entry.text("provider"),
        model=entry.text("model"),
        version=entry.text("model_version"),
        deployment_type=entry.text("deployment_type"),
        cost_centre=entry.cost_centre,
        excludes=entry.excludes,
        alias_unconfirmed=entry.alias_unconfirmed,
    )
    return MeteredCall(priced=priced, origin=entry.origin)


def state_digest(entry: LedgerEntry) -> str:
    """Equal for two rows that say the same of a call: its report, its book and its amounts."""
    said = {
        "additive": {name: amount for name, amount in entry.measures.items() if amount},
        "report": [*entry.report.strength, entry.report.fingerprint],
        "book": entry.book_version,
        **{column: entry.text(column) for column in STATE_COLUMNS},
    }
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()[:16]


def differs(entry: LedgerEntry, after: Posting) -> bool:
    """Whether the row after would say anything else but the book's version; what a cost leaves out
    is a part of it.
    """
    leaves_out = ",".join(after.call.priced.excludes) or None
    return reprices(entry, after) or (entry.has_cost and entry.text("excludes") != leaves_out)


def reprices(entry: LedgerEntry, after: Posting) -> bool:
    """Whether the row after would have other amounts, rules or another place. A row of an earlier
    release counts an unnamed call in a cell of its own, and stays there.
    """
    effects = [Effect(after.cell or "", 0, {})]
    columns = entry_columns(after, effects, recorded_at=entry.origin.enqueued_time)
    if _numbers(entry.measures) != _numbers(after.measures):
        return True
    unnamed = is_unnamed(after.call.priced)
    return any(
        not (unnamed and name == "cell")
        and entry.text(name) != (None if columns.get(name) is None else str(columns[name]))
        for name in STATE_COLUMNS
    )


def _numbers(measures: Measures) -> Measures:
    """Without what rows of earlier releases do not say."""
    return {
        name: amount
        for name, amount in measures.items()
        if amount and name not in {"excluding", "failed"}
    }


def _usage(entry: LedgerEntry) -> Usage:
    """The reported counts: where reasoning was priced apart, it is output again."""
    counts: dict[Unit, int] = {
        unit: entry.measures[column]
        for unit, column in QUANTITY_COLUMNS.items()
        if entry.measures.get(column) and unit not in _OF_RATES
    }
    apart = entry.measures.get(QUANTITY_COLUMNS[Unit.REASONING], 0)
    if apart:
        counts[Unit.OUTPUT] = counts.get(Unit.OUTPUT, 0) + apart
    said = entry.text("usage_excludes")
    if said is not None:
        excludes = tuple(said.split(","))
    else:
        excludes = tuple(name for name in entry.excludes if name not in RULE_EXCLUSIONS)
    return Usage(
        counts=counts,
        reasoning=int(entry.row.get("reasoning", 0)),
        excludes=excludes,
        caveats=entry.caveats,
    )


def _json_list(entry: LedgerEntry, column: str, form: type[_T]) -> _T | tuple[()]:
    said = entry.text(column)
    return () if said is None else msgspec.json.decode(said, type=form)


def _replaces(entry: LedgerEntry) -> CountedAt | None:
    subject = entry.text("replaced_subject")
    if subject is None:
        return None
    return CountedAt(subject=subject, time=parse_time(entry.row["replaced_time"]))


def _is_rated(entry: LedgerEntry) -> bool:
    """Whether rules gave it lines. What is free by a zero rule has that rule's adjustment; what was
    refused or came from a cache has none."""
    return entry.state is CallState.PRICED or (
        entry.state is CallState.ZERO and bool(entry.adjustments)
    )


def _charges(entry: LedgerEntry) -> tuple[Charge, ...]:
    """At list price a line is exactly quantity × unit price. Only that of a price per hour may
    leave a rest, and rating rounds its unit price down as well."""
    billed_layer = "charge" if entry.billing_currency is None else "billed"
    charges = []
    for unit, column in QUANTITY_COLUMNS.items():
        quantity = entry.measures.get(column)
        if not quantity:
            continue
        list_, contracted, charge, billed = (
            entry.measures.get(AMOUNT_COLUMNS[layer, unit], 0)
            for layer in ("list", "contracted", "charge", billed_layer)
        )
        charges.append(
            Charge(
                unit=unit,
                quantity=quantity,
                unit_price=list_ // quantity,
                list=list_,
                contracted=contracted,
                charge=charge,
                billed=billed,
            )
        )
    return tuple(charges)
