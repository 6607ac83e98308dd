"""What prices were, are and will be."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import product

from ui.api.price_answers import Price


class Era(StrEnum):
    """When a price holds, as seen from now."""

    SCHEDULED = "scheduled"
    NOW = "now"
    ENDED = "ended"


def era_of(price: Price, *, now: datetime) -> Era:
    if price.valid_from > now:
        return Era.SCHEDULED
    if price.valid_to is not None and price.valid_to <= now:
        return Era.ENDED
    return Era.NOW


def scheduled(prices: Sequence[Price], *, now: datetime) -> list[Price]:
    """Prices that begin later, the next first."""
    coming = [price for price in prices if era_of(price, now=now) is Era.SCHEDULED]
    return sorted(coming, key=lambda price: price.valid_from)


def newest_first(prices: Sequence[Price]) -> list[Price]:
    return sorted(prices, key=lambda price: price.valid_from, reverse=True)


def ending(prices: Sequence[Price], *, now: datetime) -> list[tuple[datetime, Price]]:
    """Prices of deployments that end later, each with its end, where some of the calls that it is
    for have no other price then; the next first.
    """
    found = [
        (price.valid_to, price)
        for price in prices
        if price.deployments and price.valid_to is not None and price.valid_to > now
        if not _is_followed(price, _holding(prices, price, at=price.valid_to))
    ]
    return sorted(found, key=lambda pair: pair[0])


def _holding(prices: Sequence[Price], price: Price, *, at: datetime) -> list[Price]:
    """Other prices of the same model that hold at that time."""
    return [
        other
        for other in prices
        if (other.provider, other.model) == (price.provider, price.model)
        if other.valid_from <= at and (other.valid_to is None or at < other.valid_to)
    ]


def _is_followed(price: Price, others: Sequence[Price]) -> bool:
    """Whether each kind of call that it is for has one of the others."""
    values = product(*price.matches.values())
    kinds = [dict(zip(price.matches, each, strict=True)) for each in values]
    return all(any(_is_for(other, kind) for other in others) for kind in kinds)


def _is_for(price: Price, kind: Mapping[str, str]) -> bool:
    return all(kind.get(name) in values for name, values in price.matches.items())
