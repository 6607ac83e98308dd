"""A damaged book of the archive is named by its blob when somebody re-rates with it."""

from types import SimpleNamespace
from typing import cast

import pytest

from consumers.rerating.arguments import BookChoice
from consumers.rerating.verbs import chosen_book
from consumers.running.clients import Clients
from consumers.settings import Settings
from table_api.errors import Altered
from table_api.ledger.book_archive import BookArchive
from table_api.storage.memory_blobs import MemoryBlobStore
from tests.fixtures.calls import book


async def test_a_damaged_book_is_named_by_its_blob() -> None:
    blobs, version = MemoryBlobStore(), book().version
    content = book().to_bytes().replace(b'"gpt-4o"', b'"gpt-4x"')
    await blobs.create(f"{version}.json", content, content_type="application/json")
    clients = cast("Clients", SimpleNamespace(price_books=BookArchive(blobs)))
    with pytest.raises(Altered, match=rf"price-books/{version}\.json is no price book: content"):
        await chosen_book(cast("Settings", None), clients, BookChoice(version=version))
