"""What can be chosen in the playground: deployments with their prices."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ui.api.price_answers import Price
from ui.format import exact_number

TEXT_UNITS = {"input", "output"}
TIER, DEPLOYMENT, REGION = "service_tier", "deployment", "region"
"""Dimensions of a rule."""
CHARS_PER_TOKEN = 4
"""Of English prose, roughly; an estimate says that it is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One deployment for text, and what a million of its tokens cost at list price."""

    deployment: str
    model: str
    provider: str
    input: Decimal
    output: Decimal
    currency: str
    deployment_type: str | None
    """One that the price is for; None where it is for all of them. The same for the region."""
    region: str | None

    @property
    def label(self) -> str:
        prices = f"{exact_number(self.input)} in, {exact_number(self.output)} out"
        return f"{self.deployment} ({prices}, {self.currency} per 1 M)"


def choices_of(prices: Sequence[Price]) -> list[Choice]:
    """The cheapest output first; the price of the default tier where there are several."""
    found: dict[str, Choice] = {}
    for price in prices:
        rates = price.tiers[0].per_million
        is_default = price.matches.get(TIER, ["default"]) == ["default"]
        if not price.model or not is_default or not rates.keys() >= TEXT_UNITS:
            continue
        for deployment in price.deployments:
            choice = Choice(
                deployment=deployment,
                model=price.model,
                provider=price.provider,
                input=rates["input"],
                output=rates["output"],
                currency=price.currency,
                deployment_type=_first(price, DEPLOYMENT),
                region=_first(price, REGION),
            )
            found.setdefault(deployment, choice)
    return sorted(found.values(), key=lambda each: (each.output, each.deployment))


def _first(price: Price, dimension: str) -> str | None:
    return next(iter(price.matches.get(dimension, ())), None)


def estimated_tokens(text: str) -> int:
    """Roughly how many tokens a prompt has."""
    return max(1, -(-len(text) // CHARS_PER_TOKEN)) if text else 0
