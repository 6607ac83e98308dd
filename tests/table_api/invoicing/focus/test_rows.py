"""FOCUS 1.4 files: they pass an independent lint, and add up to the invoice and to the ledger."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from focus_data_toolkit.cli import main as focus_toolkit
from focus_data_toolkit.validate.bundle import validate_dataset_bundle

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import load_book
from table_api.audit.ledger_audit import audit
from table_api.invoicing.documents.document import decode_document
from table_api.invoicing.focus.columns import DATASETS
from table_api.ledger.meta import LedgerSettings
from table_api.ledger.posting import MeteredCall, Origin
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.billing import NOVEMBER, Billing
from tests.fixtures.builders import ENQUEUED_TIME, call_id, make_event, make_usage
from tests.fixtures.calls import DEMO_BOOK, NOW
from tests.table_api.invoicing.focus.conftest import rows, write

TITLES = {
    "cost_and_usage": "Cost and Usage",
    "billing_period": "Billing Period",
    "invoice_detail": "Invoice Detail",
}


@pytest.mark.parametrize("month", ["202610", "202611"])
@pytest.mark.parametrize("name", DATASETS)
async def test_every_dataset_passes_the_lint_of_focus_1_4(
    closed: Billing, tmp_path: Path, month: str, name: str
) -> None:
    await write(closed, tmp_path)
    path = tmp_path / month / "focus" / f"{name}.csv"
    assert focus_toolkit(["validate", "--dataset", name.replace("_", "-"), str(path)]) == 0


@pytest.mark.parametrize("month", ["202610", "202611"])
async def test_usage_invoice_lines_and_period_fit_together_as_an_authoritative_bundle(
    closed: Billing, month: str
) -> None:
    bundle: dict[str, Any] = {
        title: await rows(closed, month, name) for name, title in TITLES.items()
    }
    report = validate_dataset_bundle(bundle, invoice_detail_authoritative=True)
    assert report.ok, report
    assert [each for each in report.diagnostics if each.severity.name != "INFO"] == []


async def test_effective_cost_adds_to_the_ledger_and_billed_cost_to_the_invoices(
    closed: Billing,
) -> None:
    files = await closed.files()
    usage = await rows(closed, "202610", "cost_and_usage")
    usage += await rows(closed, "202611", "cost_and_usage")
    effective = sum(Decimal(row["EffectiveCost"]) for row in usage)
    assert effective * 10**12 == (await audit(closed.storage, now=NOW)).charge
    for name, content in files.items():
        if "/invoices/" in name and name.endswith(".json"):
            invoice = decode_document(content, name)
            own = [row for row in usage if row["InvoiceId"] == invoice.number]
            assert sum(Decimal(row["BilledCost"]) for row in own) == Decimal(invoice.totals.amount)


async def test_a_correction_names_its_day_the_later_period_and_the_invoice_it_amends(
    closed: Billing,
) -> None:
    usage = await rows(closed, "202611", "cost_and_usage")
    corrections = [row for row in usage if row["ChargeClass"] == "Correction"]
    assert len(corrections) == 3
    assert {row["ChargePeriodStart"] for row in corrections} == {"2026-10-04T22:00:00Z"}
    assert {row["BillingPeriodStart"] for row in corrections} == {"2026-10-31T23:00:00Z"}
    details = await rows(closed, "202611", "invoice_detail")
    assert {row["ReferenceInvoiceId"] for row in details if row["InvoiceId"] == "INV-000004"} == {
        "INV-000001"
    }


async def test_tokens_are_priced_per_million_and_exactly(closed: Billing) -> None:
    for row in await rows(closed, "202610", "cost_and_usage"):
        assert (row["ConsumedUnit"], row["PricingUnit"]) == ("Tokens", "1000000 Tokens")
        assert Decimal(row["PricingQuantity"]) * 10**6 == Decimal(row["ConsumedQuantity"])
        product = Decimal(row["ListUnitPrice"]) * Decimal(row["PricingQuantity"])
        assert product == Decimal(row["ListCost"])
        assert all("." in row[column] for column in ("BilledCost", "ListCost", "PricingQuantity"))


async def test_a_ledger_of_two_currencies_bills_in_the_second(tmp_path: Path) -> None:
    """The demonstration's prices in dollars, billed in yen at 150: no decimals on the invoice."""
    extra = tmp_path / "fx.toml"
    extra.write_text(FX, encoding="utf-8")
    book = load_book([DEMO_BOOK, extra])
    storage, blobs = MemoryTableStorage(), MemoryBlobStore()
    settings = LedgerSettings(
        zone="Europe/Berlin", pricing_currency="USD", billing_currency="JPY", shards=4
    )
    ledger = await ProjectedLedger.open(storage, settings, now=lambda: NOW)
    event = make_event(
        id=call_id(1), subject="ann", usage=make_usage(input=1_000_000), deployment="gpt-4.1-mini"
    )
    origin = Origin(hub="llm-usage", partition="0", sequence_number=1, enqueued_time=ENQUEUED_TIME)
    await ledger.post([MeteredCall(priced=rate(event, book), origin=origin)])
    two = Billing(storage, blobs, ledger)
    manifest = await two.close(NOVEMBER)
    assert (manifest.amount, manifest.currency) == ("60", "JPY")  # 0.40 USD
    [row] = await rows(two, "202611", "cost_and_usage")
    assert (row["BilledCost"], row["ListCost"], row["ListUnitPrice"]) == ("60.0", "60.0", "60.0")
    assert (row["PricingCurrency"], row["PricingCurrencyListUnitPrice"]) == ("USD", "0.4")
    assert await two.problems() == []
    await write(two, tmp_path)
    path = tmp_path / "202611/focus/cost_and_usage.csv"
    assert focus_toolkit(["validate", "--dataset", "cost-and-usage", str(path)]) == 0


FX = """
[book]
billing_currency = "JPY"

[[rule]]
id = "fx.USD-JPY.2026-11"
kind = "fx"
pair = "USD-JPY"
rate = "150"
valid_from = 2026-11-01T00:00:00Z
valid_to = 2026-12-01T00:00:00Z
source = { kind = "contract", checked = 2026-11-01 }
"""
