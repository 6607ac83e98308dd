"""Discounts, mark-ups and fixed prices of the book in use, as an answer has them."""

from collections.abc import Callable

from pricing_rules.money import format_pico
from pricing_rules.price_book.book import Book
from pricing_rules.price_book.rate_card import Modifier
from table_api.http_api.prices import models

_MILLION = 1_000_000
_LAYERS = ("list", "contracted", "charge")


def adjustments_of(book: Book, wanted: Callable[[Modifier], bool]) -> list[models.Adjustment]:
    """In the order in which the engine applies them."""
    found = filter(wanted, book.content.modifiers)
    ordered = sorted(found, key=lambda each: (_LAYERS.index(each.layer), each.order, each.id))
    return [_adjustment(each, book.pricing_currency) for each in ordered]


def _adjustment(rule: Modifier, currency: str) -> models.Adjustment:
    is_factor = rule.kind == "multiply"
    return models.Adjustment(
        rule=rule.id,
        kind=rule.kind,
        layer=rule.layer,
        order=rule.order,
        matches={name: list(values) for name, values in rule.matches},
        currency=currency,
        valid_from=rule.valid_from,
        valid_to=rule.valid_to,
        factor=rule.written if is_factor else None,
        amount=None if is_factor else rule.written,
        per_million={unit.value: format_pico(rate * _MILLION) for unit, rate in rule.rates.items()},
        note=rule.note,
    )
