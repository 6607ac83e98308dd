"""Closing months in tests: a ledger with people, a store for invoices, and a movable clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from table_api.invoicing.closing.close import CloseJob
from table_api.invoicing.closing.close_job import make_job
from table_api.invoicing.settings import InvoicingSettings
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.manifest import Manifest
from table_api.invoicing.verification.verify import verify_all
from table_api.ledger.ledger import Ledger
from table_api.ledger.posting import MeteredCall
from table_api.people.people import People, Person
from table_api.storage.blobs import BlobStore
from table_api.storage.table_storage import TableStorage
from tests.builders import call_id
from tests.calls import make_call, open_ledger

SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER = (BillingMonth(2026, number) for number in (9, 10, 11, 12))
ANN, BOB, EVE = "ann", "bob", "eve"
SEARCH, SALES = "CC-100 Search", "CC-200 Sales"


@dataclass(slots=True)
class Billing:
    """One ledger and its invoices; `now` is moved by the tests."""

    storage: TableStorage
    blobs: BlobStore
    ledger: Ledger
    now: datetime = datetime(2026, 11, 2, 6, tzinfo=UTC)
    settings: InvoicingSettings = field(default_factory=InvoicingSettings)
    open_calls: int = 0
    posted: int = 0

    async def job(self) -> CloseJob:
        """The close job with today's people."""

        async def waiting(start: datetime, stop: datetime) -> int:
            assert start < stop
            return self.open_calls

        return await make_job(
            self.storage,
            self.blobs,
            settings=self.settings,
            open_calls=waiting,
            now=lambda: self.now,
        )

    async def close(self, month: BillingMonth, forced: str | None = None) -> Manifest:
        """Close a month as of the second day after it, or later."""
        after = datetime.combine(month.moved(1).first_day, datetime.min.time(), UTC)
        self.now = max(self.now, after + timedelta(days=1))
        return await (await self.job()).close(month, forced=forced)

    async def post(self, count: int, day: date, **changes: Any) -> list[MeteredCall]:
        """Post `count` new calls at noon of a day."""
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        calls = []
        for _ in range(count):
            self.posted += 1
            fields = {"id": call_id(self.posted), "subject": ANN} | changes
            instant = noon + timedelta(milliseconds=self.posted)
            calls.append(make_call(self.posted, time=instant, **fields))
        await self.ledger.post(calls)
        return calls

    async def problems(self) -> list[str]:
        """What `invoice verify` finds in the ledger and in all closed months."""
        archive = (await self.job()).archive
        months = await archive.months()
        report, found = await verify_all(archive, self.storage, months, now=self.now)
        return [*report.problems, *(text for month in found for text in month.problems)]

    async def files(self) -> dict[str, bytes]:
        """Every blob and its bytes."""
        return {name: await self.blobs.read(name) or b"" async for name in self.blobs.names("")}


async def open_billing(storage: TableStorage, blobs: BlobStore) -> Billing:
    """Ann pays from Search, Bob from Sales, and nobody knows who pays for Eve."""
    ledger = await open_ledger(storage)
    await people(
        storage,
        [(ANN, "Ann Árnadóttir", SEARCH, "2026-01-01"), (BOB, "Bob Παππάς", SALES, "2026-01-01")],
    )
    await blobs.create_container()
    return Billing(storage, blobs, ledger)


async def people(storage: TableStorage, rows: Sequence[tuple[str, str, str | None, str]]) -> None:
    """Import subject, name, cost centre, first day."""
    await People(storage, now=lambda: datetime.now(UTC)).save(
        [
            Person(
                subject=subject,
                display_name=name,
                cost_centre=cost_centre,
                valid_from=date.fromisoformat(first),
            )
            for subject, name, cost_centre, first in rows
        ]
    )
