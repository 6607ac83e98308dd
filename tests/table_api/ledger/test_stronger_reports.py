"""A stronger report keeps the price of the call's chain: its book, and its cost centre."""

import logging
from pathlib import Path

import msgspec
import pytest

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.types import Rank
from table_api.ledger.book_archive import BookArchive
from table_api.ledger.post_result import Outcome
from table_api.ledger.posting import MeteredCall, Origin
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.contracts.ledger import entries_and_cells
from tests.fixtures.builders import ENQUEUED_TIME, make_event, make_usage
from tests.fixtures.calls import DEMO_BOOK, NOW, SETTINGS, book, make_call

MARK_UP = """
[[rule]]
id = "company.{centre}"
kind = "multiply"
layer = "charge"
factor = "{factor}"
valid_from = 2020-01-01T00:00:00Z
match = {{ cost_centre = ["{centre}"] }}
"""
A_FIFTH_OF_A_DOLLAR = 200_000_000_000


def company_book(folder: Path, **factors: str) -> Book:
    rules = [MARK_UP.format(centre=centre, factor=factor) for centre, factor in factors.items()]
    path = folder / f"{len(factors)}.toml"
    path.write_text("".join(rules), encoding="utf-8")
    return load_book([DEMO_BOOK, path])


def call(sequence_number: int, rank: Rank, by: Book, centre: str) -> MeteredCall:
    event = make_event(usage=make_usage(input=1_000_000), rank=rank)
    origin = Origin(
        hub="h", partition="0", sequence_number=sequence_number, enqueued_time=ENQUEUED_TIME
    )
    return MeteredCall(priced=rate(event, by, centre), origin=origin, cost_centre=centre)


@pytest.mark.parametrize("released", [False, True], ids=["same book", "a newer book"])
async def test_people_that_change_meanwhile_change_no_price(tmp_path: Path, released: bool) -> None:
    first = company_book(tmp_path, A="0.5", B="3")
    second = company_book(tmp_path, A="0.5", B="3", C="7") if released else first
    storage, books = MemoryTableStorage(), BookArchive(MemoryBlobStore())
    for each in (first, second):
        await books.keep(each)
    for number, (rank, by, centre) in enumerate(
        [(Rank.GATEWAY_LOG, first, "A"), (Rank.MODEL_USAGE, second, "B")]
    ):
        ledger = await ProjectedLedger.open(storage, SETTINGS, now=lambda: NOW, books=books)
        await ledger.post([call(number, rank, by, centre)])
    entries, _ = await entries_and_cells(storage)
    charges = [(entry.text("cost_centre"), entry.measures["charge"]) for entry in entries]
    assert charges == [("A", A_FIFTH_OF_A_DOLLAR), ("A", A_FIFTH_OF_A_DOLLAR)]


async def test_a_book_that_cannot_be_read_stops_no_call(caplog: pytest.LogCaptureFixture) -> None:
    storage, blobs = MemoryTableStorage(), MemoryBlobStore()
    first, second = book(), load_book([DEMO_BOOK])
    damaged = f"{'0' * 64}.json"
    ledger = await ProjectedLedger.open(storage, SETTINGS, now=lambda: NOW)
    logged = call(1, Rank.GATEWAY_LOG, first, "A")
    priced = msgspec.structs.replace(logged.priced, book_version="0" * 64)
    await ledger.post([msgspec.structs.replace(logged, priced=priced)])
    await blobs.create(damaged, b'{"content": {}', content_type="application/json")
    again = await ProjectedLedger.open(storage, SETTINGS, now=lambda: NOW, books=BookArchive(blobs))
    with caplog.at_level(logging.ERROR):
        await again.post([call(2, Rank.MODEL_USAGE, second, "A")])
    entries, _ = await entries_and_cells(storage)
    assert [entry.text("book_version") for entry in entries] == ["0" * 64, second.version]
    assert "is rated with today's book" in caplog.text


async def test_an_id_that_begins_another_is_found_among_its_corrections() -> None:
    """Ids of one subject and instant, one the beginning of the others, the first one corrected."""
    storage = MemoryTableStorage()
    ledger = await ProjectedLedger.open(storage, SETTINGS, now=lambda: NOW)
    logged = make_call(1, id="call-1", rank=Rank.GATEWAY_LOG, usage=make_usage(input=1))
    await ledger.post([logged])
    await ledger.post([make_call(2, id="call-1")])
    other = await ProjectedLedger.open(storage, SETTINGS, now=lambda: NOW)
    batch = [make_call(2, id="call-1"), make_call(3, id="call-10"), make_call(4, id="call-11")]
    results = await other.post(batch)
    outcomes = [result.outcome for result in results]
    assert outcomes == [Outcome.DUPLICATE, Outcome.POSTED, Outcome.POSTED]
