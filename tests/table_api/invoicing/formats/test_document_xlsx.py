"""An invoice as a workbook."""

import io
import zipfile
from decimal import Decimal

from table_api.invoicing.documents.document import Document
from table_api.invoicing.formats.document_xlsx import document_xlsx
from tests.fixtures.workbook import sheet
from tests.table_api.invoicing.conftest import NAMES


def test_a_workbook_has_the_lines_and_the_same_bytes_again(invoice: Document) -> None:
    content = document_xlsx(invoice, NAMES)
    assert document_xlsx(invoice, NAMES) == content
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        lines = book.read("xl/worksheets/sheet4.xml").decode()
        texts = book.read("xl/sharedStrings.xml").decode()
    assert lines.count("<row ") == len(invoice.lines) + 1
    assert "<f>" not in lines
    assert all(name in texts for name in ("Γιώργος Παππάς", "=HYPERLINK(1)", "山田 太郎"))


def test_amounts_and_counts_are_numbers_and_their_exact_texts_add_up(invoice: Document) -> None:
    content = document_xlsx(invoice, NAMES)
    for title in ("Lines", "By person", "By model"):
        rows = sheet(content, title)
        amounts = [row["amount"] for row in rows]
        assert all(isinstance(amount, Decimal) for amount in amounts)
        assert sum(amounts, Decimal(0)) == Decimal(invoice.totals.amount)
        exact = [Decimal(row["amount_unrounded, exact text"]) for row in rows]
        assert sum(exact) == Decimal(invoice.totals.amount_unrounded)
        assert all(
            isinstance(row["amount_unrounded"], Decimal)
            and abs(row["amount_unrounded"] - text) <= abs(text) * Decimal("1e-15")
            for row, text in zip(rows, exact, strict=True)
        )
    lines = sheet(content, "Lines")
    for column in ("quantity", "list", "contracted", "charge"):
        assert all(isinstance(row[column], Decimal) for row in lines)
    [unpriced] = sheet(content, "Not charged")
    assert (unpriced["calls"], type(unpriced["estimate"])) == (Decimal(1), Decimal)
    people = sheet(content, "By person")
    assert people[0]["name"] in NAMES.values()
    assert [row["amount"] for row in people] == sorted(
        (row["amount"] for row in people), reverse=True
    )
