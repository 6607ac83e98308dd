"""One changed byte in the archived book in use: prices are listed, and nothing is rated by it."""

import logging
from pathlib import Path

import httpx
import pytest

from table_api.http_api.app import create_app
from table_api.ledger.book_archive import CONTAINER
from table_api.prices.price_list import PriceList
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.calls import NOW, open_ledger
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier

DISCOUNT = modifier("less", "multiply", 'factor = "0.9"\nlayer = "contracted"\norder = 1')


async def test_a_damaged_book_is_named_and_its_prices_are_listed(
    memory: MemoryTableStorage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    book = compile_text(tmp_path, base_rule(), ALIAS, DISCOUNT)
    await open_ledger(memory)
    await PriceList(memory).publish(book, at=NOW, age_days_max=90)
    books = MemoryBlobStore()
    await books.create_container()
    name, content = f"{book.version}.json", book.to_bytes().replace(b"0.9", b"0.8")
    await books.create(name, content, content_type="application/json")
    app = create_app(memory, MemoryBlobStore(), books=books, now=lambda: NOW)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
        listed = await api.get("/v1/prices")
        [said] = [each for each in caplog.records if each.levelno == logging.ERROR]
        rated = await api.post("/v1/rate", json={"model": "m", "usage": {"prompt_tokens": 1}})
    assert listed.status_code == 200
    assert [price["rule"] for price in listed.json()["data"]] == ["base.m"]
    assert (listed.json()["adjustments"], listed.json()["zones"]) == ([], {})
    assert getattr(said, "action", "") == "book_unreadable"
    assert f"{CONTAINER}/{name} is no price book" in said.getMessage()
    assert (rated.status_code, rated.json()["type"]) == (500, "urn:problem:altered")
    assert rated.json()["detail"].startswith(f"{CONTAINER}/{name} is no price book: ")
