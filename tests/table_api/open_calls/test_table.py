"""Open calls on both storages."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from local_stack.demo.azurite import AzuritePorts
from table_api.storage.azure_blobs import AzureBlobStore
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.blobs import BlobStore
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import TableStorage
from tests.contracts.open_calls import OpenCallsContract
from tests.fixtures.calls import PrefixedStorage


class TestOpenCallsInMemory(OpenCallsContract):
    @pytest.fixture
    def storage(self) -> TableStorage:
        return MemoryTableStorage()

    @pytest.fixture
    def blobs(self) -> BlobStore:
        return MemoryBlobStore()


class TestOpenCallsOnAzurite(OpenCallsContract):
    @pytest.fixture
    async def storage(self, azurite: AzuritePorts) -> AsyncIterator[TableStorage]:
        storage = AzureTableStorage.from_connection_string(azurite.connection_string)
        yield PrefixedStorage(storage, f"t{uuid4().hex[:12]}")
        await storage.close()

    @pytest.fixture
    async def blobs(self, azurite: AzuritePorts) -> AsyncIterator[BlobStore]:
        store = AzureBlobStore.from_connection_string(azurite.connection_string, f"t{uuid4().hex}")
        await store.create_container()
        yield store
        await store.close()
