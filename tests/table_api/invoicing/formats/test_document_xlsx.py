"""An invoice as a workbook."""

import io
import zipfile
from decimal import Decimal
from xml.etree import ElementTree

from table_api.invoicing.documents.document import Document
from table_api.invoicing.formats.document_xlsx import document_xlsx
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


SPACE = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def sheet(content: bytes, title: str) -> list[dict[str, str | Decimal]]:
    """The rows of a sheet by the titles of its columns; numbers as numbers."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        names = [
            each.attrib["name"]
            for each in ElementTree.fromstring(book.read("xl/workbook.xml")).iterfind(
                ".//x:sheet", SPACE
            )
        ]
        page = book.read(f"xl/worksheets/sheet{names.index(title) + 1}.xml")
        texts = [
            "".join(part.text or "" for part in each.iterfind(".//x:t", SPACE))
            for each in ElementTree.fromstring(book.read("xl/sharedStrings.xml")).iterfind(
                "x:si", SPACE
            )
        ]
    head, *rows = ElementTree.fromstring(page).iterfind(".//x:row", SPACE)

    def value(cell: ElementTree.Element) -> str | Decimal:
        number = cell.findtext("x:v", "0", SPACE)
        return texts[int(number)] if cell.get("t") == "s" else Decimal(number)

    columns = [str(value(cell)) for cell in head]
    return [dict(zip(columns, map(value, row), strict=True)) for row in rows]


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
