"""A book of other currencies than the ledger's rates no call, and what one left behind is mended.

The ledger bills in euros. The company's file, which says so, may be missing on one machine.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from consumers.dead_letters.letter_store import MemoryDeadLetters
from consumers.metering.open_metering import check_currencies, open_metering
from consumers.running.clients import Clients
from consumers.settings import read_settings
from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book, load_book
from table_api.audit.ledger_audit import audit
from table_api.errors import LedgerMismatch
from table_api.ledger.book_archive import BookArchive
from table_api.ledger.chain_changes import TakeOut
from table_api.ledger.keys import CallAddress
from table_api.ledger.ledger import Ledger
from table_api.ledger.post_result import Outcome
from table_api.ledger.posting import MeteredCall
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.rerating.scope import Scope
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.billing import NOVEMBER, Billing
from tests.fixtures.builders import call_id, make_event, make_usage
from tests.fixtures.calls import DEMO_BOOK, NOW, SETTINGS, all_rows, make_call
from tests.fixtures.reratings import History

EURO = """
[book]
billing_currency = "EUR"

[[rule]]
id = "fx.usd-eur"
kind = "fx"
pair = "USD-EUR"
rate = "0.5"
valid_from = 2026-11-01T00:00:00Z
valid_to = 2026-12-01T00:00:00Z
source = { kind = "contract", checked = 2026-11-01 }
"""
IN_EUROS = replace(SETTINGS, billing_currency="EUR")
USAGE = make_usage(input=10_000_000)
"""4.00 USD, which are 2.00 EUR."""
WHOLE_MONTH = Scope(from_day=date(2026, 11, 1), to_day=date(2026, 12, 1))


@pytest.fixture
def euro_book(tmp_path: Path) -> Book:
    company = tmp_path / "company.toml"
    company.write_text(EURO, encoding="utf-8")
    return load_book([DEMO_BOOK, company])


@pytest.fixture
def dollar_book() -> Book:
    return load_book([DEMO_BOOK])


def rated(number: int, book: Book) -> MeteredCall:
    event = make_event(id=call_id(number), subject="ann", usage=USAGE)
    return MeteredCall(priced=rate(event, book), origin=make_call(number).origin)


async def test_metering_does_not_open_with_a_book_of_another_currency(
    euro_book: Book, dollar_book: Book
) -> None:
    storage = MemoryTableStorage()
    clients = cast(
        "Clients",
        SimpleNamespace(
            tables=storage,
            price_books=BookArchive(MemoryBlobStore()),
            dead_letters=MemoryDeadLetters(),
        ),
    )
    account = {
        "EVENTHUB_CONNECTION_STRING": "Endpoint=sb://localhost;SharedAccessKeyName=a;"
        "SharedAccessKey=b;UseDevelopmentEmulator=true",
        "STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
    }
    settings = read_settings({}, account | {"BILLING_CURRENCY": "EUR"})
    await open_metering(clients, settings, euro_book)
    with pytest.raises(LedgerMismatch, match=r"the book prices in USD and bills in USD, .* in EUR"):
        await open_metering(clients, settings, dollar_book)


async def test_replay_and_rerate_compare_a_book_in_the_same_way(dollar_book: Book) -> None:
    ledger = await ProjectedLedger.open(MemoryTableStorage(), IN_EUROS, now=lambda: NOW)
    with pytest.raises(LedgerMismatch, match="the book prices in USD and bills in USD"):
        check_currencies(dollar_book, ledger)


async def test_a_call_of_other_currencies_is_not_posted(euro_book: Book, dollar_book: Book) -> None:
    storage = MemoryTableStorage()
    ledger = await Ledger.open(storage, IN_EUROS, now=lambda: NOW)
    [result] = await ledger.post([rated(1, euro_book)])
    assert result.outcome is Outcome.POSTED
    before = await all_rows(storage)
    with pytest.raises(LedgerMismatch, match=f"of call {call_id(2)} prices in USD and bills in"):
        await ledger.post([rated(3, euro_book), rated(2, dollar_book)])
    assert await all_rows(storage) == before


async def with_a_wrong_call(right: Book, wrong: Book) -> tuple[History, MemoryTableStorage]:
    """What an earlier release left: the cell's first call bills in dollars, its second in euros."""
    storage = MemoryTableStorage()
    ledger = await ProjectedLedger.open(storage, IN_EUROS, now=lambda: NOW)
    blind = ProjectedLedger(storage, replace(ledger.meta, settings=SETTINGS), now=lambda: NOW)
    await blind.post([rated(1, wrong)])
    ledger = ProjectedLedger(storage, ledger.meta, now=lambda: NOW)
    await ledger.post([rated(2, right)])
    return History.over(storage), storage


async def test_the_audit_names_a_call_that_has_no_amount_in_the_billing_currency(
    euro_book: Book, dollar_book: Book
) -> None:
    _, storage = await with_a_wrong_call(euro_book, dollar_book)
    problems = (await audit(storage, now=NOW)).problems
    assert any(call_id(1) in each and "bills in USD" in each for each in problems), problems
    assert not any(call_id(2) in each for each in problems), problems


async def test_a_run_mends_it_and_the_month_closes(euro_book: Book, dollar_book: Book) -> None:
    history, storage = await with_a_wrong_call(euro_book, dollar_book)
    await history.books.keep(euro_book)
    await history.apply(await history.approved(euro_book, WHOLE_MONTH))
    ledger = await ProjectedLedger.open(storage, IN_EUROS, now=lambda: NOW)
    billing = Billing(storage, MemoryBlobStore(), ledger)
    assert (await billing.close(NOVEMBER)).amount == "4.00"
    assert await billing.problems() == []


async def test_a_revert_does_not_bring_other_currencies_back(
    euro_book: Book, dollar_book: Book
) -> None:
    history, storage = await with_a_wrong_call(euro_book, dollar_book)
    await history.books.keep(euro_book)
    run = await history.approved(euro_book, WHOLE_MONTH)
    await history.apply(run)
    reverted = await history.revert(run)
    assert (reverted.restored.done, reverted.restored.left) == (0, 1)
    assert (await audit(storage, now=NOW)).problems == ()


async def test_a_call_of_other_currencies_can_be_taken_out(
    euro_book: Book, dollar_book: Book
) -> None:
    history, storage = await with_a_wrong_call(euro_book, dollar_book)
    ledger = await history.ledger()
    [chain] = [one for one in (await history.chains()).values() if one[0].call_id == call_id(1)]
    address = CallAddress(chain[0].partition, chain[0].entry_key)
    wanted = TakeOut(
        entry_key=address.entry_key, subject="ann", by="ada", reason="twice", place=ledger.place
    )
    results = await ledger.amend({address: wanted})
    assert results[address].outcome is Outcome.CORRECTED
    assert (await audit(storage, now=NOW)).problems == ()


async def test_a_stronger_report_takes_todays_book_where_the_old_one_had_other_currencies(
    euro_book: Book, dollar_book: Book
) -> None:
    history, storage = await with_a_wrong_call(euro_book, dollar_book)
    await history.books.keep(dollar_book)
    ledger = ProjectedLedger(
        storage, (await history.ledger()).meta, now=lambda: NOW, books=history.books
    )
    event = make_event(id=call_id(1), subject="ann", usage=make_usage(input=20_000_000))
    call = MeteredCall(priced=rate(event, euro_book), origin=make_call(9).origin)
    [result] = await ledger.post([call])
    assert result.outcome is Outcome.CORRECTED
    assert (await audit(storage, now=NOW)).problems == ()


async def test_a_cell_that_is_empty_keeps_no_month_open(tmp_path: Path, dollar_book: Book) -> None:
    company = tmp_path / "company.toml"
    company.write_text('[book]\npricing_currency = "EUR"\n', encoding="utf-8")
    wrong = load_book([DEMO_BOOK, company])
    storage = MemoryTableStorage()
    ledger = await ProjectedLedger.open(storage, SETTINGS, now=lambda: NOW)
    euros = replace(SETTINGS, pricing_currency="EUR", billing_currency="EUR")
    in_euros = ProjectedLedger(storage, replace(ledger.meta, settings=euros), now=lambda: NOW)
    await in_euros.post([rated(number, wrong) for number in range(1, 4)])
    history = History.over(storage)
    await history.books.keep(dollar_book)
    await history.apply(await history.approved(dollar_book, WHOLE_MONTH))
    billing = Billing(storage, MemoryBlobStore(), ledger, now=datetime(2026, 12, 3, tzinfo=UTC))
    assert (await billing.close(NOVEMBER)).amount == "12.00"
    assert await billing.problems() == []
