"""Named bytes that are created once and never changed: what history needs of a BlobStore."""

from typing import Protocol

from table_api.errors import AlreadyExists


class Documents(Protocol):
    """One container. Every method may raise Unavailable; nothing changes a document."""

    async def create_container(self) -> None:
        """Create the container when it does not stand."""

    async def create(self, name: str, content: bytes, *, content_type: str) -> None:
        """Write a document whole or not at all. AlreadyExists when one of this name stands."""

    async def read(self, name: str) -> bytes | None:
        """The content, or None."""


async def keep(documents: Documents, name: str, content: bytes, *, content_type: str) -> None:
    """Create a document whose name says its content: one that stands is this very one."""
    try:
        await documents.create(name, content, content_type=content_type)
    except AlreadyExists:
        return
