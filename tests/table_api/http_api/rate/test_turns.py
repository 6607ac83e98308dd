"""Many calls in one request hold up nobody else."""

import asyncio
from pathlib import Path

import httpx

from table_api.http_api.app import create_app
from table_api.ledger.book_archive import BookArchive
from table_api.prices.price_list import PriceList
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.calls import NOW, open_ledger
from tests.pricing_rules.books import ALIAS, base_rule, compile_text

CALLS = 100


async def test_others_are_answered_while_many_calls_are_priced(
    memory: MemoryTableStorage, tmp_path: Path
) -> None:
    book, books = compile_text(tmp_path, base_rule(), ALIAS), MemoryBlobStore()
    await open_ledger(memory)
    await PriceList(memory).publish(book, at=NOW, age_days_max=90)
    await BookArchive(books).keep(book)
    app = create_app(memory, MemoryBlobStore(), books=books, now=lambda: NOW)
    calls = [{"model": "m", "usage": {"prompt_tokens": 1}, "region": str(n)} for n in range(CALLS)]
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        alone = asyncio.create_task(others())
        first = await client.post("/v1/rate", json=calls[:1])
        of_one, turns = turns, 0
        many = await client.post("/v1/rate", json=calls)
        alone.cancel()
    assert (first.status_code, many.status_code) == (200, 200)
    assert len(many.json()["data"]) == CALLS
    assert turns >= of_one + CALLS - 1
