"""How a book differs from another: rules and deployments added, gone or changed, price by price."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from pricing_rules.money import format_pico
from pricing_rules.price_book.book import Book
from pricing_rules.price_book.list_price import contracts_of
from pricing_rules.price_book.rate_card import (
    Alias,
    Family,
    FeeCard,
    FxRate,
    Matches,
    Modifier,
    RateCard,
    RateTier,
)
from pricing_rules.price_book.rules import PriceOrigin

_PER = 1_000_000
_TRUST = list(PriceOrigin)
SETTINGS = ("pricing_currency", "billing_currency", "left_out")
LISTS = {
    "default_versions": "default version",
    "harmless": "harmless usage field",
    "plain": "plain values of a usage field",
    "zones": "zone of a region",
    "cached_as_input": "cached tokens billed as input",
}
"""Parts of a book that are many small facts, each with what one of them is called."""
RULES = ("cards", "modifiers", "fees", "fx", "families", "aliases")
_Rule = RateCard | Modifier | FeeCard | FxRate | Family | Alias


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
    for name in SETTINGS:
        before, after = getattr(old.content, name), getattr(new.content, name)
        if before != after:
            yield BookChange("changed", f"{name}: {before} → {after}")
    for name, title in LISTS.items():
        was_in, is_in = set(getattr(old.content, name)), set(getattr(new.content, name))
        yield from (BookChange("gone", f"{title}: {_fact(f)}") for f in sorted(was_in - is_in))
        yield from (BookChange("added", f"{title}: {_fact(f)}") for f in sorted(is_in - was_in))
    before_rules, after_rules = _rules(old), _rules(new)
    for name in sorted(before_rules.keys() | after_rules.keys()):
        was, becomes = before_rules.get(name), after_rules.get(name)
        if becomes is None:
            yield BookChange("gone", name)
        elif was != becomes:
            kind = "added" if was is None else "changed"
            yield BookChange(kind, name, _details(old, was, becomes))


def _fact(fact: str | tuple[object, ...]) -> str:
    if isinstance(fact, str):
        return fact
    return " ".join(", ".join(part) if isinstance(part, tuple) else str(part) for part in fact)


def _rules(book: Book) -> dict[str, _Rule]:
    """By name. A contract says that it is one, also where its source alone did."""
    content = book.content
    agreed = contracts_of(content, book.sources)
    rules: dict[str, _Rule] = {rule.id: rule for rule in content.modifiers}
    cards: tuple[RateCard | FeeCard, ...] = (*content.cards, *content.fees)
    for card in cards:
        rules[card.id] = replace(card, agreed=True) if card.id in agreed else card
    rules |= {rate.id: rate for rate in content.fx}
    rules |= {f"family {family.name} ({family.begins[0]}…)": family for family in content.families}
    return rules | {f"deployment {_named(alias)}": alias for alias in content.aliases}


def _named(alias: Alias) -> str:
    return alias.name if alias.host is None else f"{alias.name} at {alias.host}"


def _details(old: Book, was: _Rule | None, becomes: _Rule) -> tuple[str, ...]:
    """What a rule says, next to what the old book had in its place."""
    if isinstance(becomes, Family):
        return ()
    if isinstance(becomes, Alias):
        fields = becomes.__struct_fields__ if was is not None else ()
        pairs = ((each, getattr(was, each), getattr(becomes, each)) for each in fields)
        return tuple(f"{name} {one} → {other}" for name, one, other in pairs if one != other)
    details = [f"from {_text(becomes.valid_from)}"]
    if becomes.valid_to:
        details.append(f"until {_text(becomes.valid_to)}")
    if isinstance(becomes, FxRate):
        return (*details, _pair("rate", getattr(was, "written", None), becomes.written))
    if isinstance(was, RateCard | FeeCard | Modifier) and was.matches != becomes.matches:
        details.append(_pair("for", _calls(was.matches), _calls(becomes.matches)))
    if isinstance(becomes, Modifier):
        return (*details, *_modifier_details(was, becomes))
    if becomes.agreed != (was.agreed if isinstance(was, RateCard | FeeCard) else UNSET):
        details.append("agreed on" if becomes.agreed is True else "a list price")
    if becomes.valid_to_at_list is not UNSET:
        end = becomes.valid_to_at_list
        details.append(f"at list price {f'until {_text(end)}' if end else 'without an end'}")
    return (*details, *_price_details(old, becomes))


def _pair(name: str, before: object, after: object) -> str:
    """What it was and is; what it is alone, where it was the same or nothing."""
    changed = "" if before is None or before == after else f"{before} → "
    return f"{name} {changed}{after}"


def _calls(matches: Matches) -> str:
    said = (f"{dimension} {'|'.join(values)}" for dimension, values in matches)
    return ", ".join(said) or "all calls"


def _modifier_details(was: _Rule | None, becomes: Modifier) -> Iterator[str]:
    """What it does to the calls, and when among others, where that is another layer or order."""
    before = was if isinstance(was, Modifier) else becomes
    for name in ("kind", "layer", "order"):
        one, other = getattr(before, name), getattr(becomes, name)
        if one != other:
            yield f"{name} {one} → {other}"
    if becomes.written is not None:
        yield _pair(becomes.kind, before.written, becomes.written)
    for unit in dict.fromkeys([*before.rates, *becomes.rates]):
        prices = [format_pico(each.rates[unit] * _PER) if unit in each.rates else "none"
                  for each in (before, becomes)]  # fmt: skip
        yield f"{_pair(f'fixed {unit}', *prices)} per 1M"
    if becomes.kind == "zero":
        yield _pair("zero:", before.note, becomes.note)


def _price_details(old: Book, card: RateCard | FeeCard) -> Iterator[str]:
    """Each price next to the one that the old book had for the same calls when this one begins."""
    cards = old.content.cards if isinstance(card, RateCard) else old.content.fees
    held = _held(cards, card)
    before = _prices(held)
    after = _prices(card)
    for what in dict.fromkeys([*before, *after]):
        if before.get(what) != after.get(what):
            prices = f"{before.get(what, 'none')} → {after.get(what, 'none')}"
            yield f"{what} {prices} {card.currency} per 1M"
    if held is not None and _TRUST.index(held.origin) < _TRUST.index(card.origin):
        yield f"never holds while {held.id} does, which is of a more trusted source"
    elif held is not None and _holds_over(held, card):
        yield f"at list price alone while {held.id} holds, which is agreed on"


def _holds_over(one: RateCard | FeeCard, other: RateCard | FeeCard) -> bool:
    """Whether one is agreed on, and the other a list price that goes on under it."""
    agreed = one.agreed is True and other.agreed is not True
    return agreed and len(one.matches) == len(other.matches)


def _held(
    cards: Sequence[RateCard | FeeCard], card: RateCard | FeeCard
) -> RateCard | FeeCard | None:
    """The rule that all calls of the card had when it begins."""
    at = card.valid_from
    found = [
        each
        for each in cards
        if each.currency == card.currency
        and _covers(each.matches, card.matches)
        and each.valid_from <= at
        and (each.valid_to is None or at < each.valid_to)
    ]
    return min(
        found,
        key=lambda c: (_TRUST.index(c.origin), -len(c.matches), c.agreed is not True),
        default=None,
    )


def _covers(wider: Matches, matches: Matches) -> bool:
    """Whether every call of one match is one of the wider match."""
    own = dict(matches)
    return all(name in own and set(own[name]) <= set(values) for name, values in wider)


def _prices(card: RateCard | FeeCard | None) -> Mapping[str, str]:
    if isinstance(card, FeeCard):
        tiers: Sequence[RateTier] = [RateTier(up_to=None, rates=card.rates)]
    else:
        tiers = card.tiers if card else ()
    return {
        f"{unit}{f' up to {tier.up_to:,}' if tier.up_to else ''}": format_pico(
            tier.price_of(_PER, unit)
        )
        for tier in tiers
        for unit in tier.rates
    }


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
