"""A ledger with invoices on the twins in memory and on Azurite."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from table_api.storage.azure_blobs import AzureBlobStore
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.billing import Billing, open_billing
from tests.fixtures.calls import PrefixedStorage


@pytest.fixture(params=["memory", "azurite"])
async def either_billing(request: pytest.FixtureRequest) -> AsyncIterator[Billing]:
    """In memory, then on Azurite."""
    if request.param == "memory":
        yield await open_billing(MemoryTableStorage(), MemoryBlobStore())
        return
    text = request.getfixturevalue("azurite").connection_string
    name = f"t{uuid4().hex}"
    account = AzureTableStorage.from_connection_string(text)
    blobs = AzureBlobStore.from_connection_string(text, name)
    yield await open_billing(PrefixedStorage(account, name), blobs)
    await blobs.close()
    await account.close()
