"""The files of an invoice: one content in JSON, CSV, XLSX and PDF, with and without names."""

import csv
import io
import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from pypdf import PdfReader

from pricing_rules.money import parse_pico
from table_api.invoicing.closing.renditions import names_of
from table_api.invoicing.closing.schemas import schema_files
from table_api.invoicing.documents.document import NOTICE, Document, decode_document
from table_api.invoicing.formats.document_csv import document_csv
from table_api.invoicing.formats.document_pdf import document_pdf
from table_api.invoicing.formats.document_xlsx import document_xlsx
from tests.fixtures.billing import EVE, NOVEMBER, OCTOBER, SEARCH, Billing, people
from tests.fixtures.builders import call_id, make_usage
from tests.fixtures.calls import make_call

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
NAMES = {
    "u-latin": "Ann Árnadóttir",
    "u-greek": "Γιώργος Παππάς",
    "u-cyrillic": "Наталья Щербакова",
    "u-east": "山田 太郎 김민수 王小明",
    "u-arabic": "محمد عبد الله",
    "u-hebrew": "דוד כהן",
    "u-formula": "=HYPERLINK(1)",
    "u-markup": "<b>&amp;</b>",
}


@pytest.fixture
async def invoice(billing: Billing) -> Document:
    """Eight subjects with three models each, corrections, and calls without an amount."""
    rows = [(subject, name, SEARCH, "2026-01-01") for subject, name in NAMES.items()]
    await people(billing.storage, rows)
    for subject in NAMES:
        for deployment in ("gpt-4.1-mini", "gpt-4o", "gpt-5"):
            usage = make_usage(input=900_000, cache_read=100_000, output=70_000)
            await billing.post(
                2, date(2026, 10, 5), subject=subject, deployment=deployment, usage=usage
            )
    await billing.close(OCTOBER)
    await billing.post(1, date(2026, 10, 6), subject="u-latin", usage=make_usage(input=123_456))
    for subject in NAMES:
        for deployment in ("gpt-4.1-mini", "gpt-4o", "gpt-5", "gpt-5-mini"):
            await billing.post(3, date(2026, 11, 5), subject=subject, deployment=deployment)
    await billing.post(1, date(2026, 11, 5), subject="u-latin", deployment="lab-model-x")
    await billing.close(NOVEMBER)
    content = (await billing.files())["202611/invoices/INV-000002.json"]
    return decode_document(content, "it")


def text_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def test_every_stored_schema_is_the_one_of_the_code() -> None:
    for path, content in schema_files().items():
        assert path.read_text(encoding="utf-8") == content, (
            "python -m table_api.invoicing.closing.schemas"
        )


async def test_stored_documents_fit_their_schemas(billing: Billing, invoice: Document) -> None:
    schemas = {
        path.name.split(".")[0]: Draft202012Validator(json.loads(content))
        for path, content in schema_files().items()
    }
    assert invoice.lines
    for name, content in (await billing.files()).items():
        if name.endswith(".json"):
            kind = Path(name).stem if Path(name).stem in schemas else "invoice"
            assert list(schemas[kind].iter_errors(json.loads(content))) == []


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


async def test_names_are_added_when_a_file_is_rendered(billing: Billing, invoice: Document) -> None:
    assert names_of(invoice, (await billing.job()).source.people) == NAMES


def test_csv_has_the_lines_of_the_json_and_no_formula(invoice: Document) -> None:
    content = document_csv(invoice, NAMES).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert len(rows) == len(invoice.lines) + len(invoice.uncharged)
    amounts = [parse_pico(row["amount"]) for row in rows if row["amount"]]
    assert sum(amounts) == parse_pico(invoice.totals.amount)
    assert {row["name"] for row in rows} == {*NAMES.values(), "'=HYPERLINK(1)"} - {"=HYPERLINK(1)"}


def test_a_workbook_has_the_lines_and_the_same_bytes_again(invoice: Document) -> None:
    content = document_xlsx(invoice, NAMES)
    assert document_xlsx(invoice, NAMES) == content
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        lines = book.read("xl/worksheets/sheet2.xml").decode()
        texts = book.read("xl/sharedStrings.xml").decode()
    assert lines.count("<row ") == len(invoice.lines) + 1
    assert "<f>" not in lines
    assert all(name in texts for name in ("Γιώργος Παππάς", "=HYPERLINK(1)", "山田 太郎"))


def test_a_pdf_says_what_it_is_numbers_its_pages_and_repeats_its_headers(
    invoice: Document,
) -> None:
    content = document_pdf(invoice, NAMES)
    assert document_pdf(invoice, NAMES) == content
    pages = text_of(content)
    assert len(pages) > 2
    for number, page in enumerate(pages, start=1):
        assert NOTICE in page
        assert f"page {number} of {len(pages)}" in page
        assert "Unrounded" in page
    assert any("continued" in page for page in pages[1:])
    assert f"Total in USD\n{invoice.totals.amount_unrounded}" in pages[0]
    whole = "".join("".join(pages).split())  # a change of font is a new line to the reader
    for subject in ("u-latin", "u-greek", "u-cyrillic", "u-east", "u-markup"):
        assert NAMES[subject].replace(" ", "") in whole
    assert "1callwithoutapricein2026-11" in whole
    assert "Correctionsof2026-10,1line" in whole


def test_nothing_of_a_line_is_cut_off_however_long_it_is(invoice: Document) -> None:
    """The longest name, subject, model and amounts that can be; else an ellipsis stands there."""
    long = invoice.lines[0]
    amount = "123456789.123456789012"
    widest = msgspec.structs.replace(
        long,
        subject="s" * 150,
        model="a-model-" * 12,
        facts=long.facts | {"deployment": "a deployment " * 9, "subscription": "d" * 120},
        quantity=123_456_789_012_345,
        list=amount,
        amount_unrounded=amount,
        amount="123456789.12",
    )
    uncharged = msgspec.structs.replace(invoice.uncharged[0], subject="s" * 150)
    document = msgspec.structs.replace(
        invoice, lines=(widest, *invoice.lines), uncharged=(uncharged,), cost_centre="C C " * 60
    )
    content = document_pdf(document, {"s" * 150: "Ζωή " * 60})
    pages = text_of(content)
    whole = "".join("".join(pages).split())
    for text in ("s" * 150, "Ζωή" * 60, "CC" * 60):
        assert text in whole
    models = "".join(column(content, left=70).split())
    for text in ("a-model-" * 12, "adeployment" * 9, "d" * 120):
        assert text in models
    assert whole.count("123,456,789.123456789012") == 2
    assert "123,456,789,012,345" in whole
    assert whole.count("…") == len(pages) - 1  # the owner, in the head of the pages that follow


def column(pdf: bytes, *, left: int) -> str:
    """The text that starts at so many points from the left edge."""
    found: list[str] = []

    def visit(text: str, _cm: Any, matrix: list[float], _font: Any, _size: Any) -> None:
        if abs(matrix[4] - left) < 1:
            found.append(text)

    for page in PdfReader(io.BytesIO(pdf)).pages:
        page.extract_text(visitor_text=visit)
    return "".join(found)


def test_every_letter_of_the_names_has_a_glyph(invoice: Document) -> None:
    assert "\ufffd" not in "".join(text_of(document_pdf(invoice, NAMES)))
    box = document_pdf(invoice, {"u-latin": "Zoë 🚀"})
    assert "Zoë \ufffd" in "".join(text_of(box))


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
