"""Opens what a close needs: ledger, people, blob container, and the calls that wait."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from table_api.consumer_state.groups import Groups
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.invoicing.closing.close import CloseJob, Evidence, OpenCallsOf
from table_api.invoicing.closing.hubs_read import unread_hubs
from table_api.invoicing.closing.missing_events import missing_events
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
            evidence=stored_evidence(storage, settings.groups, settings.invoicing),
        )


async def make_job(
    storage: TableStorage,
    blobs: BlobStore,
    *,
    settings: InvoicingSettings,
    evidence: Evidence,
    now: Callable[[], datetime] = now_utc,
) -> CloseJob:
    """The close job over open storages; it reads the people as they are now."""
    meta = await read_ledger_meta(storage)
    people = await People(storage, now=now).directory()
    source = BillingSource(storage=storage, meta=meta, people=people, archive=Archive(blobs))
    return CloseJob(source=source, settings=settings, evidence=evidence, now=now)


def stored_evidence(
    storage: TableStorage,
    groups: Groups,
    settings: InvoicingSettings,
    *,
    now: Callable[[], datetime] = now_utc,
) -> Evidence:
    """What the consumers left in storage."""
    return Evidence(
        open_calls=waiting_calls(storage, groups, now=now),
        unread=unread_hubs(storage, groups, without_pairing=settings.without_pairing),
        missing=missing_events(storage, groups),
    )


def waiting_calls(
    storage: TableStorage,
    groups: Groups,
    *,
    now: Callable[[], datetime] = now_utc,
) -> OpenCallsOf:
    """Counts the calls of a span that wait for their usage.

    What the sweeper of pairing has passed is decided. Events that metering left to pairing and
    that pairing has not read wait too, of whatever month.
    """

    async def count(start: datetime, stop: datetime) -> int:
        open_calls = OpenCalls(storage)
        swept = await open_calls.swept()
        waiting = await _deferred_unread(ProgressTable(storage), groups, stop)
        hour = max(start, swept or start)
        stop = min(stop, now() + CLOCKS_APART_MAX)  # hours to come are many, and empty
        while hour < stop:
            until = min(hour + timedelta(hours=1), stop)
            calls = await open_calls.calls(hour, until)
            waiting += sum(call.state is PairingState.WAITING for call in calls)
            hour = until
        return waiting

    return count


async def _deferred_unread(table: ProgressTable, groups: Groups, stop: datetime) -> int:
    """At most so many events of before `stop` were left to pairing, which has not read them."""
    of_pairing = await table.of_group(groups.pairing_usage.hub, groups.pairing_usage.group)
    read = {(row.partition, row.hub_created_at): row for row in of_pairing}
    rows = await table.of_group(groups.metering.hub, groups.metering.group)
    return sum(_unread(row, read.get((row.partition, row.hub_created_at)), stop) for row in rows)


def _unread(metering: Progress, pairing: Progress | None, stop: datetime) -> int:
    deferred = metering.counts[Count.DEFERRED]
    if pairing is None:
        return deferred
    if pairing.passed is not None and pairing.passed >= stop:
        return 0
    return min(deferred, max(0, metering.sequence_number - pairing.sequence_number))
