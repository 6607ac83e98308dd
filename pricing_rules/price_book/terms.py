"""The terms of a call: its base rule, fees and modifiers at each time, or why there are none.

Owns the choice of rules. Who served the call is for `evidence`, arithmetic is in `rating`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from pricing_rules.price_book.evidence.served import Evidence, Served, region_of
from pricing_rules.price_book.match import CALLER_DIMENSIONS, CallFacts, RuleIndex, usage_facts
from pricing_rules.price_book.rate_card import BookContent, FeeCard, Modifier, RateCard
from pricing_rules.price_book.refusals import left_out, no_price, other_times, unpriced_fields
from pricing_rules.price_book.rules import PriceOrigin
from pricing_rules.price_book.tier_rates import (
    FREE_OF_LIST,
    OF_RATES_ALONE,
    Added,
    Fee,
    TierRates,
    fixed_units,
    lacks,
    tier_rates,
    with_fees,
)
from pricing_rules.types import CACHE_HIT, Exclusion, UsageEvent
from pricing_rules.units import MODALITY_UNITS, TOOL_UNITS, Unit

_LAYERS = ("list", "contracted", "charge")
_BEGINNING = datetime.min.replace(tzinfo=UTC)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for one kind of call during one period."""

    provider: str | None = None
    """None, like the next three, where no alias resolved."""
    model: str | None = None
    deployment_type: str | None = None
    version: str | None = None
    refusal: str | None = None
    """Why the call cannot be priced; None when it can."""
    base_rule_id: str | None = None
    tiers: tuple[TierRates, ...] = ()
    rates: tuple[tuple[Unit, int], ...] | None = None
    """Those of the only tier, where it is plain; None where the call's usage has to choose, and of
    a refusal."""
    modifiers: tuple[Modifier, ...] = ()
    """In the order they apply, contracted before charge. A zero rule is the last."""
    free: Modifier | None = None
    """The zero rule, where one makes the call free."""
    cost_centre: str | None = None
    """Set where a rule asked for it."""
    unlogged: tuple[str, ...] = ()
    """What the gateway's log cannot tell although the rule prices it."""
    cached_as_input: bool = False
    """Whether cached tokens have no price of their own and are billed as input."""
    from_cache: bool = False
    """Whether no model was asked; `refusal` says so."""
    fees: tuple[Fee, ...] = ()
    """Prices of units that the base rule has none for."""
    unused_fees: tuple[tuple[Unit, str], ...] = ()
    """Units whose only fee is not used, with the reason."""
    alias_unconfirmed: bool = False
    """Whether the answer names no model that bears the alias out."""
    tier_unconfirmed: bool = False
    """Whether the request asked for a tier that the answer does not confirm."""
    plain: bool = True
    """Whether the list price is the charge, each rate is for one of its unit, and nothing is left
    out, but for what the gateway's log cannot tell: as of nearly every call."""
    tier_unsaid: bool = False
    """Whether nobody said the tier of a model that is sold at several."""


_NOT_IN_THE_LOG = {
    Exclusion.CACHE_WRITE: frozenset({Unit.CACHE_WRITE_5M, Unit.CACHE_WRITE_1H}),
    Exclusion.MODALITY: MODALITY_UNITS,
    Exclusion.TOOL_FEES: TOOL_UNITS,
}
_FEES_OF = {
    Unit.ROUTER_INPUT: "the router's fee",
    Unit.REQUEST: "the fee of each call",
    Unit.REASONING: "the price of reasoning",
}
FROM_CACHE = "answered from the gateway's cache"

TermsTimeline = tuple[Sequence[datetime], Sequence[Terms]]
"""Beginnings of periods, ascending from the beginning of time, and what holds in each."""


class TermsFinder:
    """Finds terms in one book's content."""

    def __init__(self, content: BookContent):
        self._currency = content.pricing_currency
        self._converts = content.billing_currency != content.pricing_currency
        self._evidence = Evidence(content)
        self._cards = RuleIndex(content.cards)
        self._modifiers = RuleIndex(content.modifiers)
        self._left_out = frozenset(content.left_out)
        self._fees = RuleIndex(content.fees)
        self._zones = dict(content.zones)
        self._cached_as_input = frozenset(content.cached_as_input)
        matches = [rule.matches for rule in content.modifiers]
        matches += [rule.matches for rule in content.fees]  # books of earlier releases have such
        self.by_caller = any(name in CALLER_DIMENSIONS for each in matches for name, _ in each)

    def find(
        self, event: UsageEvent, cost_centre: str | None, fields: Sequence[tuple[str, str]] = ()
    ) -> TermsTimeline:
        """The terms of calls like this one at all times.

        `fields`: what the usage object says that may set the price, by path and value.
        """
        if event.cache == CACHE_HIT:
            return [_BEGINNING], [Terms(refusal=FROM_CACHE, from_cache=True)]
        served = self._evidence.served(event)
        alias = served.alias
        if alias is None or served.refusal is not None:
            deployed = None if alias is None else alias.type
            return [_BEGINNING], [Terms(refusal=served.refusal, deployment_type=deployed)]
        tier = self._evidence.tier(event, alias, served.model)
        region, doubt = region_of(event, alias)
        empty = Terms(
            provider=served.provider,
            model=served.model,
            deployment_type=alias.type,
            version=served.version,
            alias_unconfirmed=served.unconfirmed,
            tier_unconfirmed=tier.unconfirmed,
            tier_unsaid=tier.unsaid,
        )
        facts = _facts(event, served, alias.type)
        facts |= {"service_tier": tier.name, "region": region, "cost_centre": cost_centre}
        facts["zone"] = self._zones.get(region or "")
        of_alias = {"provider": alias.provider, "model": alias.model, "versions": alias.version}
        said, each = usage_facts(fields)
        calls = [facts | dict(one) for one in each]
        facts |= said
        found = _Found(
            cards=sorted(self._cards.find_for_each(calls), key=self._order),
            modifiers=self._modifiers.find_for_each(calls),
            fees=sorted(
                self._fees.find_for_each([call | of_alias for call in calls]), key=self._order
            ),
            facts=facts,
            doubt=served.doubt + doubt,
        )
        starts = sorted({_BEGINNING, *found.changes()})
        return starts, [self._at(start, empty, found) for start in starts]

    def _order(self, card: RateCard | FeeCard) -> tuple[bool, int, int, bool]:
        """Prices in the book's currency come first, then the more trusted ones, then the more
        specific, then what is agreed on: a list price may go on under it.
        """
        trust = list(PriceOrigin).index(card.origin)
        return (
            card.currency != self._currency, trust, -len(card.matches), card.agreed is not True
        )  # fmt: skip

    def _at(self, moment: datetime, empty: Terms, found: "_Found") -> Terms:
        facts = found.facts
        in_order = sorted(
            (rule for rule in found.modifiers if _holds(rule, moment)),
            key=lambda rule: (_LAYERS.index(rule.layer), rule.order, rule.id),
        )
        free = next((rule for rule in in_order if rule.kind == "zero"), None)
        if free:
            in_order = in_order[: in_order.index(free) + 1]
        asked = any(dict(rule.matches).get("cost_centre") for rule in in_order)
        terms = replace(
            empty,
            modifiers=tuple(in_order),
            plain=not (in_order or self._converts or empty.tier_unconfirmed or empty.tier_unsaid),
            free=free,
            cost_centre=facts["cost_centre"] if asked else None,
        )
        if free and free.layer == "list":
            return replace(
                terms,
                tiers=FREE_OF_LIST,
                refusal=unpriced_fields(facts, in_order),
                tier_unconfirmed=False,
                tier_unsaid=False,
            )
        holding = [card for card in found.cards if _holds(card, moment)]
        card = next((card for card in holding if card.origin not in self._left_out), None)
        if card is None:
            versions = self._evidence.versions.get((facts["provider"], facts["model"]), set())
            reason = no_price(facts, versions) + other_times(found.cards, moment)
            return replace(terms, refusal=(left_out(holding) or reason) + found.doubt)
        if card.currency != self._currency:
            reason = f"currency: rule {card.id} is in {card.currency}, the book in {self._currency}"
            return replace(terms, refusal=reason)
        if (unpriced := unpriced_fields(facts, [card, *in_order])) is not None:
            return replace(terms, base_rule_id=card.id, refusal=unpriced)
        as_input = (facts["provider"], facts["model"]) in self._cached_as_input and not any(
            Unit.CACHE_READ in tier.rates for tier in card.tiers
        )
        terms = replace(terms, cached_as_input=as_input, plain=terms.plain and not as_input)
        return self._with_prices(terms, card, [fee for fee in found.fees if _holds(fee, moment)])

    def _with_prices(self, terms: Terms, card: RateCard, fees: Sequence[FeeCard]) -> Terms:
        """The card's rates. Fees of what no usage counts, such as a router's, are part of them."""
        prices: dict[Unit, Fee] = {}
        unused: dict[Unit, str] = {}
        for rule in fees:
            reason = self._why_unused(rule)
            for unit, price in rule.rates.items():
                if reason is None:
                    prices.setdefault(unit, Fee(unit, price, rule.id))
                elif unit not in prices:
                    unused.setdefault(unit, reason)
        of_each_call = []
        for unit in filter(lambda unit: lacks(card, unit), OF_RATES_ALONE):
            fee = prices.pop(unit, None)
            if fee is not None:
                of_each_call.append(fee)
            elif unit in unused:
                return replace(
                    terms, base_rule_id=card.id, refusal=f"{_FEES_OF[unit]}: {unused[unit]}"
                )
        added = Added(of_each_call, fixed_units(terms.modifiers))
        as_input = terms.cached_as_input
        tiers = tuple(tier_rates(each, added, cached_as_input=as_input) for each in card.tiers)
        return replace(
            terms,
            base_rule_id=with_fees(card.id, of_each_call),
            tiers=tiers,
            rates=tiers[0].rates if len(tiers) == 1 and tiers[0].plain else None,
            plain=terms.plain and not any(tier.per for tier in card.tiers),
            fees=tuple(prices.values()),
            unused_fees=tuple(unused.items()),
            unlogged=_unlogged(card),
        )

    def _why_unused(self, fee: FeeCard) -> str | None:
        """Why a fee for the call is no price of it."""
        if fee.currency != self._currency:
            return f"rule {fee.id} is in {fee.currency}, the book in {self._currency}"
        return left_out([fee]) if fee.origin in self._left_out else None


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of calls like one, at any time."""

    cards: Sequence[RateCard]
    modifiers: Sequence[Modifier]
    fees: Sequence[FeeCard]
    """The most trusted first, then the most specific."""
    facts: CallFacts
    doubt: str
    """What an absent price may be due to."""

    def changes(self) -> set[datetime]:
        """The moments at which a rule begins or ends."""
        rules: tuple[RateCard | Modifier | FeeCard, ...] = (
            *self.cards,
            *self.modifiers,
            *self.fees,
        )
        moments = {rule.valid_from for rule in rules}
        return moments | {rule.valid_to for rule in rules if rule.valid_to is not None}


def _facts(event: UsageEvent, served: Served, deployment_type: str) -> dict[str, str | None]:
    return {
        "provider": served.provider,
        "model": served.model,
        "versions": served.version,
        "deployment": deployment_type,
        "operation": event.operation,
        "product": event.caller.product,
        "subscription": event.caller.subscription,
        "tenant": event.caller.tid,
    }


def _holds(rule: RateCard | Modifier | FeeCard, moment: datetime) -> bool:
    return rule.valid_from <= moment and (rule.valid_to is None or moment < rule.valid_to)


def _unlogged(card: RateCard) -> tuple[str, ...]:
    """The gateway's log counts neither cache writes nor modalities nor tools."""
    priced = {unit for tier in card.tiers for unit in tier.rates}
    return tuple(
        exclusion for exclusion, units in _NOT_IN_THE_LOG.items() if not priced.isdisjoint(units)
    )
