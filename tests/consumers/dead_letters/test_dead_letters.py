"""The dead letters' contract on both of their homes."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from consumers.dead_letters.blob_letters import BlobDeadLetters
from consumers.dead_letters.letter_store import DeadLetters, MemoryDeadLetters
from local_stack.demo.azurite import AzuritePorts
from table_api.consumer_state.dead_letters import DeadLetterIndex
from table_api.storage.azure_blobs import AzureBlobStore
from table_api.storage.azure_tables import AzureTableStorage
from tests.contracts.dead_letters import HUB, DeadLettersContract


class TestMemory(DeadLettersContract):
    @pytest.fixture
    def letters(self) -> DeadLetters:
        return MemoryDeadLetters()


class TestAzurite(DeadLettersContract):
    @pytest.fixture
    async def letters(self, account: AzuritePorts) -> AsyncIterator[DeadLetters]:
        text = account.connection_string
        storage = AzureTableStorage.from_connection_string(text)
        async with AzureBlobStore.from_connection_string(text, uuid4().hex) as blobs:
            letters = BlobDeadLetters(blobs, DeadLetterIndex(storage, HUB), HUB)
            await letters.create()
            yield letters
        await storage.close()
