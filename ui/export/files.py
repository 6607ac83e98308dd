"""A table as CSV or as a workbook, with its days, zone and currency. Pure.

Excel keeps 15 digits of a number: each amount has its exact text in a column at the right end.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ui.format import days
from ui.period import Period

Cell = str | int | Decimal | date | None
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Spreadsheets need it to read names right."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
NO_DATE = datetime(1980, 1, 1)
WIDTH = 18
SHEET_NAME_CHARS_MAX = 31
NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]")
"""What neither a sheet's name nor a file's may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What one file has: the table, and what it is about."""

    name: str
    columns: Mapping[str, Sequence[Cell]]
    about: Mapping[str, str]

    @property
    def rows(self) -> list[tuple[Cell, ...]]:
        """The cells by row."""
        return list(zip(*self.columns.values(), strict=True))

    @property
    def file_name(self) -> str:
        """`people_2026-11-01_2026-11-30`, without its ending."""
        parts = [
            NOT_IN_NAMES.sub("-", self.name).replace(" ", "_"),
            self.about.get("From"),
            self.about.get("To"),
        ]
        return "_".join(part for part in parts if part)


def about(period: Period, *, zone: str, currency: str, shown: str) -> dict[str, str]:
    """The days (both included), their zone, the currency, and what the page was narrowed to."""
    return {
        "Days": days(period.first, period.last),
        "From": period.first.isoformat(),
        "To": period.last.isoformat(),
        "Zone": zone,
        "Currency": currency,
        "Shown": shown,
    }


def csv_file(sheet: Sheet) -> bytes:
    """UTF-8. Columns of their own say what the table is about, in every line. Each has a name that
    no column of the table has: who reads by the head gets the row's own currency or day.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    heads = [f"{name} of the list" if name in sheet.columns else name for name in sheet.about]
    writer.writerow([*sheet.columns, *heads])
    ends = [_text(value) for value in sheet.about.values()]
    for row in sheet.rows:
        writer.writerow([*(_text(cell) for cell in row), *ends])
    return BYTE_ORDER_MARK + text.getvalue().encode("utf-8", "replace")


def _text(cell: Cell) -> str:
    """Text that a spreadsheet would run as a formula gets a leading apostrophe."""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(FORMULA) else cell
    return "" if cell is None else f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


def xlsx_file(sheet: Sheet) -> bytes:
    """A sheet of the table, and one that says what it is about."""
    from xlsxwriter import Workbook  # type: ignore[import-untyped]  # noqa: PLC0415  # no stubs

    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(buffer, options) as book:
        book.set_properties({"created": NO_DATE})
        bold = book.add_format({"bold": True, "bottom": 1})
        _write_table(book, sheet, bold)
        said = book.add_worksheet("About")
        said.set_column(0, 1, WIDTH)
        for number, (name, value) in enumerate(sheet.about.items()):
            said.write_string(number, 0, name, bold)
            said.write_string(number, 1, value)
    return buffer.getvalue()


def _write_table(book: Any, sheet: Sheet, bold: Any) -> None:
    lines = book.add_worksheet(NOT_IN_NAMES.sub("-", sheet.name)[:SHEET_NAME_CHARS_MAX])
    money = book.add_format({"num_format": "#,##0.00##########"})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    exact = [
        at
        for at, cells in enumerate(sheet.columns.values())
        if any(isinstance(cell, Decimal) for cell in cells)
    ]
    titles = list(sheet.columns)
    titles += [f"{titles[at]}, exact text" for at in exact]
    lines.set_column(0, len(titles), WIDTH)
    for at, title in enumerate(titles):
        lines.write_string(0, at, title, bold)
    for number, row in enumerate(sheet.rows, start=1):
        for at, cell in enumerate(row):
            if isinstance(cell, date):
                lines.write_datetime(number, at, cell, day)
            elif isinstance(cell, str):
                lines.write_string(number, at, cell)
            elif cell is not None:
                lines.write_number(number, at, cell, money if isinstance(cell, Decimal) else None)
        for at, source in enumerate(exact, start=len(sheet.columns)):
            lines.write_string(number, at, _text(row[source]))
    lines.freeze_panes(1, 0)
