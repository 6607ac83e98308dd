"""Dead letters in Azure: bodies in a blob container, entries in table_api's index."""

from collections.abc import AsyncIterator, Sequence

from consumers.dead_letters.letter_store import Letter
from consumers.errors import LetterGone
from table_api.consumer_state.dead_letters import DeadLetter, DeadLetterIndex
from table_api.storage.blobs import BlobStore, create_once
from table_api.storage.parallel import at_most

UPLOADS_IN_FLIGHT_MAX = 16
CONTENT_TYPE = "application/octet-stream"
"""A body is whatever the event held: often no text at all."""


class BlobDeadLetters:
    """The dead letters of one hub. Closes nothing: its clients belong to the caller."""

    def __init__(self, blobs: BlobStore, index: DeadLetterIndex, hub: str) -> None:
        self._blobs = blobs
        self._index = index
        self._hub = hub

    async def create(self) -> None:
        """Make container and table where they do not exist."""
        await self._blobs.create_container()
        await self._index.create()

    async def add(self, letters: Sequence[Letter]) -> None:
        """See DeadLetters."""
        # 1. The bytes. A crash after it leaves a blob without an entry; the event comes again.
        await at_most(UPLOADS_IN_FLIGHT_MAX, map(self._upload, letters))
        # 2. The entries: from here on the letters are seen, and their bytes are there.
        await self._index.add([letter.entry for letter in letters])

    async def _upload(self, letter: Letter) -> None:
        name = self._name(letter.entry.id)  # it holds the content's hash
        await create_once(self._blobs, name, letter.body, content_type=CONTENT_TYPE)

    def all(self) -> AsyncIterator[DeadLetter]:
        """See DeadLetters."""
        return self._index.all()

    async def get(self, letter_id: str) -> DeadLetter | None:
        """See DeadLetters."""
        return await self._index.get(letter_id)

    async def body(self, letter_id: str) -> bytes:
        """See DeadLetters."""
        body = await self._blobs.read(self._name(letter_id))
        if body is None:
            raise LetterGone(letter_id)
        return body

    async def replace(self, entry: DeadLetter) -> None:
        """See DeadLetters."""
        await self._index.replace(entry)

    def _name(self, letter_id: str) -> str:
        return f"{self._hub}/{letter_id}"
