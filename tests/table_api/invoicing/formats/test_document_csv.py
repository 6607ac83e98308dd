"""An invoice as CSV."""

import csv
import io

import pytest
from msgspec.structs import replace

from pricing_rules.money import parse_pico
from table_api.invoicing.documents.document import Document
from table_api.invoicing.formats.document_csv import document_csv
from table_api.invoicing.snapshots.snapshot import RULES
from tests.table_api.invoicing.conftest import NAMES


def test_csv_has_the_lines_of_the_json_and_no_formula(invoice: Document) -> None:
    content = document_csv(invoice, NAMES).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert len(rows) == len(invoice.lines) + len(invoice.uncharged)
    amounts = [parse_pico(row["amount"]) for row in rows if row["amount"]]
    assert sum(amounts) == parse_pico(invoice.totals.amount)
    assert {row["name"] for row in rows} == {*NAMES.values(), "'=HYPERLINK(1)"} - {"=HYPERLINK(1)"}


@pytest.mark.parametrize(
    ("quantities", "unit", "quantity", "note"),
    [
        ({"input": 900, "output": 60}, "tokens", "960", "b"),
        ({"audio_ms": 60_000}, "audio_ms", "60000", "b"),
        ({"input": 900, "web_search": 2}, "", "", "input 900, web_search 2; b"),
        ({"input": 900, "router_input": 900}, "", "", "input 900, router_input 900; b"),
        ({}, "", "", "b"),
    ],
)
def test_no_quantity_adds_tokens_to_anything_else(
    invoice: Document, quantities: dict[str, int], unit: str, quantity: str, note: str
) -> None:
    entry = replace(invoice.uncharged[0], quantities=quantities, basis="b")
    document = replace(invoice, lines=(), uncharged=(entry,))

    def columns(rules: int) -> tuple[str, str, str]:
        text = document_csv(document, {}, rules=rules).decode("utf-8-sig")
        [row] = csv.DictReader(io.StringIO(text, newline=""))
        return row["unit"], row["quantity"], row["note"]

    assert columns(RULES) == (unit, quantity, note)
    summed = str(sum(quantities.values())) if quantities else ""
    assert columns(4) == ("", summed, "b"), "a file of an earlier close is made as it was"


@pytest.mark.parametrize("start", ["=", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\n"])
def test_no_deployment_is_run_by_a_spreadsheet(invoice: Document, start: str) -> None:
    line = replace(invoice.lines[0], facts={"deployment": f"{start}1"})
    document = replace(invoice, lines=(line,), uncharged=())
    text = document_csv(document, {}).decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert row["deployment"] == f"'{start}1"
