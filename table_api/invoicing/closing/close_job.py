"""Opens what a close needs: ledger, people, blob container, and the calls that wait."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from table_api.consumer_state.groups import ConsumerGroup
from table_api.consumer_state.progress import Count, ProgressTable
from table_api.invoicing.closing.close import CloseJob, OpenCallsOf
from table_api.invoicing.settings import CONTAINER as INVOICES
from table_api.invoicing.settings import InvoicingSettings
from table_api.invoicing.snapshots.archive import Archive
from table_api.invoicing.snapshots.take_snapshot import BillingSource
from table_api.ledger.meta import read_ledger_meta
from table_api.open_calls.decision import PairingState
from table_api.open_calls.table import OpenCalls
from table_api.people.people import People
from table_api.settings import Settings
from table_api.storage.blobs import BlobStore
from table_api.storage.connection import open_container, open_tables
from table_api.storage.table_storage import TableStorage
from table_api.storage.timestamp import now_utc

CLOCKS_APART_MAX = timedelta(hours=1)
"""No gateway's clock is further ahead of ours."""


@asynccontextmanager
async def open_job(settings: Settings) -> AsyncIterator[CloseJob]:
    """The close job of the account's ledger; NoLedger before it is made."""
    async with (
        open_tables(settings.storage) as storage,
        open_container(settings.storage, INVOICES) as blobs,
    ):
        yield await make_job(
            storage,
            blobs,
            settings=settings.invoicing,
            open_calls=waiting_calls(storage, settings.groups.metering),
        )


async def make_job(
    storage: TableStorage,
    blobs: BlobStore,
    *,
    settings: InvoicingSettings,
    open_calls: OpenCallsOf,
    now: Callable[[], datetime] = now_utc,
) -> CloseJob:
    """The close job over open storages; it reads the people as they are now."""
    meta = await read_ledger_meta(storage)
    people = await People(storage, now=now).directory()
    source = BillingSource(storage=storage, meta=meta, people=people, archive=Archive(blobs))
    return CloseJob(source=source, settings=settings, open_calls=open_calls, now=now)


def waiting_calls(
    storage: TableStorage,
    metering: ConsumerGroup,
    *,
    now: Callable[[], datetime] = now_utc,
) -> OpenCallsOf:
    """Counts the calls of a span that wait for their usage.

    What the sweeper of pairing has passed is decided. Where pairing never ran, every event that
    metering left to it waits, of whatever month.
    """

    async def count(start: datetime, stop: datetime) -> int:
        open_calls = OpenCalls(storage)
        swept = await open_calls.swept()
        if swept is None:
            rows = await ProgressTable(storage).of_group(metering.hub, metering.group)
            return sum(row.counts[Count.DEFERRED] for row in rows)
        waiting, hour = 0, max(start, swept)
        stop = min(stop, now() + CLOCKS_APART_MAX)  # hours to come are many, and empty
        while hour < stop:
            until = min(hour + timedelta(hours=1), stop)
            calls = await open_calls.calls(hour, until)
            waiting += sum(call.state is PairingState.WAITING for call in calls)
            hour = until
        return waiting

    return count
