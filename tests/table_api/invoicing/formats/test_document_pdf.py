"""An invoice as PDF: all of its text can be read back."""

import io
from typing import Any

import msgspec
from pypdf import PdfReader

from table_api.invoicing.documents.document import NOTICE, Document
from table_api.invoicing.formats.document_pdf import document_pdf
from tests.table_api.invoicing.conftest import NAMES, text_of


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
    models = "".join(column(content, left=68).split())
    for text in ("a-model-" * 12, "adeployment" * 9, "d" * 120):
        assert text in models
    assert whole.count("123,456,789.123456789012") == 5  # line, person, model
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
