"""An invoice or statement as PDF: what stands where. Drawing is `pdf_table`'s."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from table_api.invoicing.documents.document import Document, Subtotal, Uncharged
from table_api.invoicing.documents.shares import by_model, by_person
from table_api.invoicing.formats.pdf_lines import LEFT, RIGHT, grouped, line_rows, share_rows
from table_api.invoicing.formats.pdf_table import (
    GREY,
    INK,
    WARNING,
    Cell,
    Paper,
    Row,
    draw,
)
from table_api.invoicing.formats.pdf_text import REGULAR, wrapped

NO_COST_CENTRE = "no cost centre"
SHARES_MAX = 10
"""People and models named on the first page; each person's lines begin with their subtotal."""
_WORDS = {
    "unpriced": "without a price",
    "no_usage": "without usage",
    "failed": "failed",
    "pending": "not finished yet",
    "unattributed": "without a caller",
    "excludes": "with an incomplete cost",
}

Names = Mapping[str, str]


def document_pdf(document: Document, names: Names) -> bytes:
    """The PDF; `names` is empty in stored files and known when one is rendered for reading."""
    word = "Invoice" if document.kind == "invoice" else "Statement"
    paper = Paper(
        title=f"{word} {document.number}",
        author=document.issuer,
        head=f"{word} {document.number} · {document.month} · {owner(document, names)}",
        foot=f"{document.notice} · {document.number} · {document.issuer}",
    )
    return draw(paper, list(_rows(document, names, word)))


def owner(document: Document, names: Names) -> str:
    """Whose document it is."""
    if document.kind == "invoice":
        return document.cost_centre or NO_COST_CENTRE
    subject = document.subject or ""
    return names.get(subject, subject)


def _rows(document: Document, names: Names, word: str) -> Iterator[Row]:
    yield from _head(document, names, word)
    yield from _summary(document)
    if document.kind == "invoice":
        yield from share_rows("By person", by_person(document), names, most=SHARES_MAX)
    yield from share_rows("By model", by_model(document), {}, most=SHARES_MAX)
    for kind, title in (("usage", "Usage"), ("correction", "Corrections of earlier months")):
        lines = [line for line in document.lines if line.kind == kind]
        if lines:
            yield from line_rows(title, lines, document, names)
    if document.uncharged:
        yield from _uncharged(document, names)


def _text(text: str, size: int = 8, *, bold: bool = False, colour: str = INK) -> Cell:
    return Cell(text=text, left=LEFT, right=RIGHT, size=size, bold=bold, colour=colour)


def _head(document: Document, names: Names, word: str) -> Iterator[Row]:
    yield Row(cells=(_text(f"{word} {document.number}", 18, bold=True),), height=26)
    yield Row(cells=(_text(document.notice, 9, colour=WARNING),), height=22)
    label = "Cost centre" if document.kind == "invoice" else "Subject"
    subject = "" if document.subject is None else document.subject
    shown = owner(document, names)
    if document.kind == "statement" and shown != subject:
        shown = f"{shown} ({subject})"
    facts = (
        (label, shown),
        ("Billed by", document.issuer),
        ("Month", f"{document.month}, days of {document.zone}"),
        ("Period", f"{_local(document.period_start, document)} to {_end(document)}"),
        ("Issued", f"{_local(document.issued_at, document)}"),
        ("Calls in the month", f"{document.totals.calls:,}"),
        ("Made from snapshot", document.snapshot_sha256),
    )
    for name, value in facts:
        for index, text in enumerate(wrapped(value, REGULAR, 8, RIGHT - LEFT - 104)):
            yield Row(
                cells=(
                    Cell(text="" if index else name, left=LEFT, right=LEFT + 100, colour=GREY),
                    Cell(text=text, left=LEFT + 104, right=RIGHT),
                )
            )


def _summary(document: Document) -> Iterator[Row]:
    yield Row(cells=(), height=10)
    for part in document.subtotals:
        yield _sum(_subtotal_name(part), part.amount_unrounded, part.amount, bold=False)
    totals = document.totals
    total = f"Total in {document.currency}"
    yield _sum(total, totals.amount_unrounded, totals.amount, bold=True)
    notes = "Amounts are rounded so that each person's lines and the whole add up to their sums."
    if document.currency != document.pricing_currency:
        notes += f" List prices are in {document.pricing_currency}."
    yield Row(cells=(_text(notes, 7, colour=GREY),), height=14)


def _subtotal_name(part: Subtotal) -> str:
    what = "Usage of" if part.kind == "usage" else "Corrections of"
    return f"{what} {part.charge_month}, {part.lines:,} line{'' if part.lines == 1 else 's'}"


def _sum(name: str, unrounded: str, amount: str, *, bold: bool) -> Row:
    size = 10 if bold else 8
    return Row(
        cells=(
            Cell(text=name, left=LEFT + 2, right=300, bold=bold, size=size),
            Cell(text=grouped(unrounded), left=300, right=434, align="right", colour=GREY),
            Cell(
                text=grouped(amount), left=436, right=RIGHT - 2, align="right", bold=bold, size=size
            ),
        ),
        height=18 if bold else 14,
        ruled=True,
        shaded=bold,
    )


def _uncharged(document: Document, names: Names) -> Iterator[Row]:
    title = "Calls without an amount, an owner or a complete cost"
    yield Row(cells=(_text(title, 11, bold=True, colour=WARNING),), height=26, keep=3)
    note = "Estimates stand in no total. They say what may come, on what basis, and are no bill."
    yield Row(cells=(_text(note, 7, colour=GREY),), height=13)
    for entry in document.uncharged:
        yield from _uncharged_rows(entry, document, names)


def _uncharged_rows(entry: Uncharged, document: Document, names: Names) -> Iterator[Row]:
    name = names.get(entry.subject)
    subject = f"{name} ({entry.subject})" if name else entry.subject
    noun = "call" if entry.calls == 1 else "calls"
    calls = f"{entry.calls:,} {noun} {_WORDS[entry.concern]} in {entry.charge_month}"
    estimate = f"estimate {grouped(entry.estimate)} {document.currency}" if entry.estimate else "—"
    who, *more = wrapped(subject, REGULAR, 8, 196)
    yield Row(
        cells=(
            Cell(text=calls, left=LEFT + 2, right=200, bold=True),
            Cell(text=who, left=204, right=400),
            Cell(text=estimate, left=404, right=RIGHT - 2, align="right"),
        ),
        ruled=True,
        keep=1 + len(more),
        height=15,
    )
    for text in more:
        yield Row(cells=(Cell(text=text, left=204, right=400),), height=11, keep=1)
    same = entry.deployment in {None, entry.model}
    where = entry.model if same else f"{entry.model} · {entry.deployment}"
    units = ", ".join(f"{n:,} {unit.replace('_', ' ')}" for unit, n in entry.quantities.items())
    detail = " · ".join(filter(None, (where, units, entry.basis)))
    for text in wrapped(detail, REGULAR, 7, RIGHT - LEFT - 4):
        cell = Cell(text=text, left=LEFT + 2, right=RIGHT - 2, size=7, colour=GREY)
        yield Row(cells=(cell,), height=12)


def _local(instant: str, document: Document) -> str:
    local = datetime.fromisoformat(instant).astimezone(ZoneInfo(document.zone))
    return f"{local:%Y-%m-%d %H:%M %Z}"


def _end(document: Document) -> str:
    return _local(document.period_end, document)
