"""The seam to Blob Storage: named bytes that are created once and never changed."""

from collections.abc import AsyncIterator
from typing import Protocol

from table_api.errors import AlreadyExists

LEASE_S = 60
"""A lease of a crashed process ends after so many seconds."""
LEASE_RENEWAL_S = 20


class BlobStore(Protocol):
    """One container. Any method may raise Unavailable; there is no method to change a blob."""

    async def create_container(self) -> None:
        """Create the container when it does not stand."""

    async def create(self, name: str, content: bytes, *, content_type: str) -> None:
        """Write a blob whole or not at all. AlreadyExists when one of this name stands.

        After a lost answer the SDK asks again and may find its own blob: read what stands.
        """

    async def read(self, name: str) -> bytes | None:
        """The content, or None."""

    def names(self, prefix: str) -> AsyncIterator[str]:
        """Names that start with `prefix`, in order."""

    async def sizes(self) -> dict[str, int]:
        """Bytes of every blob by its name, in the order of names."""

    def folders(self) -> AsyncIterator[str]:
        """What stands before the first `/` of the names, each once, in order."""

    async def acquire_lease(self, name: str) -> str | None:
        """A lease of LEASE_S on the empty blob `name`, made when absent; None when it is taken."""

    async def renew_lease(self, name: str, lease: str) -> None:
        """Hold it for LEASE_S more. LeaseLost when it ended before."""

    async def release_lease(self, name: str, lease: str) -> None:
        """Give it back; harmless when it ended already."""

    async def close(self) -> None:
        """Release connections."""


class Documents(Protocol):
    """One container. Every method may raise Unavailable; nothing changes a document."""

    async def create_container(self) -> None:
        """Create the container when it does not stand."""

    async def create(self, name: str, content: bytes, *, content_type: str) -> None:
        """Write a document whole or not at all. AlreadyExists when one of this name stands."""

    async def read(self, name: str) -> bytes | None:
        """The content, or None."""


async def create_once(
    documents: Documents, name: str, content: bytes, *, content_type: str
) -> None:
    """Create a document whose name says its content: one that stands is this very one."""
    try:
        await documents.create(name, content, content_type=content_type)
    except AlreadyExists:
        return
