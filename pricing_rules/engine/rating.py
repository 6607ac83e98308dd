"""Rating: UsageEvent × Book → PricedCall with its evidence. Pure; raises on no event.

A line at list price is exact; one with a price per hour is rounded once, half-even, to a pico-unit.
Each modifier is applied to the call's total and rounded in the same way; the result is spread over
the lines by largest remainder, so each layer's lines sum to its total.
"""

from collections.abc import Mapping, Sequence, Set

from msgspec.structs import replace

from pricing_rules.engine.adjustments import adjust, convert
from pricing_rules.engine.doubts import excluded, why_not_charged, why_unpriced
from pricing_rules.money import divide_half_even
from pricing_rules.price_book.book import Book
from pricing_rules.price_book.terms import FROM_CACHE, Terms
from pricing_rules.price_book.tier_rates import TierRates, with_fees
from pricing_rules.types import (
    REFUSED_STATUS,
    Adjustment,
    CallState,
    Charge,
    PricedCall,
    Rank,
    Usage,
    UsageEvent,
)
from pricing_rules.units import Unit

# An enum's member takes a tenth of a microsecond to look up, which is a tenth of rating.
_PRICED = CallState.PRICED
_GATEWAY_LOG = Rank.GATEWAY_LOG
_CACHED_AS_INPUT = "cached tokens are billed as input: the model has no price for them"
_UNIT_ORDER = {unit: index for index, unit in enumerate(Unit)}


def rate(event: UsageEvent, book: Book, cost_centre: str | None = None) -> PricedCall:
    """What a call costs under the book, or the named state of why that is not known.

    `cost_centre` is the subject's on the charge day.
    """
    terms = book.terms(event, cost_centre)
    usage = event.usage
    if usage is None:
        return _without_usage(event, book, terms)
    counts, rates, index = usage.counts, terms.rates, 0
    if rates is None or usage.caveats is not None:
        if terms.refusal is not None:
            return _refused(event, book, terms=terms, reason=terms.refusal)
        index = _tier_index(terms.tiers, usage)
        if usage.caveats and (doubt := why_unpriced(usage, terms.tiers, index)) is not None:
            return _unpriced(event, book, terms=terms, reason=doubt)
        tier = terms.tiers[index]
        rates = tier.rates
        if not tier.plain:
            counts = _counts_with_rates_of_their_own(usage, tier)
    charges = []
    for unit, price in rates:
        quantity = counts.get(unit)
        if quantity is not None:
            amount = quantity * price
            # By position: keywords would take a twentieth of rating.
            charges.append(Charge(unit, quantity, price, amount, amount, amount, amount))
    if len(charges) < len(counts) or not counts:
        return _with_fees(event, book, terms=terms, charges=charges, counts=counts, tier=index)
    if event.rank is _GATEWAY_LOG or not terms.plain:
        return _general(event, book, terms=terms, at_list=charges, tier=index)
    # As `_priced_call`, which would take a twentieth of rating.
    return PricedCall(
        event, _PRICED, None, book.version, book.pricing_currency, book.billing_currency,
        tuple(charges), (), terms.base_rule_id, index,
        terms.provider, terms.model, terms.version, terms.deployment_type, terms.cost_centre,
        (), terms.alias_unconfirmed,
    )  # fmt: skip


def _general(
    event: UsageEvent, book: Book, *, terms: Terms, at_list: Sequence[Charge], tier: int
) -> PricedCall:
    """A call with modifiers, with a conversion, with a price per hour, or that not all is known
    of."""
    if per := terms.tiers[tier].per:
        at_list = _divided(at_list, dict(per))
    logged = event.rank is _GATEWAY_LOG
    if logged and (not_charged := why_not_charged(event)) is not None:
        return _without_cost(event, book, terms=terms, state=CallState.NO_USAGE, reason=not_charged)
    if terms.modifiers or book.converts:
        call = _modified(event, book, terms=terms, at_list=at_list, tier=tier)
    else:
        call = _priced_call(event, book, terms, tuple(at_list), tier)
    if not (logged or terms.cached_as_input or terms.tier_unconfirmed or terms.tier_unsaid):
        return call
    return _with_what_is_special(call, event, terms)


def _divided(charges: Sequence[Charge], per: Mapping[Unit, int]) -> list[Charge]:
    """Lines whose rate is for several of the unit: such a line is rounded here, half-even, to a
    pico-unit. Its price of one is what the line comes to, rounded down."""
    return [_rounded(line, per[line.unit]) if line.unit in per else line for line in charges]


def _rounded(line: Charge, per: int) -> Charge:
    amount = divide_half_even(line.list, per)
    one = amount // line.quantity
    return Charge(line.unit, line.quantity, one, amount, amount, amount, amount)


def _with_what_is_special(call: PricedCall, event: UsageEvent, terms: Terms) -> PricedCall:
    """What the price leaves out, and that cached tokens are billed as input."""
    if not call.charges:
        return call
    reason = call.reason
    if reason is None and terms.cached_as_input and _has_cached(call.charges):
        reason = _CACHED_AS_INPUT
    return replace(call, excludes=excluded(event, terms), reason=reason)


def _priced_call(
    event: UsageEvent,
    book: Book,
    terms: Terms,
    charges: tuple[Charge, ...],
    tier: int | None,
    adjustments: tuple[Adjustment, ...] = (),
) -> PricedCall:
    """By position, in the order of the fields: keywords would take a tenth of rating."""
    free = terms.free if adjustments else None
    return PricedCall(
        event,
        CallState.ZERO if free else _PRICED,
        f"rule {free.id}: {free.note}" if free else None,
        book.version, book.pricing_currency, book.billing_currency,
        charges, adjustments, terms.base_rule_id, tier,
        terms.provider, terms.model, terms.version, terms.deployment_type, terms.cost_centre,
        (), terms.alias_unconfirmed,
    )  # fmt: skip


def _has_cached(charges: Sequence[Charge]) -> bool:
    return any(line.unit is Unit.CACHE_READ for line in charges)


def _without_cost(
    event: UsageEvent, book: Book, *, terms: Terms, state: CallState, reason: str
) -> PricedCall:
    call = _priced_call(event, book, terms, (), None)
    return replace(call, state=state, reason=reason, alias_unconfirmed=False)


def _unpriced(event: UsageEvent, book: Book, *, terms: Terms, reason: str) -> PricedCall:
    return _without_cost(event, book, terms=terms, state=CallState.UNPRICED, reason=reason)


def _refused(event: UsageEvent, book: Book, *, terms: Terms, reason: str) -> PricedCall:
    """No rule was asked; what a cache answered costs nothing, whatever usage it repeats."""
    state = CallState.ZERO if terms.from_cache else CallState.UNPRICED
    return _without_cost(event, book, terms=terms, state=state, reason=reason)


def _without_usage(event: UsageEvent, book: Book, terms: Terms) -> PricedCall:
    if terms.from_cache:
        return _refused(event, book, terms=terms, reason=FROM_CACHE)
    if event.status in REFUSED_STATUS:
        reason = f"refused with {event.status}"
        return _without_cost(event, book, terms=terms, state=CallState.ZERO, reason=reason)
    if event.rank is Rank.PENDING:
        reason = "made in the background, and its answer was not fetched yet"
        return _without_cost(event, book, terms=terms, state=CallState.PENDING, reason=reason)
    reason = f"answered {event.status}, nobody reported usage"
    return _without_cost(event, book, terms=terms, state=CallState.NO_USAGE, reason=reason)


def _tier_index(tiers: Sequence[TierRates], usage: Usage) -> int:
    """The tier of the whole call. With a bound of 272,000, a prompt of 272,001 is past it. Of an
    answer that took several passes each had a prompt of its own; the largest chooses.
    """
    passes = None if usage.caveats is None else usage.caveats.passes
    prompt_tokens = usage.prompt_tokens if passes is None else passes[1]
    # The book has checked that the last tier has no bound.
    return next(
        index
        for index, tier in enumerate(tiers)
        if tier.up_to is None or prompt_tokens <= tier.up_to
    )


def _counts_with_rates_of_their_own(usage: Usage, tier: TierRates) -> Mapping[Unit, int]:
    """The counts where this tier prices reasoning apart from output, or the call itself."""
    priced = {unit for unit, _ in tier.rates}
    counts = dict(usage.counts)
    if Unit.REASONING in priced and usage.reasoning:
        counts[Unit.REASONING] = usage.reasoning
        counts[Unit.OUTPUT] = counts.get(Unit.OUTPUT, 0) - usage.reasoning
        if not counts[Unit.OUTPUT]:
            del counts[Unit.OUTPUT]
    if Unit.REQUEST in priced and (usage.counts or not tier.call_added):
        counts[Unit.REQUEST] = 1
    if Unit.ROUTER_INPUT in priced and usage.prompt_tokens:
        counts[Unit.ROUTER_INPUT] = usage.prompt_tokens
    return counts


def _with_fees(
    event: UsageEvent,
    book: Book,
    *,
    terms: Terms,
    charges: Sequence[Charge],
    counts: Mapping[Unit, int],
    tier: int,
) -> PricedCall:
    """The call with the prices of fees where the base rule has none; they are lines like others.
    Usage that counts nothing has no price at all.
    """
    if not counts:
        reason = "usage counts nothing"
        return _without_cost(event, book, terms=terms, state=CallState.NO_USAGE, reason=reason)
    missing = counts.keys() - {line.unit for line in charges}
    fees = [fee for fee in terms.fees if fee.unit in missing]
    if len(fees) < len(missing):
        reason = _no_rate(counts, missing - {fee.unit for fee in fees}, terms)
        return _unpriced(event, book, terms=terms, reason=reason)
    lines = [*charges]
    for fee in fees:
        amount = counts[fee.unit] * fee.price
        lines.append(
            Charge(
                unit=fee.unit,
                quantity=counts[fee.unit],
                unit_price=fee.price,
                list=amount,
                contracted=amount,
                charge=amount,
                billed=amount,
            )
        )
    lines.sort(key=lambda line: _UNIT_ORDER[line.unit])
    rules = with_fees(terms.base_rule_id, fees)
    return _general(event, book, terms=replace(terms, base_rule_id=rules), at_list=lines, tier=tier)


def _no_rate(counts: Mapping[Unit, int], missing: Set[Unit], terms: Terms) -> str:
    named = ", ".join(f"{counts[unit]} {unit}" for unit in Unit if unit in missing)
    unused = "".join(f"; {reason}" for unit, reason in terms.unused_fees if unit in missing)
    rule = terms.base_rule_id or (terms.free and terms.free.id)
    return f"rule {rule} has no rate for {named}{unused}"


def _modified(
    event: UsageEvent, book: Book, *, terms: Terms, at_list: Sequence[Charge], tier: int
) -> PricedCall:
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
        fx = book.fx_at(event.time)
        if fx is None:
            pair = f"{book.pricing_currency}-{book.billing_currency}"
            reason = f"currency: no rate {pair} at this time"
            return _unpriced(event, book, terms=terms, reason=reason)
        billed, adjustment = convert(fx, amounts)
        adjustments.append(adjustment)
    charges = _with_layers(at_list, contracted=contracted, charged=amounts, billed=billed)
    return _priced_call(event, book, terms, charges, tier, tuple(adjustments))


def _with_layers(
    at_list: Sequence[Charge],
    *,
    contracted: Sequence[int],
    charged: Sequence[int],
    billed: Sequence[int],
) -> tuple[Charge, ...]:
    layers = zip(at_list, contracted, charged, billed, strict=True)
    charges = []
    for line, line_contracted, line_charged, line_billed in layers:
        unit, quantity, price, listed = line.unit, line.quantity, line.unit_price, line.list
        charges.append(
            Charge(unit, quantity, price, listed, line_contracted, line_charged, line_billed)
        )
    return tuple(charges)
