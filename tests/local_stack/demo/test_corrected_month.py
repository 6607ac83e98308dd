"""The demonstration's corrected month: billed too high, then credited to the last cent."""

import json
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from local_stack.demo.corrected_month import FACTOR, MODEL, CorrectedMonth, correct
from local_stack.traffic.workload import Workload
from pricing_rules.decoding.usage_event import decode
from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.types import UsageEvent
from table_api.audit.ledger_audit import audit
from table_api.invoicing.documents.document import decode_document
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.ledger.posting import MeteredCall, Origin
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.billing import Billing, open_billing
from tests.fixtures.calls import DEMO_BOOK

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CORRECTED = CorrectedMonth.before(Workload(now=NOW))
SEPTEMBER, OCTOBER = BillingMonth(2026, 9), BillingMonth(2026, 10)
INPUT, OUTPUT = Decimal(20) / 1_000_000, Decimal(80) / 1_000_000
"""What o3-pro costs in USD per token, as Microsoft lists it."""


def wrong_book(folder: Path) -> Book:
    rule = folder / "wrong_price.toml"
    CORRECTED.write_rule(rule)
    return load_book([DEMO_BOOK, rule])


async def post(billing: Billing, month: CorrectedMonth, book: Book) -> None:
    calls = []
    for number, event in enumerate(month.events()):
        decoded = decode(event.body, enqueued_time=month.stop)
        assert isinstance(decoded, UsageEvent)
        origin = Origin(
            hub="llm-usage", partition="0", sequence_number=number, enqueued_time=decoded.time
        )
        calls.append(MeteredCall(priced=rate(decoded, book, None), origin=origin))
    await billing.ledger.post(calls)


def cost_of_september() -> Decimal:
    """What the calls of the model cost, from the bytes of their events alone."""
    total = Decimal(0)
    for event in CORRECTED.events():
        data = json.loads(event.body)["data"]
        if data["deployment"] == MODEL and data["usage"]:
            total += data["usage"]["input_tokens"] * INPUT
            total += data["usage"]["output_tokens"] * OUTPUT
    return total


async def credited(billing: Billing, month: BillingMonth) -> Decimal:
    job = await billing.job()
    manifest = await job.archive.manifest(month)
    assert manifest is not None
    documents = [
        decode_document(await job.archive.file(month, file), file.name)
        for file in manifest.files
        if file.name.startswith("invoices/") and file.name.endswith(".json")
    ]
    parts = [part for each in documents for part in each.subtotals if part.kind == "correction"]
    return sum((Decimal(part.amount) for part in parts), Decimal(0))


async def test_the_next_invoice_credits_what_nobody_had_agreed_to(tmp_path: Path) -> None:
    storage = MemoryTableStorage()
    billing = await open_billing(storage, MemoryBlobStore())
    await post(billing, CORRECTED, wrong_book(tmp_path))
    too_high = Decimal((await billing.close(SEPTEMBER)).amount)
    for _ in range(2):  # again, as after a crash: one run, and nothing is changed twice
        await correct(
            storage,
            billing.ledger,
            load_book([DEMO_BOOK]),
            CORRECTED.scope,
            documents=MemoryBlobStore(),
        )
    await billing.close(OCTOBER)

    surplus = cost_of_september() * (Decimal(FACTOR) - 1)
    cents = surplus.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    assert cents > 10
    assert abs(await credited(billing, OCTOBER) + cents) <= Decimal("0.01")
    assert too_high > cost_of_september() + cents - Decimal("0.01")
    report = await audit(storage, now=billing.now)
    assert report.problems == ()


def test_only_that_month_has_the_wrong_price(tmp_path: Path) -> None:
    wrong, right = wrong_book(tmp_path), load_book([DEMO_BOOK])
    later = CorrectedMonth(start=CORRECTED.stop, stop=CORRECTED.stop + timedelta(days=31))
    for month, expected in ((CORRECTED, True), (later, False)):
        decoded = [decode(each.body, enqueued_time=month.stop) for each in month.events()]
        events = [each for each in decoded if isinstance(each, UsageEvent)]
        charges = [
            [sum(line.charge for line in rate(each, book, None).charges) for each in events]
            for book in (wrong, right)
        ]
        assert (charges[0] != charges[1]) is expected
