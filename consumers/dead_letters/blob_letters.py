"""Dead letters in Azure: bodies in a blob container, entries in table_api's index."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import ContainerClient

from consumers.dead_letters.letters import Letter
from consumers.errors import LetterGone
from consumers.receiving.checkpoints import create_container
from table_api.consumer_state.dead_letters import DeadLetter, DeadLetterIndex
from table_api.errors import Unavailable

UPLOADS_IN_FLIGHT_MAX = 16


class BlobDeadLetters:
    """The dead letters of one hub. Closes nothing: its clients belong to the caller."""

    def __init__(self, container: ContainerClient, index: DeadLetterIndex, hub: str) -> None:
        self._container = container
        self._index = index
        self._hub = hub

    async def create(self) -> None:
        """Make container and table when they do not stand."""
        await create_container(self._container)
        await self._index.create()

    async def add(self, letters: Sequence[Letter]) -> None:
        """See DeadLetters."""
        uploads = asyncio.Semaphore(UPLOADS_IN_FLIGHT_MAX)

        async def upload(letter: Letter) -> None:
            async with uploads:
                await self._upload(letter)

        # 1. The bytes. A crash after it leaves a blob without an entry; the event comes again.
        await asyncio.gather(*(upload(letter) for letter in letters))
        # 2. The entries: from here on the letters are seen, and their bytes are there.
        await self._index.add([letter.entry for letter in letters])

    async def _upload(self, letter: Letter) -> None:
        try:
            await self._container.upload_blob(self._name(letter.entry.id), letter.body)
        except ResourceExistsError:
            pass  # the name holds the content's hash: it is this very body
        except AzureError as error:
            raise Unavailable(f"blob of dead letter {letter.entry.id}: {error}") from error

    def all(self) -> AsyncIterator[DeadLetter]:
        """See DeadLetters."""
        return self._index.all()

    async def get(self, letter_id: str) -> DeadLetter | None:
        """See DeadLetters."""
        return await self._index.get(letter_id)

    async def body(self, letter_id: str) -> bytes:
        """See DeadLetters."""
        try:
            download = await self._container.download_blob(self._name(letter_id))
            return await download.readall()
        except ResourceNotFoundError as error:
            raise LetterGone(letter_id) from error
        except AzureError as error:
            raise Unavailable(f"blob of dead letter {letter_id}: {error}") from error

    async def replace(self, entry: DeadLetter) -> None:
        """See DeadLetters."""
        await self._index.replace(entry)

    def _name(self, letter_id: str) -> str:
        return f"{self._hub}/{letter_id}"
