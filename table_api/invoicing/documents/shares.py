"""What a document adds up to by person and by model, and the price of one line. Pure.

All of it is derived from the document, so the stored JSON holds none of it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from pricing_rules.units import Unit
from table_api.invoicing.documents.document import Document, Line

PRICE_DIGITS = Decimal("0.000001")
"""Of a price that has no shorter exact form."""
_PER = {
    Unit.AUDIO_MS: (60_000, "minute"),
    Unit.IMAGE: (1, "image"),
    Unit.WEB_SEARCH: (1_000, "1K"),
    Unit.FILE_SEARCH: (1_000, "1K"),
    Unit.RERANK_SEARCH: (1_000, "1K"),
    Unit.REQUEST: (1_000, "1K"),
    Unit.PAGE: (1_000, "1K"),
    Unit.VIDEO_SECOND: (1, "second"),
    Unit.CODE_SESSION: (1, "session"),
}
_PER_MILLION = (1_000_000, "1M")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPrice:
    """What is billed of one unit of a model at one list price."""

    unit: str
    quantity: int
    price: str
    """As `0.4 per 1M`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One person's or one model's part of a document."""

    name: str
    """Subject or model."""
    lines: int
    amount_unrounded: Decimal
    amount: Decimal
    """Sum of the rounded lines."""


def by_person(document: Document) -> list[Share]:
    """The dearest first."""
    return _shares(document.lines, lambda line: line.subject)


def by_model(document: Document) -> list[Share]:
    """The dearest first."""
    return _shares(document.lines, lambda line: line.model)


def unit_prices(document: Document, model: str) -> list[UnitPrice]:
    """The usage of a model by unit and list price, in the order of the document's lines."""
    found: dict[tuple[str, str], int] = {}
    for line in document.lines:
        price = list_price(line) if line.model == model and line.kind == "usage" else None
        if price is not None:
            found[line.unit, price] = found.get((line.unit, price), 0) + line.quantity
    return [
        UnitPrice(unit=unit, quantity=quantity, price=price)
        for (unit, price), quantity in found.items()
    ]


def corrections_of(document: Document, model: str) -> Share:
    """The lines of a model that are of earlier months."""
    lines = (line for line in document.lines if line.model == model and line.kind == "correction")
    return share_of(model, lines)


def share_of(name: str, lines: Iterable[Line]) -> Share:
    """These lines added up."""
    own = list(lines)
    return Share(
        name=name,
        lines=len(own),
        amount_unrounded=sum((Decimal(line.amount_unrounded) for line in own), Decimal(0)),
        amount=sum((Decimal(line.amount) for line in own), Decimal(0)),
    )


def list_price(line: Line) -> str | None:
    """The list price of a line's unit, as `0.4 per 1M`; None of a line that has none.

    A correction of a price has an amount and no quantity. With late calls in it, it may have more
    tokens and less money.
    """
    if line.quantity == 0 or Decimal(line.list) * line.quantity < 0:
        return None
    per, word = _PER.get(Unit(line.unit), _PER_MILLION)
    exact = Decimal(line.list) * per / line.quantity
    price = (
        exact
        if exact * line.quantity == Decimal(line.list) * per
        else exact.quantize(PRICE_DIGITS, ROUND_HALF_EVEN)
    )
    return f"{price.normalize():f} per {word}"


def _shares(lines: Sequence[Line], name_of: Callable[[Line], str]) -> list[Share]:
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(name_of(line), []).append(line)
    found = [share_of(name, own) for name, own in groups.items()]
    return sorted(found, key=lambda share: (-share.amount_unrounded, share.name))
