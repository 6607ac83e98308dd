"""The contract of a blob store on the twin in memory and on Azurite."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from local_stack.demo.azurite import AzuritePorts
from table_api.errors import SettingsError, Unavailable
from table_api.storage.azure_blobs import AzureBlobStore
from table_api.storage.blobs import BlobStore
from table_api.storage.memory_blobs import MemoryBlobStore
from tests.contracts.blob_store import BlobStoreContract


class TestMemoryBlobStore(BlobStoreContract):
    @pytest.fixture
    def blobs(self) -> BlobStore:
        return MemoryBlobStore()


class TestAzureBlobStore(BlobStoreContract):
    @pytest.fixture
    async def blobs(self, azurite: AzuritePorts) -> AsyncIterator[BlobStore]:
        store = AzureBlobStore.from_connection_string(azurite.connection_string, f"t{uuid4().hex}")
        await store.create_container()
        yield store
        await store.close()


async def test_an_absent_container_reads_as_an_empty_one(azurite: AzuritePorts) -> None:
    store = AzureBlobStore.from_connection_string(azurite.connection_string, f"t{uuid4().hex}")
    assert [name async for name in store.names("")] == []
    assert [folder async for folder in store.folders()] == []
    assert await store.sizes() == {}
    assert await store.read("a") is None
    await store.close()


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    text = "AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:9/a"
    store = AzureBlobStore.from_connection_string(text, "invoices")
    with pytest.raises(Unavailable, match="could not read"):
        await store.read("202611/manifest.json")
    await store.close()


async def test_a_404_of_anybody_else_is_not_read_as_an_absent_blob() -> None:
    """Else a proxy could say that no month was ever closed."""
    async with TestServer(web.Application()) as server:  # it has nothing at all
        text = f"AccountName=a;AccountKey=YQ==;BlobEndpoint={server.make_url('/a')}"
        store = AzureBlobStore.from_connection_string(text, "invoices")
        with pytest.raises(Unavailable, match="could not read"):
            await store.read("202611/manifest.json")
        with pytest.raises(Unavailable, match="could not list"):
            [name async for name in store.names("")]
        with pytest.raises(Unavailable, match="could not list"):
            await store.sizes()
        with pytest.raises(Unavailable, match="could not list"):
            [name async for name in store.folders()]
        await store.close()


def test_a_connection_string_without_an_account_is_a_settings_error() -> None:
    with pytest.raises(SettingsError, match="STORAGE_CONNECTION_STRING cannot be used for blobs"):
        AzureBlobStore.from_connection_string("nonsense", "invoices")
