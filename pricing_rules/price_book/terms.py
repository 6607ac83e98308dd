"""The terms of a call: its alias, base rule and modifiers at each time, or why there are none.

Owns the choice of rules. Arithmetic is in `rating`.
"""

import json
import re
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime

import msgspec

from pricing_rules.price_book.match import USAGE_DIMENSION, CallFacts, RuleIndex
from pricing_rules.price_book.rate_card import Alias, BookContent, Modifier, RateCard, RateTier
from pricing_rules.price_book.rules import DeploymentType, PriceOrigin, ServiceTier, arm_name
from pricing_rules.types import Exclusion, UsageEvent
from pricing_rules.units import MODALITY_UNITS, Unit

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_BATCH_TYPES = frozenset({DeploymentType.GLOBAL_BATCH, DeploymentType.DATA_ZONE_BATCH})
_CALLER_DIMENSIONS = frozenset({"product", "subscription", "cost_centre", "tenant"})
_LAYERS = ("list", "contracted", "charge")
_BEGINNING = datetime.min.replace(tzinfo=UTC)


class TierRates(msgspec.Struct, frozen=True):
    """One tier of a base rule, ready to rate with."""

    up_to: int | None
    rates: tuple[tuple[Unit, int], ...]
    """In the order of Unit, which is the order of the lines."""
    plain: bool
    """Whether each rate is for a unit that usage counts: neither reasoning nor the call itself."""


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


_NOT_IN_THE_LOG = {
    Exclusion.MODALITY: MODALITY_UNITS,
    Exclusion.TOOL_FEES: frozenset({Unit.WEB_SEARCH}),
}
_FREE_OF_LIST = (TierRates(None, tuple((unit, 0) for unit in Unit), True),)
"""Where no price per call exists, every unit is listed at nothing."""

TermsTimeline = tuple[Sequence[datetime], Sequence[Terms]]
"""Beginnings of periods, ascending from the beginning of time, and what holds in each."""


class TermsFinder:
    """Finds terms in one book's content."""

    def __init__(self, content: BookContent):
        self._currency = content.pricing_currency
        self._cards = RuleIndex(content.cards)
        self._modifiers = RuleIndex(content.modifiers)
        self._left_out = frozenset(content.left_out)
        self._zones = dict(content.zones)
        self._cached_as_input = frozenset(content.cached_as_input)
        self._defaults = {(p, model): version for p, model, version in content.default_versions}
        self._versions: dict[tuple[str | None, str | None], set[str]] = {}
        for card in content.cards:
            values = dict(card.matches)
            key = (values["provider"][0], values["model"][0])
            self._versions.setdefault(key, set()).update(values.get("versions", ()))
        self.by_caller = any(
            dimension in _CALLER_DIMENSIONS
            for rule in content.modifiers
            for dimension, _ in rule.matches
        )

    def find(
        self,
        event: UsageEvent,
        cost_centre: str | None,
        aliases: Mapping[str, Alias],
        fields: Sequence[tuple[str, str]] = (),
    ) -> TermsTimeline:
        """The terms of calls like this one at all times.

        `fields`: what the usage object says that may set the price, by path and value.
        """
        if event.deployment is None:
            return [_BEGINNING], [Terms(refusal="the call names no deployment")]
        alias = aliases.get(event.deployment.lower())
        if alias is None:
            return [_BEGINNING], [Terms(refusal=_no_alias(event))]
        version = self._version(alias, event.model)
        facts = _facts(event, alias, version=version, cost_centre=cost_centre)
        facts["zone"] = self._zones.get(facts["region"] or "")
        facts |= {f"{USAGE_DIMENSION}{path}": value for path, value in fields}
        cards = sorted(self._cards.find(facts), key=lambda c: list(PriceOrigin).index(c.origin))
        modifiers = self._modifiers.find(facts)
        starts = sorted({_BEGINNING, *_changes(cards), *_changes(modifiers)})
        empty = Terms(
            provider=alias.provider,
            model=alias.model,
            deployment_type=alias.type,
            version=version,
        )
        at_times = [
            self._at(start, empty, facts, cards=cards, modifiers=modifiers) for start in starts
        ]
        return starts, at_times

    def _at(
        self,
        moment: datetime,
        empty: Terms,
        facts: CallFacts,
        *,
        cards: Sequence[RateCard],
        modifiers: Sequence[Modifier],
    ) -> Terms:
        in_order = sorted(
            (rule for rule in modifiers if _holds(rule, moment)),
            key=lambda rule: (_LAYERS.index(rule.layer), rule.order, rule.id),
        )
        free = next((rule for rule in in_order if rule.kind == "zero"), None)
        if free:
            in_order = in_order[: in_order.index(free) + 1]
        asked = any(dict(rule.matches).get("cost_centre") for rule in in_order)
        terms = msgspec.structs.replace(
            empty,
            modifiers=tuple(in_order),
            free=free,
            cost_centre=facts["cost_centre"] if asked else None,
        )
        if free and free.layer == "list":
            return msgspec.structs.replace(
                terms, tiers=_FREE_OF_LIST, refusal=_unpriced_fields(facts, in_order)
            )
        holding = [card for card in cards if _holds(card, moment)]
        card = next((card for card in holding if card.origin not in self._left_out), None)
        if card is None:
            versions = self._versions.get((facts["provider"], facts["model"]), set())
            reason = _left_out(holding) or _no_price(facts, versions) + _other_times(cards, moment)
            return msgspec.structs.replace(terms, refusal=reason)
        if card.currency != self._currency:
            reason = f"currency: rule {card.id} is in {card.currency}, the book in {self._currency}"
            return msgspec.structs.replace(terms, refusal=reason)
        if (unpriced := _unpriced_fields(facts, [card, *in_order])) is not None:
            return msgspec.structs.replace(terms, base_rule_id=card.id, refusal=unpriced)
        cached_as_input = (facts["provider"], facts["model"]) in self._cached_as_input and not any(
            Unit.CACHE_READ in tier.rates for tier in card.tiers
        )
        return msgspec.structs.replace(
            terms,
            base_rule_id=card.id,
            tiers=tuple(_tier_rates(tier, cached_as_input) for tier in card.tiers),
            unlogged=_unlogged(card),
            cached_as_input=cached_as_input,
        )

    def _version(self, alias: Alias, reported: str | None) -> str | None:
        """The alias decides; where it is silent, the model's own dated name, then the default.

        A dated name that no rule knows is kept: the call is unpriced rather than rated as the
        default.
        """
        if alias.version:
            return alias.version
        key = (alias.provider, alias.model)
        if reported and reported.startswith(f"{alias.model}-"):
            version = reported.removeprefix(f"{alias.model}-")
            if version in self._versions.get(key, ()) or _DATE.fullmatch(version):
                return version
        return self._defaults.get(key)


def _facts(
    event: UsageEvent, alias: Alias, *, version: str | None, cost_centre: str | None
) -> dict[str, str | None]:
    tier = (event.service_tier or ServiceTier.DEFAULT).lower()
    if tier == "standard":
        tier = ServiceTier.DEFAULT
    if alias.type in _BATCH_TYPES:
        tier = ServiceTier.BATCH
    return {
        "provider": alias.provider,
        "model": alias.model,
        "versions": version,
        "deployment": alias.type,
        "region": arm_name(alias.region or event.region or "") or None,
        "service_tier": tier,
        "operation": event.operation,
        "product": event.caller.product,
        "subscription": event.caller.subscription,
        "cost_centre": cost_centre,
        "tenant": event.caller.tid,
    }


def _changes(rules: Sequence[RateCard] | Sequence[Modifier]) -> set[datetime]:
    moments = {rule.valid_from for rule in rules}
    return moments | {rule.valid_to for rule in rules if rule.valid_to is not None}


def _holds(rule: RateCard | Modifier, moment: datetime) -> bool:
    return rule.valid_from <= moment and (rule.valid_to is None or moment < rule.valid_to)


def _tier_rates(tier: RateTier, cached_as_input: bool) -> TierRates:
    prices = tier.rates
    if cached_as_input and Unit.INPUT in prices:
        prices = {Unit.CACHE_READ: prices[Unit.INPUT], **prices}
    rates = tuple((unit, prices[unit]) for unit in Unit if unit in prices)
    plain = Unit.REASONING not in tier.rates and Unit.REQUEST not in tier.rates
    return TierRates(tier.up_to, rates, plain)


def _unpriced_fields(facts: CallFacts, rules: Sequence[RateCard | Modifier]) -> str | None:
    """Names the usage fields that no rule of the call asks for."""
    asked = {dimension for rule in rules for dimension, _ in rule.matches}
    left = [
        f"{dimension.removeprefix(USAGE_DIMENSION)} = {value}"
        for dimension, value in facts.items()
        if dimension.startswith(USAGE_DIMENSION) and dimension not in asked
    ]
    return f"no rule prices usage field {', '.join(left)}" if left else None


def _unlogged(card: RateCard) -> tuple[str, ...]:
    """The gateway's log counts neither modalities nor tools."""
    priced = {unit for tier in card.tiers for unit in tier.rates}
    return tuple(
        exclusion for exclusion, units in _NOT_IN_THE_LOG.items() if not priced.isdisjoint(units)
    )


def _left_out(cards: Sequence[RateCard]) -> str:
    said = "only a {0.origin} price, which PRICE_SOURCES leaves out: rule {0.id}"
    return said.format(cards[0]) if cards else ""


def _no_price(facts: CallFacts, known_versions: Set[str]) -> str:
    hint = ""
    if known_versions and facts["versions"] not in known_versions:
        hint = f"; priced versions are {', '.join(sorted(known_versions))}"
    return (
        f"no price for {facts['provider']} {facts['model']}, "
        f"version {facts['versions'] or 'unknown'}, {facts['deployment']}, "
        f"{facts['service_tier']} tier, region {facts['region'] or 'unknown'}, "
        f"{facts['operation']} at this time{hint}"
    )


def _other_times(cards: Sequence[RateCard], moment: datetime) -> str:
    """Which rule would have held before or would hold later."""
    ended = max(
        ((card.valid_to, card.id) for card in cards if card.valid_to and card.valid_to <= moment),
        default=None,
    )
    if ended:
        return f"; rule {ended[1]} ended {ended[0].isoformat()}"
    if cards:
        begins, rule_id = min((card.valid_from, card.id) for card in cards)
        return f"; rule {rule_id} begins {begins.isoformat()}"
    return ""


def _no_alias(event: UsageEvent) -> str:
    """What is missing and the lines that would add it: the deployment's type sets the price."""
    lines = [
        f"no alias for deployment {event.deployment!r}; add to a file of the book:",
        "[[deployment]]",
        f"name = {_toml(event.deployment)}",
        'provider = "azure"',
        f"model = {_toml(event.model)}",
        'type = "GlobalStandard"  # or DataZoneStandard, Standard, …: as deployed',
    ]
    if event.region:
        lines.append(f"region = {_toml(event.region)}")
    return "\n".join(lines)


def _toml(text: str | None) -> str:
    """A string in quotes, on one line whatever the caller sent: JSON's form, but for U+007F."""
    return json.dumps(text or "", ensure_ascii=False).replace("\x7f", "\\u007f")
