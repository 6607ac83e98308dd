"""An invoice as CSV."""

import csv
import io

from pricing_rules.money import parse_pico
from table_api.invoicing.documents.document import Document
from table_api.invoicing.formats.document_csv import document_csv
from tests.table_api.invoicing.conftest import NAMES


def test_csv_has_the_lines_of_the_json_and_no_formula(invoice: Document) -> None:
    content = document_csv(invoice, NAMES).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert len(rows) == len(invoice.lines) + len(invoice.uncharged)
    amounts = [parse_pico(row["amount"]) for row in rows if row["amount"]]
    assert sum(amounts) == parse_pico(invoice.totals.amount)
    assert {row["name"] for row in rows} == {*NAMES.values(), "'=HYPERLINK(1)"} - {"=HYPERLINK(1)"}
