"""Closing a month: when it is allowed, what it writes, and that it can be cut short anywhere."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from pricing_rules.types import Rank
from table_api.errors import Altered, Unavailable
from table_api.invoicing.documents.document import decode_document
from table_api.invoicing.errors import CloseRefused
from table_api.invoicing.settings import InvoicingSettings
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.manifest import Manifest
from table_api.invoicing.snapshots.snapshot import sha256
from table_api.ledger.keys import CELL_ROWS
from table_api.ledger.meta import LedgerSettings
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Upsert
from tests.fixtures.billing import (
    BOB,
    DECEMBER,
    EVE,
    NOVEMBER,
    OCTOBER,
    SEPTEMBER,
    Billing,
    open_billing,
)
from tests.fixtures.builders import call_id, make_usage
from tests.fixtures.calls import NOW, SETTINGS, make_call
from tests.table_api.audit.test_ledger_audit import KEYS, half_moved, rows_of


async def seed(billing: Billing) -> None:
    await billing.post(30, date(2026, 10, 1))
    await billing.post(20, date(2026, 10, 31), subject=BOB, deployment="gpt-4o")
    await billing.post(2, date(2026, 10, 6), subject=EVE, deployment="lab-model-x")
    await billing.post(1, date(2026, 10, 6), subject=EVE, usage=None)


async def test_a_closed_month_is_invoices_statements_and_a_manifest_and_verifies(
    either_billing: Billing,
) -> None:
    billing = either_billing
    await seed(billing)
    manifest = await billing.close(OCTOBER)
    assert [(e.number, e.cost_centre, e.amount) for e in manifest.invoices] == [
        ("INV-000001", "CC-100 Search", "0.04"),
        ("INV-000002", "CC-200 Sales", "0.16"),
        ("INV-000003", None, "0.00"),
    ]
    assert (manifest.amount, manifest.amount_unrounded) == ("0.20", "0.198056")
    assert [entry.subject for entry in manifest.statements] == ["ann", "bob", "eve"]
    assert await billing.problems() == []


async def test_closing_again_gives_the_same_manifest_and_changes_no_byte(
    either_billing: Billing,
) -> None:
    billing = either_billing
    await seed(billing)
    first = await billing.close(OCTOBER)
    files = await billing.files()
    await billing.post(5, date(2026, 10, 2))
    billing.settings = InvoicingSettings(issuer="Somebody else", prefix="X", look_back_months=1)
    assert await billing.close(OCTOBER) == first
    assert await billing.files() == files


async def test_numbers_go_on_without_a_gap_over_months_without_calls(billing: Billing) -> None:
    await seed(billing)
    await billing.close(OCTOBER)
    assert (await billing.close(NOVEMBER)).invoices == ()
    await billing.post(1, date(2026, 12, 24), subject=BOB)
    december = await billing.close(DECEMBER)
    assert [entry.number for entry in december.invoices] == ["INV-000004"]
    assert await billing.problems() == []


async def test_calls_without_price_or_usage_are_shown_with_an_estimate_and_in_no_total(
    billing: Billing,
) -> None:
    await seed(billing)
    await billing.close(OCTOBER)
    content = (await billing.files())["202610/invoices/INV-000003.json"]
    document = decode_document(content, "it")
    assert (document.totals.amount, document.lines) == ("0.00", ())
    shown = [(entry.concern, entry.calls, entry.estimate) for entry in document.uncharged]
    assert shown == [("no_usage", 1, "0.0011952"), ("unpriced", 2, shown[1][2])]
    assert document.uncharged[1].quantities == {"cache_read": 2048, "input": 2048, "output": 854}
    assert document.uncharged[1].estimate is not None


async def test_a_pending_call_is_listed_blocks_no_close_and_is_billed_as_a_correction(
    billing: Billing,
) -> None:
    await billing.post(30, date(2026, 10, 1))
    call: dict[str, Any] = {"subject": BOB, "id": call_id(700), "background": True}
    call["time"] = datetime(2026, 10, 6, 12, tzinfo=UTC)
    await billing.ledger.post([make_call(100, **call, usage=None, rank=Rank.PENDING)])
    await billing.close(OCTOBER)
    document = decode_document((await billing.files())["202610/invoices/INV-000002.json"], "it")
    [entry] = document.uncharged
    assert (entry.concern, entry.calls, entry.estimate) == ("pending", 1, "0.0011952")
    assert document.totals.amount == "0.00"
    usage = make_usage(input=1_000_000)
    await billing.ledger.post([make_call(101, **call, usage=usage)])
    await billing.close(NOVEMBER)
    document = decode_document((await billing.files())["202611/invoices/INV-000003.json"], "it")
    assert {line.kind for line in document.lines} == {"correction"}
    assert document.totals.amount == "0.40"
    assert [(each.concern, each.calls) for each in document.uncharged] == [("pending", -1)]
    assert await billing.problems() == []


async def test_unattributed_calls_are_named_where_they_are_charged(billing: Billing) -> None:
    await billing.post(9, date(2026, 10, 6), subject="unattributed")
    await billing.close(OCTOBER)
    document = decode_document((await billing.files())["202610/invoices/INV-000001.json"], "it")
    [entry] = document.uncharged
    assert (entry.concern, entry.calls, document.totals.amount) == ("unattributed", 9, "0.01")


@pytest.mark.parametrize(
    ("now", "month", "words"),
    [
        (datetime(2026, 10, 31, 22, 59, tzinfo=UTC), OCTOBER, "is not over: in Europe/Berlin"),
        (datetime(2026, 11, 2, tzinfo=UTC), NOVEMBER, "the running month is 2026-11"),
        (datetime(2026, 11, 2, tzinfo=UTC), BillingMonth(2030, 1), "is not over"),
        (datetime(2027, 1, 2, tzinfo=UTC), DECEMBER, "comes after 2026-10, which is not closed"),
    ],
)
async def test_a_month_out_of_turn_is_refused_and_nothing_is_written(
    billing: Billing, now: datetime, month: BillingMonth, words: str
) -> None:
    await seed(billing)
    billing.now = now
    with pytest.raises(CloseRefused, match=words):
        await (await billing.job()).close(month)
    assert await billing.files() == {}


async def test_a_month_is_over_at_midnight_of_the_billing_zone_on_any_clock(
    billing: Billing,
) -> None:
    await seed(billing)
    tokyo = datetime.fromisoformat("2026-11-01T08:00:00+09:00")  # midnight in Berlin
    billing.now = tokyo
    manifest = await (await billing.job()).close(OCTOBER)
    assert manifest.issued_at == "2026-10-31T23:00:00Z"


async def test_a_month_before_the_first_closed_one_is_refused(billing: Billing) -> None:
    await seed(billing)
    await billing.close(OCTOBER)
    with pytest.raises(CloseRefused, match="billed as corrections"):
        await billing.close(SEPTEMBER)


async def test_a_red_audit_refuses_the_close_unless_a_reason_is_given_which_is_kept(
    billing: Billing,
) -> None:
    await seed(billing)
    storage = billing.storage
    assert isinstance(storage, MemoryTableStorage)
    row = (await rows_of(storage, CELL_ROWS))[0]
    columns = {name: value for name, value in row.items() if name not in KEYS}
    change = Upsert(str(row["RowKey"]), columns | {"calls": 77})
    await storage.transact("ledger", str(row["PartitionKey"]), [change])
    with pytest.raises(CloseRefused, match="states calls = 77"):
        await billing.close(OCTOBER)
    with pytest.raises(CloseRefused, match="needs a reason"):
        await billing.close(OCTOBER, forced="  ")
    assert await billing.files() == {}
    await billing.close(OCTOBER, forced="the auditor knows")
    found = await (await billing.job()).archive.standing_snapshot(OCTOBER)
    assert found[0].checks.forced == "the auditor knows"
    assert "calls = 77" in found[0].checks.audit_problems[0]
    assert any("states calls = 77" in problem for problem in await billing.problems())


async def test_open_calls_above_the_limit_refuse_the_close(billing: Billing) -> None:
    await seed(billing)
    billing.settings = InvoicingSettings(open_calls_max=10)
    billing.open_calls = 11
    with pytest.raises(CloseRefused, match="11 calls wait for their usage, more than 10"):
        await billing.close(OCTOBER)
    billing.open_calls = 10
    await billing.close(OCTOBER, forced="not needed")
    found = await (await billing.job()).archive.standing_snapshot(OCTOBER)
    assert (found[0].checks.open_calls, found[0].checks.forced) == (10, None)


async def test_hubs_that_were_not_read_refuse_the_close_and_a_forced_one_keeps_which(
    billing: Billing,
) -> None:
    await seed(billing)
    billing.unread = ["group pairing of llm-usage: partition 3 is read up to 2026-10-15 12:00 UTC"]
    with pytest.raises(CloseRefused, match="partition 3 is read up to 2026-10-15 12:00 UTC"):
        await billing.close(OCTOBER)
    assert await billing.files() == {}
    previewed = await (await billing.job()).preview(OCTOBER)
    assert previewed.snapshot.checks.unread == tuple(billing.unread)
    await billing.close(OCTOBER, forced="the hub is gone for good")
    found = await (await billing.job()).archive.standing_snapshot(OCTOBER)
    assert found[0].checks.unread == tuple(billing.unread)
    assert found[0].checks.forced == "the hub is gone for good"


async def test_a_call_that_counts_in_two_places_for_a_moment_refuses_the_close(
    billing: Billing,
) -> None:
    await seed(billing)
    assert isinstance(billing.storage, MemoryTableStorage)
    billing.now = NOW
    await half_moved(billing.storage, 900)
    with pytest.raises(CloseRefused, match="1 calls are on their way to another address"):
        await billing.close(OCTOBER)
    await billing.close(OCTOBER, forced="the call is of November")
    found = await (await billing.job()).archive.snapshot(OCTOBER)
    assert found is not None
    assert "on their way" in found[0].checks.audit_problems[0]


async def test_a_cell_in_another_currency_refuses_the_close(billing: Billing) -> None:
    await seed(billing)
    storage = billing.storage
    assert isinstance(storage, MemoryTableStorage)
    row = (await rows_of(storage, CELL_ROWS))[0]
    columns = {name: value for name, value in row.items() if name not in KEYS}
    change = Upsert(str(row["RowKey"]), columns | {"currency": "GBP"})
    await storage.transact("ledger", str(row["PartitionKey"]), [change])
    with pytest.raises(CloseRefused, match="is in GBP and GBP, meta says USD and USD"):
        await billing.close(OCTOBER)
    with pytest.raises(CloseRefused, match="is in GBP, the ledger's prices are in USD"):
        await billing.close(OCTOBER, forced="it is due")
    assert await billing.files() == {}


async def test_calls_rated_without_an_exchange_rate_refuse_the_close() -> None:
    """A ledger that bills in yen, and a book that knows dollars only."""
    storage, blobs = MemoryTableStorage(), MemoryBlobStore()
    settings = LedgerSettings(
        zone="Europe/Berlin", pricing_currency="USD", billing_currency="JPY", shards=4
    )
    ledger = await ProjectedLedger.open(storage, settings, now=lambda: NOW)
    blind = ProjectedLedger(storage, replace(ledger.meta, settings=SETTINGS), now=lambda: NOW)
    billing = Billing(storage, blobs, blind)
    await billing.post(3, date(2026, 10, 1))
    with pytest.raises(
        CloseRefused, match="bills in JPY: its calls were rated without an exchange"
    ):
        await billing.close(OCTOBER, forced="it is due")
    assert await billing.files() == {}


async def test_due_are_all_months_that_are_over_oldest_first(billing: Billing) -> None:
    await seed(billing)
    await billing.post(1, date(2026, 9, 3))
    billing.now = datetime(2026, 12, 1, 6, tzinfo=UTC)
    job = await billing.job()
    assert await job.due() == [SEPTEMBER, OCTOBER, NOVEMBER]
    assert [manifest.month for manifest in await job.close_due()] == [
        "2026-09", "2026-10", "2026-11",
    ]  # fmt: skip
    assert await job.due() == []
    assert await billing.problems() == []


async def test_nothing_is_due_in_an_empty_ledger(billing: Billing) -> None:
    assert await (await billing.job()).due() == []


async def test_a_preview_writes_nothing_and_is_what_the_close_makes(billing: Billing) -> None:
    await seed(billing)
    billing.now = NOW
    documents = await (await billing.job()).preview(OCTOBER)
    assert await billing.files() == {}
    manifest = await (await billing.job()).close(OCTOBER)
    assert documents.manifest(manifest.files) == manifest
    running = await (await billing.job()).preview(NOVEMBER)
    assert running.invoices == []
    with pytest.raises(CloseRefused, match="has not begun"):
        await (await billing.job()).preview(DECEMBER)


class FaultyBlobs(MemoryBlobStore):
    """Fails at the n-th creation, before or after it is done; counts them all."""

    def __init__(self, fail_at: int | None, *, after: bool) -> None:
        super().__init__()
        self.creations = 0
        self._fail_at = fail_at
        self._after = after

    async def create(self, name: str, content: bytes, *, content_type: str) -> None:
        self.creations += 1
        failing = self.creations == self._fail_at
        if failing and not self._after:
            raise Unavailable("killed before the write")
        await super().create(name, content, content_type=content_type)
        if failing:
            raise Unavailable("killed after the write")


async def closed_once() -> tuple[dict[str, bytes], int]:
    blobs = FaultyBlobs(None, after=False)
    billing = await open_billing(MemoryTableStorage(), blobs)
    await seed(billing)
    await billing.close(OCTOBER)
    return await billing.files(), blobs.creations


@pytest.mark.parametrize("after", [False, True])
async def test_a_close_killed_at_any_step_ends_in_the_same_bytes_when_it_is_run_again(
    after: bool,
) -> None:
    expected, steps = await closed_once()
    for step in range(1, steps + 1):
        billing = await open_billing(MemoryTableStorage(), FaultyBlobs(step, after=after))
        await seed(billing)
        with pytest.raises(Unavailable):
            await billing.close(OCTOBER)
        if "202610/snapshot.json" in await billing.files():  # then nothing moves it any more
            await billing.post(3, date(2026, 10, 2))
            billing.now = datetime(2026, 11, 9, tzinfo=UTC)
        if step < steps:
            assert "202610/manifest.json" not in await billing.files()
        await billing.close(OCTOBER)
        assert await billing.files() == expected


async def test_two_closes_at_once_write_one_set_of_documents(billing: Billing) -> None:
    await seed(billing)
    one, other = await billing.job(), await billing.job()
    taken: list[Manifest] = [await one.close(OCTOBER), await other.close(OCTOBER)]
    assert taken[0] == taken[1]


@pytest.mark.parametrize("keeping_the_hash", [False, True])
async def test_a_snapshot_that_was_altered_is_corrected_by_no_later_close(
    billing: Billing, keeping_the_hash: bool
) -> None:
    """Nor when its manifest was made to fit: the next month names the hash that it follows."""
    await seed(billing)
    await billing.close(OCTOBER)
    await billing.close(NOVEMBER)
    assert isinstance(billing.blobs, MemoryBlobStore)
    blobs = billing.blobs.blobs
    name, manifest = "202610/snapshot.json", "202610/manifest.json"
    digest = sha256(blobs[name]).encode()
    blobs[name] = blobs[name].replace(b'"charge":"', b'"charge":"9', 1)
    if keeping_the_hash:
        blobs[manifest] = blobs[manifest].replace(digest, sha256(blobs[name]).encode())
    before = dict(blobs)
    with pytest.raises(Altered, match=r"202610/snapshot\.json"):
        await billing.close(DECEMBER)
    assert blobs == before


async def test_a_document_that_was_altered_stops_a_close_that_is_run_again(
    billing: Billing,
) -> None:
    await seed(billing)
    await billing.close(OCTOBER)
    assert isinstance(billing.blobs, MemoryBlobStore)
    name = "202610/invoices/INV-000002.json"
    billing.blobs.blobs[name] = billing.blobs.blobs[name].replace(b'"0.16"', b'"0.17"')
    with pytest.raises(Altered, match=r"INV-000002\.json stands and is not what"):
        await billing.close(OCTOBER)


async def test_no_close_begins_before_the_first_call(billing: Billing) -> None:
    await billing.post(1, date(2026, 10, 6))
    for month in (BillingMonth(2025, 10), SEPTEMBER):
        with pytest.raises(CloseRefused, match=f"month {month} lies before 2026-10, which is the"):
            await billing.close(month)
    assert await billing.files() == {}
    await billing.close(OCTOBER)
    assert await billing.problems() == []


async def test_of_a_ledger_without_calls_only_the_last_month_can_be_closed(
    billing: Billing,
) -> None:
    with pytest.raises(CloseRefused, match="month 1999-01 lies before 2026-10"):
        await billing.close(BillingMonth(1999, 1))
    assert (await billing.close(OCTOBER)).invoices == ()
