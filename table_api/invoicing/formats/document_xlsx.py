"""An invoice or statement as a workbook: sums, people, models, lines and what has no amount.

Every amount and count is a number, so that a pivot table or SUM can use it. Excel keeps 15 digits
of a number: each unrounded amount has its exact text in a column at the right end of the sheet.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from table_api.invoicing.documents.document import Document
from table_api.invoicing.documents.shares import Share, by_model, by_person
from table_api.invoicing.formats.document_csv import COLUMNS, Names, line_values, uncharged_values
from table_api.invoicing.formats.document_pdf import owner

_WHOLE = frozenset({"line", "lines", "quantity", "calls"})
_UNROUNDED = ("list", "contracted", "charge", "amount_unrounded", "estimate")
_UNROUNDED_FORMAT = "#,##0.00##########"
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
        if document.kind == "invoice":
            _shares(book, document, "By person", "subject", by_person(document), names)
        _shares(book, document, "By model", "model", by_model(document), {})
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
        ("Made from snapshot", document.snapshot_sha256),
    )
    for row, (name, value) in enumerate(facts, start=3):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, value)
    row = len(facts) + 3
    sheet.write_string(row, 0, "Calls in the month")
    sheet.write_number(row, 1, document.totals.calls, book.add_format({"num_format": "#,##0"}))
    row += 2
    for column, name in enumerate(("", "Unrounded", "Amount", "Unrounded, exact text")):
        sheet.write_string(row, column, name, bold)
    sums = [
        (f"{part.kind} {part.charge_month}", part.amount_unrounded, part.amount)
        for part in document.subtotals
    ]
    totals = ("Total", document.totals.amount_unrounded, document.totals.amount)
    unrounded_format = book.add_format({"num_format": _UNROUNDED_FORMAT})
    for name, unrounded, amount in (*sums, totals):
        row += 1
        sheet.write_string(row, 0, name)
        sheet.write_number(row, 1, Decimal(unrounded), unrounded_format)
        sheet.write_number(row, 2, Decimal(amount), money)
        sheet.write_string(row, 3, unrounded)


def _shares(
    book: Any, document: Document, title: str, key: str, shares: list[Share], names: Names
) -> None:
    """What each person or model owes, the dearest first."""
    rows = [
        {
            key: share.name,
            "name": names.get(share.name, ""),
            "lines": str(share.lines),
            "amount_unrounded": f"{share.amount_unrounded:f}",
            "amount": f"{share.amount:f}",
            "currency": document.currency,
        }
        for share in shares
    ]
    columns = (key, "name", "lines", "amount_unrounded", "amount", "currency")
    _sheet(book, title, rows, columns)


def _sheet(
    book: Any, name: str, rows: list[dict[str, str]], columns: Sequence[str] = COLUMNS
) -> None:
    sheet = book.add_worksheet(name)
    used = [column for column in columns if any(row.get(column) for row in rows)]
    exact = [column for column in used if column in _UNROUNDED]
    bold = book.add_format({"bold": True, "bottom": 1})
    styles = _styles(book, rows)
    titles = [*used, *(f"{column}, exact text" for column in exact)]
    for index, title in enumerate(titles):
        sheet.set_column(index, index, _WIDTHS.get(title, 16))
        sheet.write_string(0, index, title, bold)
    for number, row in enumerate(rows, start=1):
        for index, column in enumerate(used):
            value = row.get(column, "")
            if column in styles and value:
                sheet.write_number(number, index, Decimal(value), styles[column])
            else:
                sheet.write_string(number, index, value)
        for index, column in enumerate(exact, start=len(used)):
            sheet.write_string(number, index, row.get(column, ""))
    sheet.freeze_panes(1, 0)
    if rows:
        sheet.autofilter(0, 0, len(rows), len(titles) - 1)


def _styles(book: Any, rows: list[dict[str, str]]) -> dict[str, Any]:
    """The format of each column of numbers."""
    amounts = [row["amount"] for row in rows if "amount" in row]
    whole = book.add_format({"num_format": "#,##0"})
    unrounded = book.add_format({"num_format": _UNROUNDED_FORMAT})
    return {
        **dict.fromkeys(_WHOLE, whole),
        **dict.fromkeys(_UNROUNDED, unrounded),
        "amount": _money(book, amounts[0] if amounts else "0.00"),
    }


def _money(book: Any, example: str) -> Any:
    decimals = len(example.partition(".")[2])
    return book.add_format({"num_format": "#,##0" + ("." + "0" * decimals if decimals else "")})
