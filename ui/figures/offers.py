"""What the price book has for a model: its versions, deployment types, service tiers and regions.

Each choice leaves fewer prices to choose from. The engine prices; here is only what to ask it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ui.api.price_answers import Price
from ui.api.rating import Question

ANY = ""
"""No value: the price is for every one of them."""
GLOBAL_STANDARD, DEFAULT_TIER = "GlobalStandard", "default"
USUAL = (ANY, GLOBAL_STANDARD, DEFAULT_TIER)
ZONE = "zone"
"""A price of a data zone is one of each region in it."""

Zones = Mapping[str, Sequence[str]]


class Dimension(StrEnum):
    """What a price may depend on, by the name that a rule has for it, in the order of choosing."""

    VERSION = "versions"
    TYPE = "deployment"
    TIER = "service_tier"
    REGION = "region"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One way to buy a model; None is what the engine takes when nothing is said."""

    model: str
    provider: str | None = None
    version: str | None = None
    deployment_type: str | None = None
    service_tier: str | None = None
    region: str | None = None

    @property
    def asked_model(self) -> str:
        """The name by which the engine knows the version too."""
        return f"{self.model}-{self.version}" if self.version else self.model


def question_of(offer: Offer, usage: Mapping[str, object]) -> Question:
    """A usage object of a model that is bought in this way."""
    return Question(
        model=offer.asked_model,
        provider=offer.provider,
        deployment_type=offer.deployment_type,
        service_tier=offer.service_tier,
        region=offer.region,
        usage=usage,
    )


def values_of(price: Price, dimension: Dimension, zones: Zones) -> Sequence[str]:
    """Values that the price is for; empty where it is for all of them."""
    if dimension is Dimension.REGION and ZONE in price.matches:
        return [region for zone in price.matches[ZONE] for region in zones.get(zone, ())]
    return price.matches.get(dimension, ())


def options_of(prices: Sequence[Price], dimension: Dimension, zones: Zones) -> list[str]:
    """As metering would take them: that of a deployment first, then the usual one; the newest
    version first.
    """
    deployed = {
        value
        for price in prices
        if _is_deployed_at_default_tier(price)
        for value in values_of(price, dimension, zones) or [ANY]
    }
    found = {value for price in prices for value in values_of(price, dimension, zones) or [ANY]}
    ranked = sorted(found, reverse=dimension is Dimension.VERSION)
    return sorted(ranked, key=lambda value: (value not in deployed, value not in USUAL))


def _is_deployed_at_default_tier(price: Price) -> bool:
    tiers = price.matches.get(Dimension.TIER, [DEFAULT_TIER])
    return bool(price.deployments) and DEFAULT_TIER in tiers


def narrowed(
    prices: Sequence[Price], dimension: Dimension, value: str, zones: Zones
) -> list[Price]:
    """Prices that hold for a value; ANY leaves those for every value alone."""
    return [
        price
        for price in prices
        if not (values := values_of(price, dimension, zones)) or value in values
    ]


def offer_of(model: str, prices: Sequence[Price], chosen: Mapping[Dimension, str]) -> Offer:
    """The offer with what was chosen of each dimension; `prices` are of the model alone."""

    def value(dimension: Dimension) -> str | None:
        return chosen.get(dimension) or None

    return Offer(
        model=model,
        provider=prices[0].provider if prices else None,
        version=value(Dimension.VERSION),
        deployment_type=value(Dimension.TYPE),
        service_tier=value(Dimension.TIER),
        region=value(Dimension.REGION),
    )


def sold_by(provider: str | None, model: str, prices: Sequence[Price]) -> list[Price]:
    """Prices of one model, of one provider alone."""
    return [price for price in prices if (price.provider, price.model) == (provider, model)]


def first_offer(model: str, prices: Sequence[Price], zones: Zones) -> Offer:
    """The offer that nobody has chosen anything of."""
    left, chosen = list(prices), dict[Dimension, str]()
    for dimension in Dimension:
        options = options_of(left, dimension, zones)
        if options:
            chosen[dimension] = options[0]
            left = narrowed(left, dimension, options[0], zones)
    return offer_of(model, prices, chosen)


def deployed_offer(
    deployment: str | None, model: str, prices: Sequence[Price], zones: Zones
) -> Offer:
    """How a deployment's calls are priced at the default tier: by the most specific price that may
    be theirs. Without one, the first offer.
    """
    name = (deployment or "").lower()  # as the book spells it, whatever case the caller wrote
    own = [price for price in prices if price.model == model and name in price.deployments]
    if not own:
        return first_offer(model, [each for each in prices if each.model == model], zones)
    price = min(own, key=lambda each: (not _is_deployed_at_default_tier(each), -len(each.matches)))
    return offer_at(price, zones)


def offer_at(price: Price, zones: Zones) -> Offer:
    """The offer that has this price: without its version or region the engine would not take it."""
    chosen = {
        dimension: values[0]
        for dimension in Dimension
        if (values := values_of(price, dimension, zones))
    }
    return offer_of(price.model or "", [price], chosen)
