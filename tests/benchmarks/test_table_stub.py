"""The stand-in of Table Storage that metering's rate is measured with."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from benchmarks.metering.table_stub import ACCOUNT, Connection, Store
from local_stack.demo.azurite import ACCOUNT_KEY
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.table_storage import Insert
from tests.contracts.table_storage import TableStorageContract

LATENCY_S = 0.02


@asynccontextmanager
async def stub(latency_s: float, rows_per_s: float) -> AsyncIterator[AzureTableStorage]:
    store = Store(rows_per_s)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(store, latency_s), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    text = (
        f"AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};"
        f"TableEndpoint=http://127.0.0.1:{port}/{ACCOUNT}"
    )
    async with AzureTableStorage.from_connection_string(text) as storage:
        yield storage
    server.close()
    await server.wait_closed()


class TestTableStub(TableStorageContract):
    @pytest.fixture
    async def storage(self) -> AsyncIterator[AzureTableStorage]:
        async with stub(0.0, 1e9) as storage:
            yield storage


async def test_it_answers_after_its_latency() -> None:
    async with stub(LATENCY_S, 1e9) as storage:
        await storage.create_table("t")
        started = time.monotonic()
        assert await storage.get("t", "p", "r") is None
        assert time.monotonic() - started >= LATENCY_S


async def test_a_partition_key_takes_so_many_rows_a_second() -> None:
    async with stub(0.0, 200) as storage:
        await storage.create_table("t")
        started = time.monotonic()
        for partition in ("p", "q"):  # each has a pace of its own
            await storage.transact("t", partition, [Insert(f"{n}", {}) for n in range(20)])
        took = time.monotonic() - started
        await storage.transact("t", "q", [Insert("20", {})])
    assert took >= 0.2
