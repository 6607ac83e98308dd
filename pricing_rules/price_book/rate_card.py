"""The compiled form of a book's rules: integers and plain values, ready to look up and to hash."""

from datetime import datetime
from fractions import Fraction
from typing import Literal

import msgspec

from pricing_rules.money import divide_half_even
from pricing_rules.price_book.rules import PriceOrigin
from pricing_rules.units import Unit

Matches = tuple[tuple[str, tuple[str, ...]], ...]
"""(dimension, its allowed values, sorted) for each dimension that a rule constrains."""


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of what decides a price: a field that only a later release knows may change it."""


class RateTier(Strict, frozen=True, kw_only=True, omit_defaults=True):
    """Prices for prompts up to a size."""

    up_to: int | None
    """Largest prompt in tokens, inclusive; None is the last tier."""
    rates: dict[Unit, int]
    """Pico-units of the card's currency for one of the unit, or for as many as `per` says."""
    # It came later, and is left out of the bytes where it says nothing.
    per: dict[Unit, int] = {}
    """How many of a unit its rate is for, where that is not one: 1.02 for an hour is 850,000
    pico-units for 3 milliseconds."""

    def price(self, unit: Unit) -> Fraction | None:
        """Pico-units for one, exactly; None without a rate."""
        rate = self.rates.get(unit)
        return None if rate is None else Fraction(rate, self.per.get(unit, 1))

    def price_of(self, quantity: int, unit: Unit) -> int:
        """Pico-units for so many of a unit that has a rate, rounded half-even."""
        return divide_half_even(quantity * self.rates[unit], self.per.get(unit, 1))


class RateCard(Strict, frozen=True, kw_only=True):
    """A compiled base rule: the list prices of one model from a date."""

    id: str
    matches: Matches
    valid_from: datetime
    valid_to: datetime | None
    currency: str
    tiers: tuple[RateTier, ...]
    origin: PriceOrigin = PriceOrigin.AZURE
    """Books of earlier releases do not say it: their rules differ by specificity alone."""
    # It came later, and is left out of the bytes where it says nothing.
    valid_to_at_list: datetime | msgspec.UnsetType | None = msgspec.UNSET
    """Of a list price that a contract ended: when it ends for whoever has no contract."""
    agreed: bool | msgspec.UnsetType = msgspec.UNSET
    """Whether the company has agreed on it, so that it is no list price. Of books of earlier
    releases their sources alone say it."""


class FeeCard(Strict, frozen=True, kw_only=True):
    """A compiled fee rule: prices of units that the base rule has none for."""

    id: str
    matches: Matches
    valid_from: datetime
    valid_to: datetime | None
    currency: str
    rates: dict[Unit, int]
    """Pico-units of the card's currency for one of the unit."""
    origin: PriceOrigin = PriceOrigin.AZURE
    valid_to_at_list: datetime | msgspec.UnsetType | None = msgspec.UNSET
    """As that of a base rule."""
    agreed: bool | msgspec.UnsetType = msgspec.UNSET
    """As that of a base rule."""


class Modifier(Strict, frozen=True, kw_only=True):
    """A compiled multiply, fixed, minimum or zero rule: one step between two layers."""

    id: str
    kind: Literal["multiply", "fixed", "minimum", "zero"]
    layer: Literal["list", "contracted", "charge"]
    order: int
    matches: Matches
    valid_from: datetime
    valid_to: datetime | None
    written: str | None = None
    """Factor or amount as the rule has it, for the evidence."""
    numerator: int = 1
    denominator: int = 1
    amount: int = 0
    """Pico-units of the pricing currency."""
    rates: dict[Unit, int] = {}
    note: str | None = None


class FxRate(Strict, frozen=True, kw_only=True):
    """A compiled fx rule."""

    id: str
    valid_from: datetime
    valid_to: datetime | None
    written: str
    numerator: int
    denominator: int


class Alias(Strict, frozen=True, kw_only=True, omit_defaults=True):
    """What is deployed under a name."""

    name: str
    provider: str
    model: str
    version: str | None
    type: str
    region: str | None
    # Fields that came later are left out of the bytes where they say nothing.
    host: str | None = None
    """The backend that it is about; None: any that no other alias of the name is about."""
    service_tier: str | None = None
    """The tier of calls whose answer names none."""
    rate_by: Literal["alias", "reported"] = "alias"
    """`reported`: the answer's model has the price, and this one is what routed the call."""


class Family(Strict, frozen=True, kw_only=True):
    """Models of one maker whose names are known: such a name is evidence."""

    name: str
    begins: tuple[str, ...]
    """How every name of the family begins: `gpt-`; without a dash a whole word, as `o3`."""
    models: tuple[str, ...]
    floating: tuple[str, ...] = ()
    """Names that the vendor moves from model to model."""
    spelled: tuple[tuple[str, str], ...] = ()
    """Other spellings, each with the model that it means."""


CONTRACT = "contract"
"""Kind of the source of what the company has agreed on: such a price is no list price."""


class PriceSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where a card's prices were read. No part of the version: checking again changes no price.
    That it is a contract is said by the card, too: that decides who sees the price."""

    rule_id: str
    kind: str
    checked: str
    """ISO date."""
    url: str | None = None
    region: str | None = None
    meters: dict[str, str] = {}
    version: str | None = None
    """Release of the package that was read."""
    note: str | None = None


class BookContent(Strict, frozen=True, kw_only=True):
    """All that decides a price, in canonical order. Its bytes' sha256 is the book's version."""

    pricing_currency: str
    billing_currency: str
    cards: tuple[RateCard, ...]
    modifiers: tuple[Modifier, ...]
    fx: tuple[FxRate, ...]
    aliases: tuple[Alias, ...]
    default_versions: tuple[tuple[str, str, str], ...]
    """(provider, model, version), sorted."""
    harmless: tuple[str, ...] = ()
    """Paths of usage fields that change no price, sorted."""
    plain: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(path, values that mean the list price) of usage fields, sorted."""
    zones: tuple[tuple[str, str], ...] = ()
    """(region, data zone), sorted."""
    cached_as_input: tuple[tuple[str, str], ...] = ()
    """(provider, model) whose cached tokens are billed as input, sorted."""
    left_out: tuple[PriceOrigin, ...] = ()
    """Origins whose prices are not used."""
    fees: tuple[FeeCard, ...] = ()
    families: tuple[Family, ...] = ()
    """Known names, sorted. A book without any trusts each alias, whatever the answer says."""
