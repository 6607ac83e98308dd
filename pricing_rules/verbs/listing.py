"""What a book says about a model at a time, with the age of each price, as text for people."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from pricing_rules.money import format_pico
from pricing_rules.price_book.book import Book
from pricing_rules.price_book.rate_card import RateCard
from pricing_rules.price_sources.ages import PRICE_AGE_DAYS_MAX, checked_on, in_force, is_old


def cards_of(book: Book, model: str, at: datetime) -> list[RateCard]:
    """The base rules of a model in force at a time, by its name with or without the version."""
    return [card for card in in_force(book.content.cards, at) if model.lower() in _names(card)]


def _names(card: RateCard) -> set[str]:
    values = dict(card.matches)
    (name,) = values["model"]
    dated = (f"{name}-{version}" for version in values.get("versions", ()))
    return {each.lower() for each in (name, *dated)}


def show(book: Book, model: str, *, at: datetime, today: date) -> Iterator[str]:
    """The prices of a model, a paragraph per rule."""
    for card in cards_of(book, model, at):
        values = {name: allowed for name, allowed in card.matches if name != "model"}
        ends = card.valid_to.isoformat() if card.valid_to else "further notice"
        yield f"{card.id}  from {card.valid_from.isoformat()} until {ends}"
        yield "    for " + ", ".join(f"{name} {'|'.join(v)}" for name, v in values.items())
        for tier in card.tiers:
            band = f" up to {tier.up_to:,} prompt tokens" if tier.up_to else ""
            prices = ", ".join(
                f"{unit} {format_pico(tier.price_of(1_000_000, unit))}" for unit in tier.rates
            )
            yield f"    {card.currency} per 1M{band}: {prices}"
        source = book.sources[card.id]
        age = age_days(book, card.id, today)
        where = ", ".join([*source.meters.values(), *([source.url] if source.url else [])])
        kind = " ".join(filter(None, (source.kind, source.version)))
        yield f"    {kind} checked {source.checked}, {age} days ago: {where or 'no meter'}"
        if source.note:
            yield f"    {source.note}"


def fields(book: Book, model: str, *, at: datetime, today: date) -> Iterator[dict[str, Any]]:
    """The same for programs, an object per rule; prices are decimals for a million."""
    for card in cards_of(book, model, at):
        source = book.sources[card.id]
        yield {
            "rule": card.id,
            "valid_from": card.valid_from.isoformat(),
            "valid_to": card.valid_to.isoformat() if card.valid_to else None,
            "for": {name: list(allowed) for name, allowed in card.matches},
            "currency": card.currency,
            "tiers": [
                {
                    "up_to_prompt_tokens": tier.up_to,
                    "per_million": {
                        unit.value: format_pico(tier.price_of(1_000_000, unit))
                        for unit in tier.rates
                    },
                }
                for tier in card.tiers
            ],
            "source": {
                "kind": source.kind,
                "version": source.version,
                "checked": source.checked,
                "age_days": age_days(book, card.id, today),
                "url": source.url,
                "meters": dict(source.meters),
                "note": source.note,
            },
        }


def stale(book: Book, model: str, *, at: datetime, today: date) -> list[str]:
    """A warning for each price that was last checked too long ago."""
    return [
        f"{card.id}: checked {age_days(book, card.id, today)} days ago, "
        f"more than {PRICE_AGE_DAYS_MAX}"
        for card in cards_of(book, model, at)
        if is_old(checked_on(book, card.id), today, PRICE_AGE_DAYS_MAX)
    ]


def age_days(book: Book, rule_id: str, today: date) -> int:
    """Days since someone compared the price with its source."""
    return (today - checked_on(book, rule_id)).days
