"""The closed months as many people read them at the same moment."""

import asyncio

from table_api.invoicing.snapshots.archive import Archive
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.manifest import Manifest
from table_api.storage.blobs import BlobStore

MONTHS_AT_ONCE = 4
"""Manifests that are read at once: one of 10,000 people has some megabytes."""


class SharedArchive(Archive):
    """Whoever asks for a manifest that is being read gets what that read gives, also its error. A
    closed month never changes, so a read that began earlier is as good. One that found the month
    open is not: it may be closed since. None is kept.
    """

    def __init__(self, blobs: BlobStore) -> None:
        super().__init__(blobs)
        self._reads: dict[BillingMonth, asyncio.Task[Manifest | None]] = {}
        self._turns = asyncio.Semaphore(MONTHS_AT_ONCE)

    async def manifest(self, month: BillingMonth) -> Manifest | None:
        """As that of an Archive."""
        task = self._reads.get(month)
        if is_first := task is None:
            task = self._reads[month] = asyncio.create_task(self._read(month))
            task.add_done_callback(lambda done: self._end(month, done))
        found = await asyncio.shield(task)  # who leaves does not end the read of the others
        return found if found is not None or is_first else await self._read(month)

    async def _read(self, month: BillingMonth) -> Manifest | None:
        async with self._turns:
            return await super().manifest(month)

    def _end(self, month: BillingMonth, task: asyncio.Task[Manifest | None]) -> None:
        """An error is of those who wait for it; where all have left, of nobody."""
        del self._reads[month]
        if not task.cancelled():
            task.exception()
