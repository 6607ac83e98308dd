"""A history on the twin, then on Azurite."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from table_api.storage.azure_blobs import AzureBlobStore
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.calls import PrefixedStorage, book, open_ledger
from tests.fixtures.reratings import History


@pytest.fixture(params=["memory", "azurite"])
async def history(request: pytest.FixtureRequest) -> AsyncIterator[History]:
    """An empty ledger and its archive, which holds the tests' book."""
    if request.param == "memory":
        made = History.over(MemoryTableStorage())
        await open_ledger(made.storage)
        await made.books.keep(book())
        yield made
        return
    text = request.getfixturevalue("azurite").connection_string
    account = AzureTableStorage.from_connection_string(text)
    async with AzureBlobStore.from_connection_string(text, uuid4().hex) as documents:
        made = History.over(PrefixedStorage(account, f"t{uuid4().hex[:12]}"), documents)
        await open_ledger(made.storage)
        await made.books.keep(book())
        yield made
    await account.close()
