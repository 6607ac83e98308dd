"""Prices read elsewhere, compared with the book: what a person reviews before anything is written.

Owns the comparison and its text. A changed price is a new rule that supersedes the old one.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

import msgspec

from pricing_rules.money import PICO_PER_UNIT, divide_half_even, format_pico
from pricing_rules.price_book.book import Book
from pricing_rules.price_book.compile import QUANTITY_PER_PRICE
from pricing_rules.price_book.list_price import contracts_of
from pricing_rules.price_book.rate_card import Matches, RateCard
from pricing_rules.price_book.rules import ORIGINS, DeploymentType, PriceOrigin, ServiceTier
from pricing_rules.units import Unit

_TRUST = list(PriceOrigin)
Price = Decimal | Fraction
Rates = dict[Unit, Price]
"""Price per million of a unit, in the price's currency. Of a price per hour it is a fraction."""
Tiers = tuple[tuple[int | None, Rates], ...]
"""(largest prompt or None, rates), ascending."""


class ReadPrice(msgspec.Struct, frozen=True, kw_only=True):
    """The list prices of one model as a source has them."""

    provider: str
    model: str
    version: str | None = None
    deployment: DeploymentType
    region: str | None = None
    also_in: tuple[str, ...] = ()
    """More regions of the same price."""
    zone: str | None = None
    service_tier: ServiceTier = ServiceTier.DEFAULT
    currency: str = "USD"
    tiers: Tiers
    valid_from: datetime
    valid_to: datetime | None = None
    family: str
    """Rule file to write to, without its extension."""
    source_kind: str
    source_version: str | None = None
    checked: date
    source_region: str | None = None
    url: str | None = None
    meters: dict[Unit, str] = {}
    note: str | None = None
    conflict: str | None = None
    """Why the source's own rows disagree."""

    @property
    def deployments(self) -> tuple[DeploymentType, ...]:
        """Batch prices also hold for a call that names the batch tier on a standard deployment."""
        if self.deployment is DeploymentType.GLOBAL_BATCH:
            return (DeploymentType.GLOBAL_BATCH, DeploymentType.GLOBAL_STANDARD)
        if self.deployment is DeploymentType.DATA_ZONE_BATCH:
            return (DeploymentType.DATA_ZONE_BATCH, DeploymentType.DATA_ZONE_STANDARD)
        return (self.deployment,)

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that the price is for; none is all of them."""
        return tuple(sorted((self.region, *self.also_in))) if self.region else ()

    @property
    def matches(self) -> Matches:
        """As the compiled rule of this price has them."""
        constrained = {
            "provider": (self.provider,),
            "model": (self.model,),
            "service_tier": (self.service_tier,),
            "versions": (self.version,) if self.version else (),
            "deployment": tuple(sorted(kind.value for kind in self.deployments)),
            "region": self.regions,
            "zone": (self.zone,) if self.zone else (),
        }
        return tuple(
            (dimension, tuple(str(value) for value in values))
            for dimension, values in sorted(constrained.items())
            if values
        )

    @property
    def rule_id(self) -> str:
        tier = self.service_tier.value
        if tier == ServiceTier.DEFAULT or self.deployments != (self.deployment,):
            tier = ""
        region = f"{self.region}+{len(self.also_in)}" if self.also_in else self.region
        currency = "" if self.currency == "USD" else self.currency
        kind = (self.deployment, region, self.zone, tier, currency, self.valid_from.date())
        reported = "reported" if self.source_kind == "litellm" else ""
        parts = (reported, self.provider, self.model, self.version, *kind)
        # Some names have a slash, as `perplexity/sonar`: an id has none.
        return ".".join(str(part) for part in parts if part).replace("/", "-")


class Change(StrEnum):
    """What a source's price is to the book."""

    ADDED = "added"
    CHANGED = "changed"
    GONE = "gone"
    OFF_GRID = "off-grid"
    CONFLICT = "conflict"
    UNREAD = "unread"
    """A meter that no rule reads, so that it is in no price."""
    CONTRADICTED = "contradicted"
    """The book has another price from a more trusted source, or by contract, and keeps it."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """One difference between a source and the book."""

    change: Change
    rule_id: str
    details: tuple[str, ...]
    price: ReadPrice | None = None
    """What would be written; None where nothing can be."""
    supersedes: str | None = None


def names_of(book: Book) -> dict[str, str]:
    """Azure's models as the book spells them, by name in lower case."""
    return {
        values["model"][0].lower(): values["model"][0]
        for card in book.content.cards
        if (values := dict(card.matches))["provider"] == ("azure",)
    }


def propose(
    prices: Iterable[ReadPrice], book: Book, *, in_scope: Collection[str]
) -> list[Proposal]:
    """Every difference from the book's list prices: of what the company has agreed on, no source
    knows anything. `in_scope`: ids of the book's rules that the source should still have.
    """
    agreed = contracts_of(book.content, book.sources)
    known: dict[tuple[str, Matches], list[RateCard]] = {}
    for card in sorted(book.content.cards, key=lambda card: card.valid_from):
        if card.id not in agreed:
            known.setdefault((card.currency, card.matches), []).append(card)
    proposals = []
    seen: set[str] = set()
    for price in prices:
        found = known.get((price.currency, price.matches), [])
        same = [card for card in found if _as_good(card, price)]
        seen.update(card.id for card in same)
        proposal = _against(price, same) if same else _added_or_refused(price)
        if proposal is not None:
            proposals.append(proposal)
    proposals += [
        Proposal(change=Change.GONE, rule_id=rule_id, details=("the source has it no more",))
        for rule_id in sorted(set(in_scope) - seen)
    ]
    return sorted(proposals, key=lambda proposal: (proposal.change, proposal.rule_id))


def _against(price: ReadPrice, same: Sequence[RateCard]) -> Proposal | None:
    """What the price is to the book's list prices for the same calls, ordered by their beginnings.

    A source that changes a price often keeps its date, so the rule that holds on the day of reading
    has the last word, though it began later than the price says.
    """
    # The rule in force when the price began, or the first one of a price older than all.
    begun = [card for card in same if card.valid_from <= price.valid_from]
    first = (begun or same)[-1 if begun else 0]
    read_at = max(price.valid_from, _midnight(price.checked))
    holding = [card for card in same if card.valid_from <= read_at][-1:]
    ended = price.valid_to is not None and price.valid_to <= read_at
    if ended or not holding or holding[0] is first:
        return compare(price, first)
    proposal = compare(price, holding[0])
    if proposal is None and first.valid_from < price.valid_from:
        # Its date is news: the price held before we saw it, until the next rule begins.
        until = min(card.valid_from for card in same if card.valid_from > price.valid_from)
        return compare(msgspec.structs.replace(price, valid_to=until), first)
    return proposal


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)


def _as_good(card: RateCard, price: ReadPrice) -> bool:
    """Whether the price can change the rule: of a less trusted one it is no successor."""
    return _TRUST.index(card.origin) <= _TRUST.index(ORIGINS[price.source_kind])


def _added_or_refused(price: ReadPrice) -> Proposal:
    """A price that the book has no rule for, unless the source itself cannot be used."""
    off_grid = tuple(
        f"{unit} {amount} per 1M"
        for _, rates in price.tiers
        for unit, amount in rates.items()
        if pico_per_unit(unit, amount) is None
    )
    if price.conflict or off_grid:
        change = Change.CONFLICT if price.conflict else Change.OFF_GRID
        details = (price.conflict,) if price.conflict else off_grid
        return Proposal(change=change, rule_id=price.rule_id, details=details)
    details = tuple(
        f"{unit} {per_million(_pico(amount))}" for unit, amount in price.tiers[0][1].items()
    )
    return Proposal(change=Change.ADDED, rule_id=price.rule_id, details=details, price=price)


def compare(price: ReadPrice, card: RateCard) -> Proposal | None:
    """What the price is to a rule for the same calls; None where it says the same."""
    added = _added_or_refused(price)
    ends_at = card.valid_to if card.valid_to_at_list is msgspec.UNSET else card.valid_to_at_list
    if added.price is None or (ends_at is not None and ends_at <= price.valid_from):
        return added
    differences = _differences(price, card)
    if not differences and price.valid_to and ends_at is None:
        ends = f"ends {price.valid_to.isoformat()} and nothing follows yet"
        return Proposal(change=Change.GONE, rule_id=card.id, details=(ends,))
    if not differences:
        return None
    if price.valid_from <= card.valid_from:
        # The source changed the price without a new date: it holds from the day we saw it.
        seen_on = _midnight(price.checked)
        note = price.note and "begins on the day it was read: the source names no other"
        price = msgspec.structs.replace(price, valid_from=seen_on, note=note)
    return Proposal(
        change=Change.CHANGED,
        rule_id=price.rule_id,
        details=differences,
        price=price,
        supersedes=card.id,
    )


def _differences(price: ReadPrice, card: RateCard) -> tuple[str, ...]:
    bounds = [bound for bound, _ in price.tiers]
    if bounds != [tier.up_to for tier in card.tiers]:
        return (f"tiers up to {[tier.up_to for tier in card.tiers]} → {bounds}",)
    differences = []
    for (bound, rates), tier in zip(price.tiers, card.tiers, strict=True):
        for unit in sorted(rates.keys() | tier.rates.keys()):
            old = tier.price(unit)
            new = _pico(rates[unit]) if unit in rates else None
            if old != new:
                band = f" up to {bound}" if bound else ""
                differences.append(f"{unit}{band} {per_million(old)} → {per_million(new)}")
    return tuple(differences)


def render(proposals: Sequence[Proposal]) -> str:
    """The differences for a reviewer, one rule a paragraph, with counts at the end."""
    lines = []
    for proposal in proposals:
        lines.append(f"{proposal.change:9} {proposal.rule_id}")
        lines += [f"            {detail}" for detail in proposal.details]
    counts = [
        f"{sum(proposal.change is change for proposal in proposals)} {change}" for change in Change
    ]
    return "\n".join([*lines, ", ".join(counts)])


def pico_per_unit(unit: Unit, price: Price) -> Fraction | None:
    """Pico-units for one, of a price per million; None where no rule can say it. A rule has a whole
    number of them for one of the unit; for an hour where the unit is time."""
    pico = _pico(price)
    grid = QUANTITY_PER_PRICE["hour"] if unit is Unit.AUDIO_MS else 1
    return pico if (pico * grid).denominator == 1 else None


def per_million(pico: Fraction | int | None) -> str:
    """What a million cost, in units of currency. A price per hour may have no last digit: it is
    rounded to twelve."""
    if pico is None:
        return "none"
    return format_pico(divide_half_even(pico.numerator * 1_000_000, pico.denominator))


def _pico(price: Price) -> Fraction:
    return Fraction(Fraction(price) * PICO_PER_UNIT, 1_000_000)
