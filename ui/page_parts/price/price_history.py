"""What prices were, are and will be."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

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
    """Prices that begin later, and those that end later without a known end yet; the next first."""
    coming = [price for price in prices if era_of(price, now=now) is Era.SCHEDULED]
    return sorted(coming, key=lambda price: price.valid_from)


def newest_first(prices: Sequence[Price]) -> list[Price]:
    return sorted(prices, key=lambda price: price.valid_from, reverse=True)
