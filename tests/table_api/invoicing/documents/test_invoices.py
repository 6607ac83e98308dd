"""Invoices and statements: all of their amounts are sums of the lines, to the last digit."""

import json
from collections import defaultdict
from datetime import date

from msgspec.structs import replace

from pricing_rules.money import parse_pico
from table_api.invoicing.closing.month_files import documents_of
from table_api.invoicing.documents.document import Document
from table_api.invoicing.documents.minor_units import pico_per_minor
from table_api.invoicing.snapshots.manifest import encode_manifest
from table_api.invoicing.snapshots.snapshot import RULES
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


def cents_away(document: Document) -> int:
    """Whole cents between the total and the sum that it is the rounding of."""
    exact, cent = parse_pico(document.totals.amount_unrounded), pico_per_minor("USD")
    return abs(parse_pico(document.totals.amount) - exact) // cent


async def test_a_statement_adds_up_to_its_own_rounding(billing: Billing) -> None:
    """Of many lines below half a cent: spread over lines at once, most would be billed nothing."""
    for day in range(1, 6):
        for deployment in ("gpt-4.1-mini", "gpt-4o", "gpt-5", "gpt-5-mini"):
            await billing.post(day, date(2026, 11, day), subject="many", deployment=deployment)
    await billing.post(90, date(2026, 11, 2), subject="few", deployment="gpt-4o")
    await billing.close(NOVEMBER)
    snapshot, digest = await (await billing.job()).archive.standing_snapshot(NOVEMBER)
    made = documents_of(snapshot, digest)
    assert [cents_away(each) for each in (*made.invoices, *made.statements)] == [0] * 3
    earlier = documents_of(replace(snapshot, rules=2), digest)
    assert [each.totals.amount for each in earlier.invoices] == [
        each.totals.amount for each in made.invoices
    ]
    assert max(map(cents_away, earlier.statements)) > 0
    assert json.loads(encode_manifest(made.manifest(())))["rules"] == RULES
    assert "rules" not in json.loads(encode_manifest(earlier.manifest(())))
