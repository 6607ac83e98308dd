"""Blobs in memory: the twin of AzureBlobStore. One event loop; nothing survives the process."""

from collections.abc import AsyncIterator
from uuid import uuid4

from table_api.errors import AlreadyExists, LeaseLost


class MemoryBlobStore:
    """See BlobStore. Leases last until they are released."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self._leases: dict[str, str] = {}

    async def create_container(self) -> None:
        """See BlobStore."""

    async def create(self, name: str, content: bytes, *, content_type: str) -> None:
        """See BlobStore."""
        del content_type  # kept by the service for browsers that read the container directly
        if name in self.blobs:
            raise AlreadyExists(f"blob {name!r} stands")
        self.blobs[name] = content

    async def read(self, name: str) -> bytes | None:
        """See BlobStore."""
        return self.blobs.get(name)

    async def names(self, prefix: str) -> AsyncIterator[str]:
        """See BlobStore."""
        for name in sorted(self.blobs):
            if name.startswith(prefix):
                yield name

    async def sizes(self) -> dict[str, int]:
        """See BlobStore."""
        return {name: len(content) for name, content in sorted(self.blobs.items())}

    async def folders(self) -> AsyncIterator[str]:
        """See BlobStore."""
        for folder in sorted({name.split("/")[0] for name in self.blobs if "/" in name}):
            yield folder

    async def acquire_lease(self, name: str) -> str | None:
        """See BlobStore."""
        if name in self._leases:
            return None
        self.blobs.setdefault(name, b"")
        self._leases[name] = str(uuid4())
        return self._leases[name]

    async def renew_lease(self, name: str, lease: str) -> None:
        """See BlobStore."""
        if self._leases.get(name) != lease:
            raise LeaseLost(f"the lease on {name!r} is lost")

    async def release_lease(self, name: str, lease: str) -> None:
        """See BlobStore."""
        if self._leases.get(name) == lease:
            del self._leases[name]

    async def close(self) -> None:
        """See BlobStore."""
