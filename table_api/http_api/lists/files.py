"""Rows as CSV or as a workbook. Pure.

Excel keeps 15 digits of a number: each amount has its exact text in a column at the right end.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from table_api.formulas import FORMULA_STARTS
from table_api.http_api.lists.columns import Column, Kind

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Spreadsheets need it to read names right."""
NO_DATE = datetime(1980, 1, 1)
_NUMBERS = (Kind.WHOLE, Kind.MONEY)
_NUMBER_FORMATS = {Kind.WHOLE: "#,##0", Kind.MONEY: "#,##0.00##########"}
_WIDTHS = {"subject": 38, "name": 24, "model": 22, "call_id": 38, "id": 20}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A list as rows of text, one for each line."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    about: Mapping[str, str]
    """What the list says about itself."""


def csv_file(table: Table) -> bytes:
    """UTF-8. Text that a spreadsheet would run as a formula gets a leading apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    is_text = [column.kind not in _NUMBERS for column in table.columns]
    for row in table.rows:
        writer.writerow(
            f"'{cell}" if unsafe and cell.startswith(FORMULA_STARTS) else cell
            for cell, unsafe in zip(row, is_text, strict=True)
        )
    return BYTE_ORDER_MARK + text.getvalue().encode("utf-8", "replace")


def xlsx_file(table: Table) -> bytes:
    """The workbook: a sheet of the lines, and one that says what was asked."""
    from xlsxwriter import Workbook  # type: ignore[import-untyped]  # noqa: PLC0415  # no stubs

    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(buffer, options) as book:
        book.set_properties({"created": NO_DATE})  # else the clock would change the answer's tag
        bold = book.add_format({"bold": True, "bottom": 1})
        _write_lines(book, table, bold)
        about = book.add_worksheet("About")
        about.set_column(0, 1, 32)
        for row, (name, value) in enumerate(table.about.items()):
            about.write_string(row, 0, name, bold)
            about.write_string(row, 1, value)
    return buffer.getvalue()


def _write_lines(book: Any, table: Table, bold: Any) -> None:
    sheet = book.add_worksheet(table.title)
    formats = {
        kind: book.add_format({"num_format": text}) for kind, text in _NUMBER_FORMATS.items()
    }
    exact = [at for at, column in enumerate(table.columns) if column.kind is Kind.MONEY]
    titles = [column.name for column in table.columns]
    titles += [f"{titles[at]}, exact text" for at in exact]
    for at, title in enumerate(titles):
        sheet.set_column(at, at, _WIDTHS.get(title, 16))
        sheet.write_string(0, at, title, bold)
    kinds = [column.kind for column in table.columns]
    for number, row in enumerate(table.rows, start=1):
        for at, (cell, kind) in enumerate(zip(row, kinds, strict=True)):
            if cell and kind in formats:
                sheet.write_number(number, at, Decimal(cell), formats[kind])
            elif cell:
                sheet.write_string(number, at, cell)
        for at, source in enumerate(exact, start=len(kinds)):
            sheet.write_string(number, at, row[source])
    sheet.freeze_panes(1, 0)
    if table.rows:
        sheet.autofilter(0, 0, len(table.rows), len(titles) - 1)
