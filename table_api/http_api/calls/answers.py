"""Calls as the API spells them: the list's line, and the detail with its evidence. Pure."""

from collections.abc import Sequence
from datetime import datetime

from pricing_rules.money import divide_half_even, format_pico
from pricing_rules.types import CallState, Exclusion, PricedCall, Rank
from pricing_rules.units import Unit
from table_api.http_api.access.question import Question, billing_currency, head, who
from table_api.http_api.calls import models
from table_api.http_api.calls.queries import trace_id
from table_api.http_api.conventions.call_id import opaque_id
from table_api.http_api.conventions.models import Cost, Page, cost
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.keys import CallAddress
from table_api.ledger.measures import AMOUNT_COLUMNS, QUANTITY_COLUMNS
from table_api.ledger.meta import LedgerMeta
from table_api.ledger.recorded_call import recorded_call
from table_api.people.people import PeopleDirectory

_MILLION = 1_000_000


def calls(
    question: Question, entries: Sequence[LedgerEntry], page: Page, subject: str
) -> models.Calls:
    """The answer of /v1/subjects/{subject}/calls."""
    data = [_call_fields(entry) for entry in entries]
    fields = head(question) | who(question, subject) | {"data": data, "page": page}
    return models.Calls.model_validate(fields)


def found_calls(
    question: Question, entries: Sequence[LedgerEntry], page: Page, facts_from: datetime | None
) -> models.FoundCalls:
    """The answer of /v1/calls."""
    data = [_call_fields(entry) | who(question, entry.subject) for entry in entries]
    fields = head(question) | {"data": data, "page": page, "facts_from": facts_from}
    return models.FoundCalls.model_validate(fields)


def call_detail(
    chain: Sequence[LedgerEntry],
    meta: LedgerMeta,
    people: PeopleDirectory,
    *,
    with_operators: bool,
) -> models.CallDetail:
    """The answer of /v1/calls/{call_id}, with what held for the subject on the charge day.

    `with_operators`: who approved re-rating runs is shown.
    """
    entry = chain[-1]
    origin, priced = entry.origin, recorded_call(entry).priced
    person = people.at(entry.subject, entry.day)
    fields = _call_fields(entry) | _evidence(priced)
    if (billing := billing_currency(meta)) is not None:
        fields["billing_currency"] = billing
    return models.CallDetail.model_validate(
        fields
        | {
            "zone": meta.settings.zone,
            "currency": meta.settings.pricing_currency,
            "subject": entry.subject,
            "name": person.display_name if person else None,
            "cost_centre": person.cost_centre if person else None,
            "trace_id": trace_id(priced.event.traceparent),
            "tokens_from": _tokens_from(entry),
            "tokens_corrected": _tokens_corrected(chain),
            "origin": models.Origin(
                hub=origin.hub,
                partition=origin.partition,
                sequence_number=origin.sequence_number,
                enqueued_time=origin.enqueued_time,
            ),
            "explanation": _explanation(entry, priced),
            "chain": [
                _chain_row(row, before, with_operators=with_operators)
                for before, row in zip((None, *chain), chain, strict=False)
            ],
        }
    )


def _evidence(priced: PricedCall) -> dict[str, object]:
    """What the gateway reported of the call, and what its alias says."""
    event = priced.event
    return {
        "api": event.api,
        "region": event.region,
        "service_tier": event.service_tier,
        "product": event.caller.product,
        "subscription": event.caller.subscription,
        "provider": priced.provider,
        "model_version": priced.version,
        "deployment_type": priced.deployment_type,
        "response_id": event.response_id,
        "reported_model": event.model,
        "served_deployment": event.served_deployment,
        "backend_host": event.backend_host,
        "requested_tier": event.requested_tier,
        "alias_unconfirmed": priced.alias_unconfirmed,
    }


def _call_fields(entry: LedgerEntry) -> dict[str, object]:
    return {
        "id": opaque_id(CallAddress(entry.partition, entry.entry_key)),
        "call_id": entry.call_id,
        "time": entry.time,
        "day": entry.day,
        "model": entry.model,
        "deployment": entry.deployment,
        "operation": entry.operation,
        "status": entry.status,
        "stream": entry.stream,
        "state": entry.state,
        "reason": entry.reason,
        "units": _units(entry),
        "cost": _cost(entry),
        "excludes": list(entry.excludes),
        "duration_ms": entry.duration_ms,
        "session": entry.session,
    }


def _units(entry: LedgerEntry) -> dict[Unit, int]:
    return {
        unit: entry.measures[column]
        for unit, column in QUANTITY_COLUMNS.items()
        if entry.measures.get(column)
    }


def _tokens_from(entry: LedgerEntry) -> models.TokenSource | None:
    """None for a call that counts nothing."""
    if not _units(entry):
        return None
    if Exclusion.ESTIMATED in entry.excludes:
        return models.TokenSource.ESTIMATED
    from_model = entry.rank is Rank.MODEL_USAGE
    return models.TokenSource.MODEL if from_model else models.TokenSource.GATEWAY_LOG


def _tokens_corrected(chain: Sequence[LedgerEntry]) -> bool:
    """Whether the call counted other quantities before. A call that moved away counts nothing."""
    last = _units(chain[-1])
    return bool(last) and any(_units(row) not in ({}, last) for row in chain[:-1])


def _cost(entry: LedgerEntry) -> Cost | None:
    """None unless the state says that there is one. A call of the state `zero` costs 0."""
    if entry.state not in {CallState.PRICED, CallState.ZERO}:
        return None
    return cost(entry.measures, billed=entry.billing_currency is not None)


def _explanation(entry: LedgerEntry, priced: PricedCall) -> models.Explanation:
    return models.Explanation(
        book_version=priced.book_version,
        base_rule_id=priced.base_rule_id,
        tier=priced.tier,
        lines=[_charge_line(entry, unit, quantity) for unit, quantity in _units(entry).items()]
        if priced.state is CallState.PRICED or priced.list
        else [],
        adjustments=[
            models.AdjustmentLine(
                rule_id=step.rule_id,
                layer=step.layer,
                factor=step.factor,
                delta=format_pico(step.delta),
            )
            for step in entry.adjustments
        ],
    )


def _charge_line(entry: LedgerEntry, unit: Unit, quantity: int) -> models.ChargeLine:
    """At list price a line is exactly quantity × unit price, but for a price per hour."""
    amounts = {
        layer: entry.measures.get(AMOUNT_COLUMNS[layer, unit], 0)
        for layer in ("list", "contracted", "charge")
    }
    per_million = divide_half_even(amounts["list"] * _MILLION, quantity)
    return models.ChargeLine(
        unit=unit,
        quantity=quantity,
        unit_price=format_pico(amounts["list"] // quantity),
        unit_price_per_million=format_pico(per_million),
        list=format_pico(amounts["list"]),
        contracted=format_pico(amounts["contracted"]),
        charge=format_pico(amounts["charge"]),
    )


def _chain_row(
    entry: LedgerEntry, before: LedgerEntry | None, *, with_operators: bool
) -> models.ChainRow:
    return models.ChainRow.model_validate(
        {
            "n": entry.number,
            "recorded_at": entry.recorded_at,
            "reason": entry.correction,
            "run": entry.run,
            "run_by": entry.run_by if with_operators else None,
            "before": None if before is None else _cost(before),
            "state": entry.state,
            "book_version": entry.book_version,
            "units": _units(entry),
            "tokens_from": _tokens_from(entry),
            "cost": _cost(entry),
        }
    )
