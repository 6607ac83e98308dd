"""Storages, HTTP clients and a ledger with invoices, for the tests of reads and of the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from table_api.http_api.app import create_app
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import TableStorage
from tests.fixtures.billing import Billing, open_billing
from tests.fixtures.calls import NOW

ApiClient = httpx.AsyncClient


@asynccontextmanager
async def api_over(storage: TableStorage) -> AsyncIterator[ApiClient]:
    """A client of the API over a storage, in this process, at NOW."""
    transport = httpx.ASGITransport(create_app(storage, MemoryBlobStore(), now=lambda: NOW))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.fixture
def memory() -> MemoryTableStorage:
    """An empty storage."""
    return MemoryTableStorage()


@pytest.fixture
async def billing() -> Billing:
    """A ledger with invoices, in memory."""
    return await open_billing(MemoryTableStorage(), MemoryBlobStore())


@pytest.fixture
async def api(memory: MemoryTableStorage) -> AsyncIterator[ApiClient]:
    """A client of the API over `memory`."""
    async with api_over(memory) as client:
        yield client
