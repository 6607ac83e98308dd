"""The terms of a call: its base rule, fees and modifiers at each time, or why there are none.

Owns the choice of rules. Who served the call is for `evidence`, arithmetic is in `rating`.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from pricing_rules.price_book.evidence.served import Evidence, Served, region_of
from pricing_rules.price_book.match import USAGE_DIMENSION, CallFacts, RuleIndex
from pricing_rules.price_book.rate_card import BookContent, FeeCard, Modifier, RateCard, RateTier
from pricing_rules.price_book.refusals import left_out, no_price, other_times, unpriced_fields
from pricing_rules.price_book.rules import PriceOrigin
from pricing_rules.types import CACHE_HIT, Exclusion, UsageEvent
from pricing_rules.units import MODALITY_UNITS, TOOL_UNITS, Unit

_CALLER_DIMENSIONS = frozenset({"product", "subscription", "cost_centre", "tenant"})
_LAYERS = ("list", "contracted", "charge")
_BEGINNING = datetime.min.replace(tzinfo=UTC)


class TierRates(msgspec.Struct, frozen=True):
    """One tier of a base rule, ready to rate with."""

    up_to: int | None
    rates: tuple[tuple[Unit, int], ...]
    """In the order of Unit, which is the order of the lines."""
    plain: bool
    """Whether each rate is for a unit that usage counts: neither reasoning nor the call itself,
    nor what a router read."""
    per: tuple[tuple[Unit, int], ...] = ()
    """How many of a unit its rate is for, where that is not one."""


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
    fees: tuple["Fee", ...] = ()
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


class Fee(msgspec.Struct, frozen=True):
    """The price of a unit that a fee rule adds."""

    unit: Unit
    price: int
    rule_id: str


_NOT_IN_THE_LOG = {
    Exclusion.CACHE_WRITE: frozenset({Unit.CACHE_WRITE_5M, Unit.CACHE_WRITE_1H}),
    Exclusion.MODALITY: MODALITY_UNITS,
    Exclusion.TOOL_FEES: TOOL_UNITS,
}
_OF_RATES_ALONE = frozenset({Unit.REASONING, Unit.REQUEST, Unit.ROUTER_INPUT})
"""Units that usage counts only where a rule prices them."""
_FREE_OF_LIST = (TierRates(None, tuple((u, 0) for u in Unit if u not in TOOL_UNITS), True),)
"""Where no price per call exists, every unit is listed at nothing, but what tools cost."""
RULES_JOINED_BY = " + "
"""Between a base rule and its fees, where one name says by which rules a call was priced."""
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
        self.by_caller = any(name in _CALLER_DIMENSIONS for each in matches for name, _ in each)

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
        facts |= {f"{USAGE_DIMENSION}{path}": value for path, value in fields}
        found = _Found(
            cards=sorted(self._cards.find(facts), key=self._order),
            modifiers=self._modifiers.find(facts),
            fees=sorted(self._fees.find(facts | of_alias), key=self._order),
            facts=facts,
            doubt=served.doubt + doubt,
        )
        starts = sorted({_BEGINNING, *found.changes()})
        return starts, [self._at(start, empty, found) for start in starts]

    def _order(self, card: RateCard | FeeCard) -> tuple[bool, int]:
        """Prices in the book's currency come first, then the more trusted ones."""
        return card.currency != self._currency, list(PriceOrigin).index(card.origin)

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
            plain=not (in_order or self._converts or empty.tier_unconfirmed),
            free=free,
            cost_centre=facts["cost_centre"] if asked else None,
        )
        if free and free.layer == "list":
            return replace(
                terms,
                tiers=_FREE_OF_LIST,
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
        """The card's rates. A router's fee is part of them: each call has prompt tokens."""
        prices: dict[Unit, Fee] = {}
        unused: dict[Unit, str] = {}
        for rule in fees:
            reason = self._why_unused(rule)
            for unit, price in rule.rates.items():
                if reason is None:
                    prices.setdefault(unit, Fee(unit, price, rule.id))
                elif unit not in prices:
                    unused.setdefault(unit, reason)
        router = prices.pop(Unit.ROUTER_INPUT, None)
        if router is None and Unit.ROUTER_INPUT in unused:
            reason = f"the router's fee: {unused[Unit.ROUTER_INPUT]}"
            return replace(terms, base_rule_id=card.id, refusal=reason)
        return replace(
            terms,
            base_rule_id=card.id if router is None else with_fees(card.id, [router]),
            tiers=tuple(_tier_rates(tier, terms.cached_as_input, router) for tier in card.tiers),
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


def with_fees(rule_id: str | None, fees: Iterable["Fee"]) -> str:
    """All rules that list a call's prices. Within a cell each unit has one list price."""
    return RULES_JOINED_BY.join([str(rule_id), *sorted({fee.rule_id for fee in fees})])


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


def _tier_rates(tier: RateTier, cached_as_input: bool, router: "Fee | None") -> TierRates:
    prices = tier.rates
    if cached_as_input and Unit.INPUT in prices:
        prices = {Unit.CACHE_READ: prices[Unit.INPUT], **prices}
    if router is not None:
        prices = {**prices, router.unit: router.price}
    rates = tuple((unit, prices[unit]) for unit in Unit if unit in prices)
    plain = prices.keys().isdisjoint(_OF_RATES_ALONE)
    return TierRates(tier.up_to, rates, plain, tuple(tier.per.items()))


def _unlogged(card: RateCard) -> tuple[str, ...]:
    """The gateway's log counts neither cache writes nor modalities nor tools."""
    priced = {unit for tier in card.tiers for unit in tier.rates}
    return tuple(
        exclusion for exclusion, units in _NOT_IN_THE_LOG.items() if not priced.isdisjoint(units)
    )
