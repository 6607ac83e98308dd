"""Rating: UsageEvent × Book → PricedCall with its evidence. Pure; raises on no event.

Each modifier is applied to the call's total and rounded once, half-even, to a pico-unit; the
result is spread over the lines by largest remainder, so each layer's lines sum to its total.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from pricing_rules.adjustments import adjust, convert
from pricing_rules.book import Book
from pricing_rules.terms import Terms, TierRates
from pricing_rules.types import (
    Adjustment,
    CallState,
    Charge,
    PricedCall,
    Usage,
    UsageEvent,
)
from pricing_rules.units import Unit

REFUSED_STATUS = frozenset({401, 403, 429})
"""Answers of the gateway or the model that no provider charges for."""


class _Outcome(msgspec.Struct, gc=False):
    """What rating adds to the call and its terms."""

    state: CallState = CallState.PRICED
    reason: str | None = None
    charges: tuple[Charge, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    tier: int | None = None


def _priced_call(event: UsageEvent, book: Book, terms: Terms, outcome: _Outcome) -> PricedCall:
    return PricedCall(
        event=event,
        state=outcome.state,
        reason=outcome.reason,
        book_version=book.version,
        pricing_currency=book.pricing_currency,
        billing_currency=book.billing_currency,
        charges=outcome.charges,
        adjustments=outcome.adjustments,
        base_rule_id=terms.base_rule_id,
        tier=outcome.tier,
        provider=terms.provider,
        model=terms.model,
        version=terms.version,
        deployment_type=terms.deployment_type,
        cost_centre=terms.cost_centre,
    )


def rate(event: UsageEvent, book: Book, cost_centre: str | None = None) -> PricedCall:
    """What a call costs under the book, or the named state of why that is not known.

    `cost_centre` is the subject's on the charge day.
    """
    terms = book.terms(event, cost_centre)
    if event.usage is None:
        outcome = _without_usage(event.status)
    elif terms.refusal is not None:
        outcome = _Outcome(CallState.UNPRICED, terms.refusal)
    else:
        outcome = _rated(event.time, event.usage, book, terms)
    return _priced_call(event, book, terms, outcome)


def _without_usage(status: int) -> _Outcome:
    if status in REFUSED_STATUS:
        return _Outcome(CallState.ZERO, f"refused with {status}")
    return _Outcome(CallState.NO_USAGE, f"answered {status}, nobody reported usage")


def _rated(time: datetime, usage: Usage, book: Book, terms: Terms) -> _Outcome:
    index = _tier_index(terms.tiers, usage) if len(terms.tiers) > 1 else 0
    tier = terms.tiers[index]
    counts = usage.counts if tier.plain else _counts_with_rates_of_their_own(usage, tier)
    charges = []
    for unit, price in tier.rates:
        quantity = counts.get(unit)
        if quantity is not None:
            amount = quantity * price
            charges.append(
                Charge(
                    unit=unit,
                    quantity=quantity,
                    unit_price=price,
                    list=amount,
                    contracted=amount,
                    charge=amount,
                    billed=amount,
                )
            )
    if len(charges) < len(counts):
        return _Outcome(CallState.UNPRICED, _no_rate(counts, tier, terms))
    if not charges:
        return _Outcome(CallState.NO_USAGE, "usage counts nothing")
    if terms.modifiers or book.converts:
        return _modified(time, book, terms, charges, index)
    return _Outcome(charges=tuple(charges), tier=index)


def _tier_index(tiers: Sequence[TierRates], usage: Usage) -> int:
    """The tier of the whole call. With a bound of 272,000, a prompt of 272,001 is past it."""
    prompt_tokens = usage.prompt_tokens
    for index, tier in enumerate(tiers):
        if tier.up_to is None or prompt_tokens <= tier.up_to:
            return index
    return len(tiers) - 1


def _counts_with_rates_of_their_own(usage: Usage, tier: TierRates) -> Mapping[Unit, int]:
    """The counts where this tier prices reasoning apart from output, or the call itself."""
    priced = {unit for unit, _ in tier.rates}
    counts = dict(usage.counts)
    if Unit.REASONING in priced and usage.reasoning:
        counts[Unit.REASONING] = usage.reasoning
        counts[Unit.OUTPUT] = counts.get(Unit.OUTPUT, 0) - usage.reasoning
        if not counts[Unit.OUTPUT]:
            del counts[Unit.OUTPUT]
    if Unit.REQUEST in priced:
        counts[Unit.REQUEST] = 1
    return counts


def _no_rate(counts: Mapping[Unit, int], tier: TierRates, terms: Terms) -> str:
    priced = {unit for unit, _ in tier.rates}
    missing = ", ".join(f"{counts[unit]} {unit}" for unit in Unit if unit in counts.keys() - priced)
    return f"rule {terms.base_rule_id} has no rate for {missing}"


def _modified(
    time: datetime, book: Book, terms: Terms, at_list: Sequence[Charge], tier: int
) -> _Outcome:
    """The general case: list → contracted → charge by the terms' modifiers → billed by fx."""
    amounts = contracted = [line.list for line in at_list]
    adjustments = []
    for rule in terms.modifiers:
        if rule.kind == "minimum" and sum(amounts) >= rule.amount:
            continue
        amounts, adjustment = adjust(rule, at_list, amounts)
        adjustments.append(adjustment)
        if rule.layer != "charge":
            contracted = amounts
    billed = amounts
    if book.converts:
        fx = book.fx_at(time)
        if fx is None:
            pair = f"{book.pricing_currency}-{book.billing_currency}"
            return _Outcome(CallState.UNPRICED, f"currency: no rate {pair} at this time")
        billed, adjustment = convert(fx, amounts)
        adjustments.append(adjustment)
    return _Outcome(
        state=CallState.ZERO if terms.free else CallState.PRICED,
        reason=f"rule {terms.free.id}: {terms.free.note}" if terms.free else None,
        charges=_with_layers(at_list, contracted, amounts, billed),
        adjustments=tuple(adjustments),
        tier=tier,
    )


def _with_layers(
    at_list: Sequence[Charge],
    contracted: Sequence[int],
    charged: Sequence[int],
    billed: Sequence[int],
) -> tuple[Charge, ...]:
    return tuple(
        Charge(
            unit=line.unit,
            quantity=line.quantity,
            unit_price=line.unit_price,
            list=line.list,
            contracted=line_contracted,
            charge=line_charged,
            billed=line_billed,
        )
        for line, line_contracted, line_charged, line_billed in zip(
            at_list, contracted, charged, billed, strict=True
        )
    )
