"""Where Capture files lie: a directory, or a blob container. Names and bytes, nothing of Avro."""

import asyncio
from pathlib import Path
from typing import Protocol

from consumers.errors import ReplayRefused
from table_api.storage.azure_blobs import AzureBlobStore

SUFFIX = ".avro"


class CaptureFiles(Protocol):
    """Files by their names, which end as the service writes them."""

    async def names(self) -> dict[str, int]:
        """Every file's size in bytes by its name. ReplayRefused when there is none."""

    async def read(self, name: str) -> bytes | None:
        """One file whole: the service starts a new one after at most 500 MB.

        None when this one is gone or closed to this process; the others may still be there.
        """


class DirectoryFiles:
    """A directory, as it was downloaded, or one file of it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def names(self) -> dict[str, int]:
        """See CaptureFiles."""
        found = await asyncio.to_thread(self._find)
        if not found:
            raise ReplayRefused(f"{self._path} holds no {SUFFIX} file")
        return found

    def _find(self) -> dict[str, int]:
        files = [self._path] if self._path.is_file() else sorted(self._path.rglob(f"*{SUFFIX}"))
        return {str(file): file.stat().st_size for file in files}

    async def read(self, name: str) -> bytes | None:
        """See CaptureFiles."""
        try:
            return await asyncio.to_thread(Path(name).read_bytes)
        except OSError:
            return None


class ContainerFiles:
    """A blob container that Capture writes to; the caller closes it. May raise Unavailable."""

    def __init__(self, blobs: AzureBlobStore) -> None:
        self._blobs = blobs

    async def names(self) -> dict[str, int]:
        """See CaptureFiles."""
        sizes = await self._blobs.sizes()
        found = {name: size for name, size in sizes.items() if name.endswith(SUFFIX)}
        if not found:
            raise ReplayRefused(f"{self._blobs.url} holds no {SUFFIX} blob")
        return found

    async def read(self, name: str) -> bytes | None:
        """See CaptureFiles."""
        return await self._blobs.read(name)
