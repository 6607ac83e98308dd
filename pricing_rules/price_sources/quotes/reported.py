"""Reported prices against the book: what is new, and what contradicts a better source.

A price that the book has from a more trusted origin is never replaced and never completed.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from fractions import Fraction

import msgspec

from pricing_rules.price_book.book import Book
from pricing_rules.price_book.match import RuleIndex
from pricing_rules.price_book.rate_card import RateCard, RateTier
from pricing_rules.price_book.rules import PriceOrigin
from pricing_rules.price_sources.proposals import (
    Change,
    Proposal,
    ReadPrice,
    compare,
    per_million,
    pico_per_unit,
    propose,
)
from pricing_rules.units import Unit

_TRUST = list(PriceOrigin)


class UnitPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What a source and a rule of the book say of one unit for prompts of one size."""

    unit: Unit
    prompt_tokens: int
    """The smallest prompt of the band, less one."""
    reported: Fraction
    """Pico-units for one."""
    ours: Fraction | None

    def __str__(self) -> str:
        band = f" above {self.prompt_tokens}" if self.prompt_tokens else ""
        ours, reported = per_million(self.ours), per_million(self.reported)
        return f"{self.unit}{band} {ours}, reported {reported}"


def propose_reported(prices: Sequence[ReadPrice], book: Book, *, at: datetime) -> list[Proposal]:
    """Every difference. `at`: when the reported prices were read."""
    index = RuleIndex(book.content.cards)
    vendors = _vendors(book, at)
    proposals: list[Proposal] = []
    for reported in prices:
        price, known = reported, holding(reported, index, at=at)
        vendor = vendors.get((price.model, price.service_tier.value))
        # A vendor's list has no zones, and a zone costs more.
        if vendor is not None and known is None and price.zone is None:
            proposals += _contradiction(price, vendor)
            price = _at_vendors_price(price, vendor, book)
        if known is not None and known.origin is not PriceOrigin.REPORTED:
            proposals += _contradiction(price, known)
        elif known is not None and known.matches == price.matches:
            proposals += filter(None, [compare(price, known)])
        elif known is None or _adds_to(price, known):
            proposals += propose([price], book, in_scope=())
    proposals += _gone(prices, book, at)
    return sorted(proposals, key=lambda proposal: (proposal.change, proposal.rule_id))


def _gone(prices: Sequence[ReadPrice], book: Book, at: datetime) -> Iterator[Proposal]:
    """Rules from the same kind of source that it says nothing about any more."""
    kinds = {price.source_kind for price in prices}
    said = {price.matches for price in prices}
    for card in book.content.cards:
        if book.sources[card.id].kind in kinds and _holds(card, at) and card.matches not in said:
            details = ("the source has it no more",)
            yield Proposal(change=Change.GONE, rule_id=card.id, details=details)


def _vendors(book: Book, at: datetime) -> dict[tuple[str, str], RateCard]:
    """The vendors' own lists by model and service tier."""
    return {
        (values["model"][0], values["service_tier"][0]): card
        for card in book.content.cards
        if card.origin is PriceOrigin.VENDOR
        and _holds(card, at)
        and "service_tier" in (values := dict(card.matches))
    }


def _at_vendors_price(price: ReadPrice, vendor: RateCard, book: Book) -> ReadPrice:
    """What Azure sells of a vendor's list it sells at the list's prices: a better word for them."""
    tiers = tuple(
        (tier.up_to, {unit: _price(tier, unit) for unit in tier.rates}) for tier in vendor.tiers
    )
    source = book.sources[vendor.id]
    return msgspec.structs.replace(
        price,
        tiers=tiers,
        valid_from=vendor.valid_from,
        valid_to=vendor.valid_to,
        family=price.family.replace("_reported_", "_"),
        source_kind=source.kind,
        source_version=source.version,
        checked=date.fromisoformat(source.checked),
        url=source.url,
        note="the vendor's own list, at which Azure is reported to sell the model",
    )


def _price(tier: RateTier, unit: Unit) -> Fraction:
    """Per million, in units of currency."""
    return Fraction(tier.rates[unit], tier.per.get(unit, 1) * 1_000_000)


def _holds(card: RateCard, at: datetime) -> bool:
    return card.valid_from <= at and (card.valid_to is None or at < card.valid_to)


def holding(price: ReadPrice, index: RuleIndex[RateCard], *, at: datetime) -> RateCard | None:
    """The book's rule for calls that the price is for, the most trusted first."""
    facts = {
        "provider": price.provider,
        "model": price.model,
        "versions": price.version,
        "deployment": price.deployment.value,
        "region": price.region,
        "zone": price.zone,
        "service_tier": price.service_tier.value,
    }
    cards = [
        card for card in index.find(facts) if _holds(card, at) and card.currency == price.currency
    ]
    return min(cards, key=lambda card: _TRUST.index(card.origin), default=None)


def unit_prices(price: ReadPrice, card: RateCard) -> Iterator[UnitPrice]:
    """Every unit that the price has, with the card's price of it."""
    above = 0
    for up_to, rates in price.tiers:
        tier = next(t for t in card.tiers if t.up_to is None or above < t.up_to)
        for unit, amount in rates.items():
            pico = pico_per_unit(unit, amount)
            if pico is not None:
                yield UnitPrice(
                    unit=unit, prompt_tokens=above, reported=pico, ours=tier.price(unit)
                )
        above = up_to or above


def _adds_to(price: ReadPrice, card: RateCard) -> bool:
    return any(unit.ours != unit.reported for unit in unit_prices(price, card))


def _contradiction(price: ReadPrice, card: RateCard) -> Iterator[Proposal]:
    """Where both have a price and the two differ."""
    details = tuple(
        str(unit)
        for unit in unit_prices(price, card)
        if unit.ours is not None and unit.ours != unit.reported
    )
    if details:
        yield Proposal(change=Change.CONTRADICTED, rule_id=card.id, details=details)
