"""How much of what others quote for Azure the book prices, and where the two differ.

An equal price proves that the import is right, not that the price is: prices from Azure's own rows
are counted apart.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

import msgspec

from pricing_rules.price_book.book import Book
from pricing_rules.price_book.rate_card import Alias
from pricing_rules.price_book.rules import PriceOrigin, ServiceTier
from pricing_rules.price_book.terms import Terms
from pricing_rules.price_sources.proposals import Tiers, names_of, per_million, pico_per_unit
from pricing_rules.price_sources.quotes.litellm_import import default_versions
from pricing_rules.price_sources.quotes.litellm_names import NotSold, sold_as
from pricing_rules.price_sources.quotes.litellm_prices import Entry
from pricing_rules.types import Operation, Rank, UsageEvent
from pricing_rules.units import Unit

_OPERATIONS = {
    "responses": Operation.RESPONSES,
    "embedding": Operation.EMBEDDINGS,
    "completion": Operation.COMPLETIONS,
}
"""API of a mode; chat completions for all others."""


class Status(StrEnum):
    """What the book makes of an entry."""

    EQUAL = "equal"
    IN_PART = "in part"
    """All prices that both have are equal; some of the entry's are in no rule."""
    DIFFERENT = "different"
    UNPRICED = "unpriced"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A price of an entry for which the book has another one."""

    rule_id: str
    service_tier: ServiceTier
    unit: Unit
    above: int
    """The prompt sizes of the band: more tokens than that."""
    ours: Fraction
    theirs: Fraction

    @property
    def amounts(self) -> str:
        band = f" above {self.above:,}" if self.above else ""
        return f"{self.unit}{band} {per_million(self.ours)} / {per_million(self.theirs)}"


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the map and what the book has for it."""

    key: str
    mode: str
    status: Status
    own: bool = False
    """Whether Azure's own rows made the price of its default tier."""
    reason: str = ""
    """Why it is unpriced or priced in part."""
    differences: tuple[Difference, ...] = ()


def cover(entries: Sequence[Entry], book: Book, *, at: datetime) -> list[Covered]:
    """Each entry against the book's prices at a time."""
    aliases = tuple(_aliases(entries, book))
    reasons = dict(_unsold(entries, book))
    priced = Book(msgspec.structs.replace(book.content, aliases=aliases), book.sources)
    return [_covered(entry, priced, reasons.get(entry.key), at) for entry in entries]


def _aliases(entries: Sequence[Entry], book: Book) -> Iterator[Alias]:
    """A deployment for each entry, in a region of its zone."""
    names, defaults = names_of(book), default_versions(book)
    regions = {zone: region for region, zone in reversed(book.content.zones)}
    for entry in entries:
        try:
            sold = sold_as(entry.key, names)
        except NotSold:
            continue
        yield Alias(
            name=entry.key.lower(),
            provider="azure",
            model=sold.model,
            version=sold.version or defaults.get(sold.model),
            type=sold.deployment.value,
            region=regions[sold.zone] if sold.zone else None,
        )


def _unsold(entries: Sequence[Entry], book: Book) -> Iterator[tuple[str, str]]:
    for entry in entries:
        try:
            sold_as(entry.key, names_of(book))
        except NotSold as error:
            yield entry.key, str(error)


def _covered(entry: Entry, book: Book, unsold: str | None, at: datetime) -> Covered:
    covered = Covered(key=entry.key, mode=entry.mode, status=Status.UNPRICED)
    if entry.fees:
        return _covered_fee(covered, entry, book, at)
    if unsold or ServiceTier.DEFAULT not in entry.tiers:
        reason = unsold or "; ".join(sorted({reason for _, reason in entry.unread}))
        return msgspec.structs.replace(covered, reason=reason)
    missing: list[str] = []
    differences: list[Difference] = []
    own = False
    for service_tier, tiers in entry.tiers.items():
        terms = _terms(entry, service_tier, book, at)
        default = service_tier is ServiceTier.DEFAULT
        if terms.refusal and default:
            return msgspec.structs.replace(covered, reason=_why(tiers, terms.refusal))
        if terms.refusal:
            missing.append(f"{service_tier} tier")
            continue
        own = own or (default and _origin(terms, book) is PriceOrigin.AZURE)
        lacking, other = _compared(service_tier, tiers, terms)
        missing += lacking
        differences += other
    status = Status.IN_PART if missing else Status.EQUAL
    return msgspec.structs.replace(
        covered,
        status=Status.DIFFERENT if differences else status,
        own=own,
        reason=", ".join(missing),
        differences=tuple(differences),
    )


def _why(tiers: Tiers, refusal: str) -> str:
    """Why an entry with prices is in no rule, without the call that was asked about."""
    if any(pico_per_unit(*price) is None for _, rates in tiers for price in rates.items()):
        return "its price is off the grid: one unit would cost a fraction of a pico-unit"
    if "; priced versions are" in refusal:
        return "its versions have several prices, and the name says no version"
    return "no rule has its deployment type, or Azure no longer sells it"


def _covered_fee(covered: Covered, entry: Entry, book: Book, at: datetime) -> Covered:
    """An entry that is a fee, against the book's fee rules of its unit."""
    differences = []
    own = False
    for unit, amount in entry.fees.items():
        rules = [
            fee
            for fee in book.content.fees
            if unit in fee.rates
            and fee.valid_from <= at
            and (not fee.valid_to or at < fee.valid_to)
        ]
        if not rules:
            return msgspec.structs.replace(covered, reason=f"no fee rule has {unit}")
        own = own or rules[0].origin is PriceOrigin.AZURE
        pico = pico_per_unit(unit, amount) or Fraction(0)
        differences += [
            Difference(
                rule_id=fee.id,
                service_tier=ServiceTier.DEFAULT,
                unit=unit,
                above=0,
                ours=Fraction(fee.rates[unit]),
                theirs=pico,
            )
            for fee in rules
            if fee.rates[unit] != pico
        ]
    status = Status.DIFFERENT if differences else Status.EQUAL
    return msgspec.structs.replace(covered, status=status, own=own, differences=tuple(differences))


def _terms(entry: Entry, service_tier: ServiceTier, book: Book, at: datetime) -> Terms:
    event = UsageEvent(
        id=entry.key,
        source=entry.key,
        subject="anonymous",
        time=at,
        operation=_OPERATIONS.get(entry.mode, Operation.CHAT_COMPLETIONS),
        stream=False,
        status=200,
        rank=Rank.NO_USAGE,
        usage=None,
        deployment=entry.key,
        service_tier=service_tier.value,
    )
    return book.terms(event, None)


def _origin(terms: Terms, book: Book) -> PriceOrigin:
    return next(card.origin for card in book.content.cards if card.id == terms.base_rule_id)


def _compared(
    service_tier: ServiceTier, tiers: Tiers, terms: Terms
) -> tuple[list[str], list[Difference]]:
    """The units that the book has no rate for, and those for which it has another."""
    missing, differences = [], []
    above = 0
    for up_to, rates in tiers:
        ours = next(t for t in terms.tiers if t.up_to is None or above < t.up_to)
        per = dict(ours.per)
        known = {fee.unit: Fraction(fee.price) for fee in terms.fees}
        known |= {unit: Fraction(rate, per.get(unit, 1)) for unit, rate in ours.rates}
        for unit, amount in rates.items():
            pico = pico_per_unit(unit, amount)
            if unit not in known or pico is None:
                missing.append(f"{unit} in the {service_tier} tier")
            elif known[unit] != pico:
                differences.append(
                    Difference(
                        rule_id=terms.base_rule_id or "",
                        service_tier=service_tier,
                        unit=unit,
                        above=above,
                        ours=known[unit],
                        theirs=pico,
                    )
                )
        above = up_to or above
    return missing, differences
