"""Documents and the archive of books, on the twin and on Azurite."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from azure.storage.blob.aio import ContainerClient

from pricing_rules.errors import InvalidBook
from table_api.errors import AlreadyExists, Unavailable
from table_api.ledger.book_archive import BookArchive
from table_api.storage.azure_blobs import AzureBlobStore
from table_api.storage.blobs import Documents, create_once
from table_api.storage.memory_blobs import MemoryBlobStore
from tests.fixtures.calls import book
from tests.fixtures.reratings import dearer_book

JSON = "application/json"


@pytest.fixture(params=["memory", "azurite"])
async def documents(request: pytest.FixtureRequest) -> AsyncIterator[Documents]:
    if request.param == "memory":
        yield MemoryBlobStore()
        return
    text = request.getfixturevalue("azurite").connection_string
    async with AzureBlobStore.from_connection_string(text, uuid4().hex) as blobs:
        yield blobs


async def test_document_is_created_once_and_never_changed(documents: Documents) -> None:
    await documents.create_container()
    await documents.create_container()
    assert await documents.read("a/b") is None
    await documents.create("a/b", b"first", content_type=JSON)
    with pytest.raises(AlreadyExists):
        await documents.create("a/b", b"second", content_type=JSON)
    await create_once(documents, "a/b", b"first", content_type=JSON)
    assert await documents.read("a/b") == b"first"


async def test_book_comes_back_by_its_version_in_another_process(documents: Documents) -> None:
    await BookArchive(documents).keep(book())
    await BookArchive(documents).keep(book())
    archive = BookArchive(documents)
    found = await archive.get(book().version)
    assert found is not None
    assert (found.version, found.content) == (book().version, book().content)
    assert await archive.get(dearer_book(2).version) is None


async def test_a_damaged_book_is_refused() -> None:
    documents = MemoryBlobStore()
    await documents.create(f"{book().version}.json", b"{}", content_type=JSON)
    with pytest.raises(InvalidBook):
        await BookArchive(documents).get(book().version)


async def test_no_answer_is_unavailable() -> None:
    container = ContainerClient(
        "http://127.0.0.1:9/nobody", "c", retry_total=0, connection_timeout=1
    )
    async with container:
        documents = AzureBlobStore(container)
        with pytest.raises(Unavailable):
            await documents.create_container()
        with pytest.raises(Unavailable):
            await documents.create("a", b"", content_type=JSON)
        with pytest.raises(Unavailable):
            await documents.read("a")
