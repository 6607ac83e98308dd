"""Every price book that the ledger was written with, compiled, by its version.

Kept when a consumer starts and when a run is staged, so that a call can be rated with the book its
chain stands on, long after the rule files have changed.
"""

from pricing_rules.errors import InvalidBook
from pricing_rules.price_book.book import Book, load_compiled
from table_api.errors import Altered
from table_api.storage.blobs import Documents, create_once

CONTAINER = "price-books"
BOOKS_CACHED_MAX = 8
"""Compiled books in memory: a few MB each."""


class BookArchive:
    """The archived books of one ledger. Methods may raise Unavailable."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._cached: dict[str, Book] = {}

    async def keep(self, book: Book) -> None:
        """Archive a book; one that is there already stays."""
        await self._documents.create_container()
        await create_once(
            self._documents, _name(book.version), book.to_bytes(), content_type="application/json"
        )
        self._remember(book)

    async def get(self, version: str) -> Book | None:
        """The book of a version, None where it was never archived. InvalidBook when damaged."""
        if version not in self._cached:
            content = await self._documents.read(_name(version))
            if content is None:
                return None
            self._remember(load_compiled(content))
        return self._cached[version]

    async def intact(self, version: str) -> Book | None:
        """The same for who reads alone. Altered, which names the blob, when damaged."""
        try:
            return await self.get(version)
        except InvalidBook as error:
            raise Altered(f"{CONTAINER}/{_name(version)} is no price book: {error}") from error

    def _remember(self, book: Book) -> None:
        while len(self._cached) >= BOOKS_CACHED_MAX:
            del self._cached[next(iter(self._cached))]
        self._cached[book.version] = book


def _name(version: str) -> str:
    return f"{version}.json"
