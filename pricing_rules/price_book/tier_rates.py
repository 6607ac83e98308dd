"""The prices of a call, ready to rate with: a base rule's tiers, and what fees and fixed rules add.

Owns which units have a price. Which rules hold for a call is for `terms`.
"""

from collections.abc import Iterable, Sequence, Set
from typing import NamedTuple

import msgspec

from pricing_rules.price_book.rate_card import Modifier, RateCard, RateTier
from pricing_rules.units import TOOL_UNITS, Unit


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
    call_added: bool = False
    """Whether a fee or a fixed rule alone prices the call itself: it counts next to other units."""


class Fee(msgspec.Struct, frozen=True):
    """The price of a unit that a fee rule adds."""

    unit: Unit
    price: int
    rule_id: str


OF_RATES_ALONE = (Unit.ROUTER_INPUT, Unit.REQUEST, Unit.REASONING)
"""Units that usage counts only where a rule prices them."""
FREE_OF_LIST = (TierRates(None, tuple((u, 0) for u in Unit if u not in TOOL_UNITS), True),)
"""Where no price per call exists, every unit is listed at nothing, but what tools cost."""
RULES_JOINED_BY = " + "
"""Between a base rule and its fees, where one name says by which rules a call was priced."""


class Added(NamedTuple):
    """What a call's rules price that its base rule does not."""

    fees: Sequence[Fee] = ()
    """Of units that usage counts only where a rule prices them."""
    fixed: Set[Unit] = frozenset()
    """Such units that a fixed rule prices: they have no list price of their own."""


def with_fees(rule_id: str | None, fees: Iterable[Fee]) -> str:
    """All rules that list a call's prices. Within a cell each unit has one list price."""
    known = str(rule_id).split(RULES_JOINED_BY)
    return RULES_JOINED_BY.join([*known, *sorted({fee.rule_id for fee in fees} - set(known))])


def fixed_units(modifiers: Iterable[Modifier]) -> frozenset[Unit]:
    """Which of the units that only rules count have a fixed price."""
    priced = {unit for rule in modifiers for unit in rule.rates}
    # A router's tokens are counted by its fee: a call without one has no router.
    return frozenset({Unit.REQUEST, Unit.REASONING} & priced)


def lacks(card: RateCard, unit: Unit) -> bool:
    """Whether the base rule leaves a unit to fees, be it in one tier."""
    return any(unit not in tier.rates for tier in card.tiers)


def tier_rates(tier: RateTier, added: Added, *, cached_as_input: bool) -> TierRates:
    """The tier's prices in the order of their lines."""
    prices = dict(tier.rates)
    if cached_as_input and Unit.INPUT in prices:
        prices.setdefault(Unit.CACHE_READ, prices[Unit.INPUT])
    for fee in added.fees:
        prices.setdefault(fee.unit, fee.price)
    if Unit.REQUEST in added.fixed:
        prices.setdefault(Unit.REQUEST, 0)
    if Unit.REASONING in added.fixed and Unit.OUTPUT in prices:
        prices.setdefault(Unit.REASONING, prices[Unit.OUTPUT])
    rates = tuple((unit, prices[unit]) for unit in Unit if unit in prices)
    plain = prices.keys().isdisjoint(OF_RATES_ALONE)
    call_added = Unit.REQUEST in prices and Unit.REQUEST not in tier.rates
    return TierRates(tier.up_to, rates, plain, tuple(tier.per.items()), call_added)
