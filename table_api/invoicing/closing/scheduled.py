"""The close as a scheduler runs it: one run at a time, and every month that was missed.

The lease only saves work: two closes at once write the same bytes.
"""

import asyncio
import logging

from table_api.invoicing.closing.close import CloseJob
from table_api.invoicing.closing.close_job import open_job
from table_api.invoicing.errors import CloseRefused
from table_api.invoicing.snapshots.archive import LEASE_BLOB
from table_api.invoicing.snapshots.manifest import Manifest
from table_api.settings import Settings
from table_api.storage.blobs import LEASE_RENEWAL_S, BlobStore

_log = logging.getLogger("table_api.invoicing")


async def run_scheduled(settings: Settings) -> None:
    """What the job of every hour calls: so a month is closed within the hour after it is due in any
    zone. A refused close is logged and tried again by the next run.
    """
    async with open_job(settings) as job:
        try:
            await close_alone(job)
        except CloseRefused as refused:
            _log.error("close refused: %s", refused, extra={"action": "invoice_close_refused"})


def _say_closed(manifest: Manifest) -> None:
    _log.info(
        "closed %s: %s %s on %d invoices",
        *(manifest.month, manifest.amount, manifest.currency, len(manifest.invoices)),
        extra={"action": "invoice_closed", "month": manifest.month},
    )


async def close_alone(job: CloseJob) -> list[Manifest] | None:
    """Close what is due while no other run does, and log each month; None when another one is at
    it.
    """
    blobs = job.archive.blobs
    await blobs.create_container()
    lease = await blobs.acquire_lease(LEASE_BLOB)
    if lease is None:
        return None
    renewing = asyncio.create_task(_renew(blobs, lease))
    try:
        return await job.close_due(tell=_say_closed)
    finally:
        renewing.cancel()
        await blobs.release_lease(LEASE_BLOB, lease)


async def _renew(blobs: BlobStore, lease: str) -> None:
    while True:
        await asyncio.sleep(LEASE_RENEWAL_S)
        await blobs.renew_lease(LEASE_BLOB, lease)
