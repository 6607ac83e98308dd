"""Rows of fixed height on numbered pages: what an invoice's PDF is drawn with. Knows no invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any, Literal

from table_api.invoicing.formats.pdf_text import BOLD, REGULAR, fitted, runs, width

PAGE_WIDTH, PAGE_HEIGHT = 595, 842
"""A4 in points."""
MARGIN = 40
BOTTOM = 52
TOP = 44
SIZE_MIN = 4
"""Of a number, in points: some 25 digits fit a column."""
INK, GREY, RULE, ZEBRA, WARNING = "#1b1f24", "#626b76", "#c9ced6", "#f4f6f8", "#8a4b00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Text between two edges of a row."""

    text: str
    left: int
    right: int
    """Points from the left edge of the page."""
    align: Literal["left", "right"] = "left"
    bold: bool = False
    size: int = 8
    colour: str = INK


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the page."""

    cells: tuple[Cell, ...]
    height: int = 13
    shaded: bool = False
    ruled: bool = False
    """A line above it."""
    header: tuple["Row", ...] = ()
    """Repeated on the top of a page that starts with this row."""
    keep: int = 0
    """So many rows below stay on its page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What every page says."""

    title: str
    author: str
    head: str
    foot: str


def draw(paper: Paper, rows: Sequence[Row]) -> bytes:
    """The pages as PDF: the same rows give the same bytes within one version of reportlab."""
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415  # 0.2 s, for those who draw

    pages = paginate(rows)
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=(PAGE_WIDTH, PAGE_HEIGHT), invariant=1, pageCompression=1)
    canvas.setTitle(paper.title)
    canvas.setAuthor(paper.author)
    for number, page in enumerate(pages, start=1):
        _draw_frame(canvas, paper, f"page {number} of {len(pages)}", first=number == 1)
        top = PAGE_HEIGHT - TOP
        for row in page:
            _draw_row(canvas, row, top)
            top -= row.height
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def paginate(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows by page; a page that starts amid a table gets its header again."""
    room = PAGE_HEIGHT - TOP - BOTTOM
    pages: list[list[Row]] = [[]]
    used = 0
    for index, row in enumerate(rows):
        needed = row.height + sum(other.height for other in rows[index + 1 : index + 1 + row.keep])
        if used + needed > room and pages[-1]:
            pages.append(list(row.header))
            used = sum(repeated.height for repeated in row.header)
        pages[-1].append(row)
        used += row.height
    return pages


def _draw_frame(canvas: Any, paper: Paper, page: str, *, first: bool) -> None:
    right = PAGE_WIDTH - MARGIN
    canvas.setStrokeColor(_colour(RULE))
    canvas.line(MARGIN, BOTTOM - 12, right, BOTTOM - 12)
    foot = Cell(text=paper.foot, left=MARGIN, right=right - 90, size=7, colour=GREY)
    _draw_cell(canvas, foot, BOTTOM - 24)
    number = Cell(text=page, left=right - 90, right=right, align="right", size=7, colour=GREY)
    _draw_cell(canvas, number, BOTTOM - 24)
    if not first:
        head = Cell(text=paper.head, left=MARGIN, right=right, size=7, colour=GREY)
        _draw_cell(canvas, head, PAGE_HEIGHT - TOP + 14)


def _draw_row(canvas: Any, row: Row, top: int) -> None:
    if row.shaded:
        canvas.setFillColor(_colour(ZEBRA))
        canvas.rect(MARGIN, top - row.height, PAGE_WIDTH - 2 * MARGIN, row.height, stroke=0, fill=1)
    if row.ruled:
        canvas.setStrokeColor(_colour(RULE))
        canvas.line(MARGIN, top, PAGE_WIDTH - MARGIN, top)
    for cell in row.cells:
        _draw_cell(canvas, cell, top - row.height + 4)


def _draw_cell(canvas: Any, cell: Cell, baseline: int) -> None:
    font, size, room = BOLD if cell.bold else REGULAR, cell.size, cell.right - cell.left
    text, start = cell.text, cell.left * 1000
    if cell.align == "right":  # a number: smaller, but with all its digits
        while size > SIZE_MIN and width(text, font, size) > room * 1000:
            size -= 1
        start = cell.right * 1000 - width(text, font, size)
    else:
        text = fitted(text, font, size, room)
    canvas.setFillColor(_colour(cell.colour))
    for name, piece in runs(text, font):
        canvas.setFont(name, size)
        canvas.drawString(start / 1000, baseline, piece)
        start += width(piece, name, size)


@cache
def _colour(name: str) -> Any:
    """Parsed once: it would be a third of the time of drawing."""
    from reportlab.lib.colors import HexColor  # noqa: PLC0415  # 0.2 s, for those who draw

    return HexColor(name)
