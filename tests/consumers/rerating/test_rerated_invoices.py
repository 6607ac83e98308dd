"""A closed month is re-rated by a real run: its files stay, and the next invoice bills the rest."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from pricing_rules.money import parse_pico
from table_api.audit.ledger_audit import audit
from table_api.invoicing.documents.document import Document, decode_document
from table_api.invoicing.snapshots.manifest import Manifest
from table_api.rerating.run import RunState
from table_api.rerating.scope import Scope
from table_api.storage.azure_blobs import AzureBlobStore
from table_api.storage.azure_tables import AzureTableStorage
from tests.fixtures.billing import BOB, DECEMBER, EVE, NOVEMBER, OCTOBER, Billing, open_billing
from tests.fixtures.calls import PrefixedStorage, book
from tests.fixtures.reratings import History, dearer_book

OCTOBER_CALLS = Scope(from_day=date(2026, 10, 1), to_day=date(2026, 11, 1))
AFTER = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
async def closed(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Billing, History]]:
    """October is closed on Azurite; some of its calls have no price."""
    text = request.getfixturevalue("azurite").connection_string
    name = f"t{uuid4().hex[:12]}"
    account = AzureTableStorage.from_connection_string(text)
    blobs = AzureBlobStore.from_connection_string(text, name)
    async with AzureBlobStore.from_connection_string(text, uuid4().hex) as documents:
        storage = PrefixedStorage(account, name)
        history = History.over(storage, documents)
        billing = await open_billing(storage, blobs)
        await history.books.keep(book())
        await billing.post(40, date(2026, 10, 1))
        await billing.post(20, date(2026, 10, 31), subject=BOB, deployment="gpt-4o")
        await billing.post(10, date(2026, 10, 6), subject=EVE, deployment="lab-model-x")
        await billing.close(OCTOBER)
        yield billing, history
    await blobs.close()
    await account.close()


async def invoices(billing: Billing) -> list[Document]:
    return [
        decode_document(content, name)
        for name, content in (await billing.files()).items()
        if "/invoices/" in name and name.endswith(".json")
    ]


async def check_sums(billing: Billing) -> None:
    """All invoices together are the ledger, and everything verifies."""
    billed = sum(parse_pico(each.totals.amount_unrounded) for each in await invoices(billing))
    assert billed == (await audit(billing.storage, now=AFTER)).charge
    assert await billing.problems() == []


def parts(manifest: Manifest, documents: list[Document]) -> list[tuple[str | None, str, str]]:
    """Cost centre, kind and amount of the invoices of one month."""
    return [
        (each.cost_centre, part.kind, part.amount)
        for each in documents
        if each.month == manifest.month
        for part in each.subtotals
    ]


async def test_a_re_rated_month_is_billed_by_the_next_close_and_its_revert_credited(
    closed: tuple[Billing, History],
) -> None:
    billing, history = closed
    files = await billing.files()
    before = {each.cost_centre: each.totals.amount_unrounded for each in await invoices(billing)}
    await billing.post(10, date(2026, 11, 3), subject=BOB, deployment="gpt-4o")

    run = await history.approved(dearer_book(3, lab=True), OCTOBER_CALLS)
    assert (await history.apply(run)).state is RunState.APPLIED
    november = await billing.close(NOVEMBER)
    documents = await invoices(billing)
    corrected = {
        each.cost_centre: sum(
            parse_pico(line.amount_unrounded) for line in each.lines if line.kind == "correction"
        )
        for each in documents
        if each.month == "2026-11"
    }
    for cost_centre in ("CC-100 Search", "CC-200 Sales"):  # three times the price: twice more
        assert corrected[cost_centre] == 2 * parse_pico(before[cost_centre])
    lab = [each for each in documents if each.month == "2026-11" and each.cost_centre is None]
    assert [(each.concern, each.calls) for each in lab[0].uncharged] == [("unpriced", -10)]
    assert corrected[None] > 0
    lines = [line for each in documents if each.month == "2026-11" for line in each.lines]
    assert {line.charge_day for line in lines if line.kind == "correction"} == {
        "2026-10-01", "2026-10-06", "2026-10-31",
    }  # fmt: skip
    standing = await billing.files()
    assert {name: standing[name] for name in files} == files
    await check_sums(billing)

    await history.revert(run)
    december = await billing.close(DECEMBER)
    after = await billing.files()
    assert {name: after[name] for name in standing} == standing
    back = parts(december, await invoices(billing))
    forth = [part for part in parts(november, await invoices(billing)) if part[1] == "correction"]
    assert back == [(name, kind, f"-{amount}") for name, kind, amount in forth]
    await check_sums(billing)
