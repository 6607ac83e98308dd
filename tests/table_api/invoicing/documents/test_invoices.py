"""Invoices and statements: all of their amounts are sums of the lines, to the last digit."""

from collections import defaultdict

from pricing_rules.money import parse_pico
from table_api.invoicing.closing.month_files import documents_of
from table_api.invoicing.documents.document import Document
from tests.fixtures.billing import NOVEMBER, Billing

COLUMNS = ("list", "contracted", "charge", "amount_unrounded", "amount")


def summed(document: Document, column: str) -> int:
    return sum(parse_pico(getattr(line, column)) for line in document.lines)


async def test_totals_and_subtotals_are_the_sums_of_the_lines(
    billing: Billing, invoice: Document
) -> None:
    snapshot, digest = await (await billing.job()).archive.standing_snapshot(NOVEMBER)
    documents = documents_of(snapshot, digest)
    assert invoice in documents.invoices
    for document in (*documents.invoices, *documents.statements):
        for column in COLUMNS:
            total = parse_pico(getattr(document.totals, column))
            assert total == summed(document, column)
        of_month: dict[str, int] = defaultdict(int)
        for line in document.lines:
            of_month[line.charge_month] += parse_pico(line.amount)
        assert of_month == {
            part.charge_month: parse_pico(part.amount) for part in document.subtotals
        }


async def test_a_statement_repeats_lines_of_the_invoices_and_the_manifest_adds_these_up(
    billing: Billing, invoice: Document
) -> None:
    snapshot, digest = await (await billing.job()).archive.standing_snapshot(NOVEMBER)
    documents = documents_of(snapshot, digest)
    assert invoice.lines
    of_invoices = {
        (line.invoice, line.number): line for each in documents.invoices for line in each.lines
    }
    of_statements = {
        (line.invoice, line.number): line for each in documents.statements for line in each.lines
    }
    assert of_statements == of_invoices
    manifest = documents.manifest(())
    assert parse_pico(manifest.amount) == sum(summed(each, "amount") for each in documents.invoices)
    assert parse_pico(manifest.amount_unrounded) == sum(
        summed(each, "amount_unrounded") for each in documents.invoices
    )
