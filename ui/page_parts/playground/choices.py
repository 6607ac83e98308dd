"""What can be chosen in the playground: deployments with their prices."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ui.api.price_answers import Price
from ui.figures.offers import DEFAULT_TIER, Dimension, Offer, Zones, offer_at
from ui.format import exact_number

TEXT_UNITS = {"input", "output"}
CHARS_PER_TOKEN = 4
"""Of English prose, roughly; an estimate says that it is one."""
TRUST = {"azure-retail": 0, "contract": 0, "genai-prices": 1}
"""Kinds of sources, the most trusted first. Any other one is a report, which the engine takes only
where nobody else has a price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One deployment for text, and what a million of its tokens cost at list price."""

    deployment: str
    input: Decimal
    output: Decimal
    currency: str
    offer: Offer
    """How its calls are bought."""

    @property
    def label(self) -> str:
        prices = f"{exact_number(self.input)} in, {exact_number(self.output)} out"
        return f"{self.deployment} ({prices}, {self.currency} per 1 M)"


def choices_of(prices: Sequence[Price], zones: Zones) -> list[Choice]:
    """The cheapest output first; of a deployment's prices that of the default tier which the engine
    takes.
    """
    own: dict[str, list[Price]] = defaultdict(list)
    for price in filter(_is_for_text, prices):
        for deployment in price.deployments:
            own[deployment].append(price)
    found = [_choice(deployment, _taken(each), zones) for deployment, each in own.items()]
    return sorted(found, key=lambda each: (each.output, each.deployment))


def _is_for_text(price: Price) -> bool:
    is_default = price.matches.get(Dimension.TIER, [DEFAULT_TIER]) == [DEFAULT_TIER]
    return bool(price.model) and is_default and price.tiers[0].per_million.keys() >= TEXT_UNITS


def _taken(prices: Sequence[Price]) -> Price:
    """The most trusted one, and of these the most specific."""
    return min(
        prices,
        key=lambda each: (TRUST.get(each.source.kind, len(TRUST)), -len(each.matches)),
    )


def _choice(deployment: str, price: Price, zones: Zones) -> Choice:
    rates = price.tiers[0].per_million
    return Choice(
        deployment=deployment,
        input=rates["input"],
        output=rates["output"],
        currency=price.currency,
        offer=offer_at(price, zones),
    )


def estimated_tokens(text: str) -> int:
    """Roughly how many tokens a prompt has."""
    return max(1, -(-len(text) // CHARS_PER_TOKEN)) if text else 0
