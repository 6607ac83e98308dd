"""The lines of a document as rows of a PDF: by person, with a subtotal and the price of each."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import groupby

from table_api.invoicing.documents.document import Document, Line
from table_api.invoicing.documents.shares import Share, list_price, share_of
from table_api.invoicing.formats.pdf_table import (
    GREY,
    INK,
    MARGIN,
    PAGE_WIDTH,
    Cell,
    Row,
)
from table_api.invoicing.formats.pdf_text import BOLD, REGULAR, wrapped

Names = Mapping[str, str]

LEFT, RIGHT = MARGIN, PAGE_WIDTH - MARGIN
_EDGES = (LEFT + 2, 68, 206, 262, 318, 386, 442, 502, RIGHT - 2)
_HEADINGS = ("Line", "Model", "Unit", "Quantity", "List price", "List", "Unrounded", "Amount")
_ALIGNED_LEFT = frozenset({"Line", "Model", "Unit"})
_AMOUNT = 7


def line_rows(title: str, lines: list[Line], document: Document, names: Names) -> Iterator[Row]:
    """A table of lines; each person's begin with the person's subtotal."""
    heading = Cell(text=title, left=LEFT, right=RIGHT, size=11, bold=True)
    yield Row(cells=(heading,), height=26, keep=3)
    header = _header(document)
    yield header
    for subject, group in groupby(lines, key=lambda line: line.subject):
        own = list(group)
        name = names.get(subject)
        shown = f"{name} ({subject})" if name else subject
        head = list(_subject(shown, share_of(subject, own)))
        for index, each in enumerate(head):
            yield replace(each, header=(header,), keep=len(head) - index)
        repeated = (header, *_subject(f"{shown}, continued", None))
        for index, line in enumerate(own):
            for row in _line(line):
                yield replace(row, header=repeated, shaded=index % 2 == 0)


def share_rows(title: str, shares: list[Share], names: Names, *, most: int) -> Iterator[Row]:
    """The dearest parts of a document, and the others as one."""
    yield Row(
        cells=(
            Cell(text=title, left=LEFT, right=330, size=9, bold=True),
            _cell(_AMOUNT - 1, "Unrounded", colour=GREY),
            _cell(_AMOUNT, "Amount", colour=GREY),
        ),
        height=20,
        keep=2,
    )
    for share in shares[:most]:
        yield from _share(names.get(share.name, share.name), share)
    rest = shares[most:]
    if rest:
        others = Share(
            name="",
            lines=sum(share.lines for share in rest),
            amount_unrounded=sum((share.amount_unrounded for share in rest), Decimal(0)),
            amount=sum((share.amount for share in rest), Decimal(0)),
        )
        yield from _share(f"{len(rest):,} others", others)


def grouped(amount: str | Decimal) -> str:
    """1234.5 → "1,234.5", every digit kept."""
    return f"{Decimal(amount):,f}"


def _share(name: str, share: Share) -> Iterator[Row]:
    texts = wrapped(name, REGULAR, 8, 290)
    for index, text in enumerate(texts):
        cells: tuple[Cell, ...] = (Cell(text=text, left=LEFT + 2, right=334),)
        last = index == len(texts) - 1
        if last:
            cells += (_unrounded(share), _amount(share, bold=False))
        yield Row(cells=cells, ruled=index == 0, keep=0 if last else 1)


def _unrounded(share: Share) -> Cell:
    return Cell(
        text=grouped(share.amount_unrounded),
        left=338,
        right=_EDGES[_AMOUNT] - 4,
        align="right",
        size=7,
        colour=GREY,
    )


def _amount(share: Share, *, bold: bool) -> Cell:
    return Cell(
        text=grouped(share.amount),
        left=_EDGES[_AMOUNT],
        right=RIGHT - 2,
        align="right",
        bold=bold,
    )


def _header(document: Document) -> Row:
    cells = tuple(
        _cell(
            index,
            f"{name} ({document.pricing_currency})" if name == "List" else name,
            bold=True,
            colour=GREY,
        )
        for index, name in enumerate(_HEADINGS)
    )
    return Row(cells=cells, height=14)


def _subject(shown: str, share: Share | None) -> Iterator[Row]:
    """The name, and next to its last line the subtotal."""
    texts = wrapped(shown, BOLD, 8, 290)
    for index, text in enumerate(texts):
        cells: tuple[Cell, ...] = (Cell(text=text, left=LEFT + 2, right=334, bold=True),)
        if share is not None and index == len(texts) - 1:
            cells += (_unrounded(share), _amount(share, bold=True))
        yield Row(cells=cells, height=15 if index == 0 else 12, ruled=index == 0)


def _line(line: Line) -> Iterator[Row]:
    """The line, and below it what of its model column needs more room."""
    what, *more = wrapped(_what(line), REGULAR, 7, _EDGES[2] - 4 - _EDGES[1])
    texts = (
        str(line.number),
        what,
        line.unit.replace("_", " "),
        f"{line.quantity:,}",
        list_price(line) or "",
        grouped(line.list),
        grouped(line.amount_unrounded),
        grouped(line.amount),
    )
    cells = tuple(_cell(index, text) for index, text in enumerate(texts))
    yield Row(cells=cells, height=12, keep=len(more))
    for index, text in enumerate(more):
        cell = Cell(text=text, left=_EDGES[1], right=_EDGES[2] - 4, size=7)
        yield Row(cells=(cell,), height=10, keep=len(more) - index - 1)


def _cell(column: int, text: str, *, bold: bool = False, colour: str = INK) -> Cell:
    return Cell(
        text=text,
        left=_EDGES[column],
        right=_EDGES[column + 1] - 4,
        align="left" if _HEADINGS[column] in _ALIGNED_LEFT else "right",
        bold=bold,
        size=7,
        colour=colour,
    )


def _what(line: Line) -> str:
    """The model and what else tells this line from its neighbours."""
    facts = line.facts
    deployment, tier = facts.get("deployment"), facts.get("tier", "0")
    parts = (
        line.charge_day,
        line.model,
        deployment if deployment != line.model else None,
        facts.get("region"),
        facts.get("subscription"),
        None if facts.get("service_tier", "default") == "default" else facts["service_tier"],
        None if tier == "0" else f"context tier {tier}",
    )
    return " · ".join(part for part in parts if part)
