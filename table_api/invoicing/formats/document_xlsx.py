"""An invoice or statement as a workbook: the lines and what has no amount, a sheet each.

Excel keeps 15 digits of a number. Rounded amounts have fewer; unrounded ones are text, exact.
"""

from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from table_api.invoicing.documents.document import Document
from table_api.invoicing.formats.document_csv import COLUMNS, Names, line_values, uncharged_values
from table_api.invoicing.formats.document_pdf import owner

_NUMBERS = frozenset({"line", "quantity", "amount", "calls"})
_WIDTHS = {"subject": 38, "name": 24, "model": 22, "base_rule": 40, "note": 52}


def document_xlsx(document: Document, names: Names) -> bytes:
    """The workbook: the same document gives the same bytes within one version of XlsxWriter."""
    from xlsxwriter import Workbook  # type: ignore[import-untyped]  # noqa: PLC0415  # no stubs

    buffer = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(buffer, options) as book:
        # Else the clock and the machine would stand in the file.
        created = datetime.fromisoformat(document.issued_at).replace(tzinfo=None)
        book.set_properties({"title": document.number, "created": created})
        _summary(book, document, names)
        rows = [line_values(document, line, names) for line in document.lines]
        _sheet(book, "Lines", rows)
        _sheet(
            book,
            "Not charged",
            [uncharged_values(document, entry, names) for entry in document.uncharged],
        )
    return buffer.getvalue()


def _summary(book: Any, document: Document, names: Names) -> None:
    sheet = book.add_worksheet("Summary")
    bold, money = book.add_format({"bold": True}), _money(book, document.totals.amount)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 2, 26)
    sheet.write_string(0, 0, document.number, bold)
    sheet.write_string(1, 0, document.notice)
    facts = (
        ("Cost centre" if document.kind == "invoice" else "Subject", owner(document, names)),
        ("Billed by", document.issuer),
        ("Month", f"{document.month} ({document.zone})"),
        ("Issued", document.issued_at),
        ("Currency", document.currency),
        ("Calls in the month", str(document.totals.calls)),
        ("Made from snapshot", document.snapshot_sha256),
    )
    for row, (name, value) in enumerate(facts, start=3):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, value)
    row = len(facts) + 4
    for column, name in enumerate(("", "Unrounded", "Amount")):
        sheet.write_string(row, column, name, bold)
    sums = [
        (f"{part.kind} {part.charge_month}", part.amount_unrounded, part.amount)
        for part in document.subtotals
    ]
    totals = ("Total", document.totals.amount_unrounded, document.totals.amount)
    for name, unrounded, amount in (*sums, totals):
        row += 1
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, unrounded)
        sheet.write_number(row, 2, Decimal(amount), money)


def _sheet(book: Any, name: str, rows: list[dict[str, str]]) -> None:
    sheet = book.add_worksheet(name)
    used = [column for column in COLUMNS if any(row.get(column) for row in rows)]
    bold = book.add_format({"bold": True, "bottom": 1})
    amounts = [row["amount"] for row in rows if "amount" in row]
    money = _money(book, amounts[0] if amounts else "0.00")
    whole = book.add_format({"num_format": "#,##0"})
    for index, column in enumerate(used):
        sheet.set_column(index, index, _WIDTHS.get(column, 16))
        sheet.write_string(0, index, column, bold)
    for number, row in enumerate(rows, start=1):
        for index, column in enumerate(used):
            value = row.get(column, "")
            if column in _NUMBERS and value:
                style = money if column == "amount" else whole
                sheet.write_number(number, index, Decimal(value), style)
            else:
                sheet.write_string(number, index, value)
    sheet.freeze_panes(1, 0)
    if rows:
        sheet.autofilter(0, 0, len(rows), len(used) - 1)


def _money(book: Any, example: str) -> Any:
    decimals = len(example.partition(".")[2])
    return book.add_format({"num_format": "#,##0" + ("." + "0" * decimals if decimals else "")})
