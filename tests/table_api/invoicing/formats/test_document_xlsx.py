"""An invoice as a workbook."""

import io
import zipfile

from table_api.invoicing.documents.document import Document
from table_api.invoicing.formats.document_xlsx import document_xlsx
from tests.table_api.invoicing.conftest import NAMES


def test_a_workbook_has_the_lines_and_the_same_bytes_again(invoice: Document) -> None:
    content = document_xlsx(invoice, NAMES)
    assert document_xlsx(invoice, NAMES) == content
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        lines = book.read("xl/worksheets/sheet2.xml").decode()
        texts = book.read("xl/sharedStrings.xml").decode()
    assert lines.count("<row ") == len(invoice.lines) + 1
    assert "<f>" not in lines
    assert all(name in texts for name in ("Γιώργος Παππάς", "=HYPERLINK(1)", "山田 太郎"))
