"""How a book differs from another: rules and deployments added, gone or changed, price by price."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from pricing_rules.money import format_pico
from pricing_rules.price_book.book import Book
from pricing_rules.price_book.rate_card import Alias, RateCard

_PER = 1_000_000
_SETTINGS = ("pricing_currency", "billing_currency", "default_versions", "left_out")


class BookChange(NamedTuple):
    """One difference."""

    kind: str
    """added, changed or gone."""
    name: str
    """The rule's id, or the deployment or setting."""
    details: tuple[str, ...] = ()
    """What it costs otherwise, and from when on."""

    def __str__(self) -> str:
        return "\n".join([f"{self.kind:9} {self.name}", *(f"    {each}" for each in self.details)])


def book_changes(old: Book, new: Book) -> Iterator[BookChange]:
    """What the second book has otherwise; nothing where both are one version."""
    if old.version == new.version:
        return
    for name in _SETTINGS:
        before, after = getattr(old.content, name), getattr(new.content, name)
        if before != after:
            yield BookChange("changed", f"{name}: {before} → {after}")
    before_rules, after_rules = _rules(old), _rules(new)
    for name in sorted(before_rules.keys() | after_rules.keys()):
        was, becomes = before_rules.get(name), after_rules.get(name)
        if becomes is None:
            yield BookChange("gone", name)
        elif was != becomes:
            details = _card_details(old, becomes) if isinstance(becomes, RateCard) else ()
            yield BookChange("added" if was is None else "changed", name, details)


def _rules(book: Book) -> dict[str, object]:
    content = book.content
    rules: dict[str, object] = {card.id: card for card in content.cards}
    rules |= {rule.id: rule for rule in content.modifiers}
    rules |= {fee.id: fee for fee in content.fees}
    rules |= {rate.id: rate for rate in content.fx}
    rules |= {f"family {family.name} ({family.begins[0]}…)": family for family in content.families}
    return rules | {f"deployment {_named(alias)}": alias for alias in content.aliases}


def _named(alias: Alias) -> str:
    return alias.name if alias.host is None else f"{alias.name} at {alias.host}"


def _card_details(old: Book, card: RateCard) -> tuple[str, ...]:
    """Each price next to the one that the old book had for the same calls when this one begins."""
    before = _prices(_held(old, card, card.valid_from))
    after = _prices(card)
    details = [f"from {_text(card.valid_from)}"]
    if card.valid_to:
        details.append(f"until {_text(card.valid_to)}")
    details += [
        f"{what} {before.get(what, 'none')} → {after.get(what, 'none')} {card.currency} per 1M"
        for what in dict.fromkeys([*before, *after])
        if before.get(what) != after.get(what)
    ]
    return tuple(details)


def _held(book: Book, card: RateCard, at: datetime) -> RateCard | None:
    return next(
        (
            each
            for each in book.content.cards
            if each.matches == card.matches
            and each.currency == card.currency
            and each.valid_from <= at
            and (each.valid_to is None or at < each.valid_to)
        ),
        None,
    )


def _prices(card: RateCard | None) -> Mapping[str, str]:
    return {
        f"{unit}{f' up to {tier.up_to:,}' if tier.up_to else ''}": format_pico(rate * _PER)
        for tier in (card.tiers if card else ())
        for unit, rate in tier.rates.items()
    }


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
