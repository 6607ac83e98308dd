"""The files of a closed month: no name in any, every line in all."""

import io
import zipfile
from datetime import UTC, date, datetime

from pypdf import PdfReader

from table_api.invoicing.documents.document import Document, decode_document
from table_api.invoicing.formats.document_xlsx import document_xlsx
from tests.fixtures.billing import EVE, OCTOBER, Billing
from tests.fixtures.builders import call_id, make_usage
from tests.fixtures.calls import make_call
from tests.table_api.invoicing.conftest import NAMES, text_of

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


async def test_stored_files_hold_no_name(billing: Billing, invoice: Document) -> None:
    assert invoice.lines
    for name, content in (await billing.files()).items():
        if name.endswith(".pdf"):
            text = "".join(text_of(content))
        elif name.endswith(".xlsx"):
            with zipfile.ZipFile(io.BytesIO(content)) as book:
                text = "".join(book.read(part).decode() for part in book.namelist())
        else:
            text = content.decode()
        assert [each for each in NAMES.values() if each in text] == [], name


async def test_an_invoice_without_lines_is_a_document_too(billing: Billing) -> None:
    await billing.post(1, date(2026, 10, 5), subject=EVE, usage=None)
    await billing.close(OCTOBER)
    files = await billing.files()
    document = decode_document(files["202610/invoices/INV-000001.json"], "it")
    [page] = text_of(files["202610/invoices/INV-000001.pdf"])
    assert "no cost centre" in page
    assert "1 call without usage in 2026-10" in page
    assert document_xlsx(document, {})


async def test_ten_thousand_lines_keep_every_line(billing: Billing) -> None:
    """3334 subjects with three units; the close, the files and the verification."""
    usage = make_usage(input=10, cache_read=20, output=30)
    calls = [
        make_call(number, id=call_id(number), subject=f"s-{number:05d}", usage=usage, time=NOON)
        for number in range(3334)
    ]
    await billing.ledger.post(calls)
    manifest = await billing.close(OCTOBER)
    [entry] = manifest.invoices
    assert entry.lines == 10_002
    files = await billing.files()
    pages = PdfReader(io.BytesIO(files["202610/invoices/INV-000001.pdf"])).pages
    last = pages[-1].extract_text()
    assert f"page {len(pages)} of {len(pages)}" in last
    assert "10002" in last
    assert await billing.problems() == []
