"""The installation of a frozen ledger on today's code: every process, moved by hand."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx

from consumers.dead_letters.blob_letters import BlobDeadLetters
from consumers.dead_letters.redrive import Selection, redrive, selected
from consumers.metering.call_rating import CallRating
from consumers.metering.metering import Metering, metering_path
from consumers.pairing.decide import Waits
from consumers.pairing.diagnostics_intake import DiagnosticsIntake
from consumers.pairing.intake import Pairing, UsageIntake
from consumers.pairing.open_intakes import pairing_path
from consumers.pairing.settlement import Settlement
from consumers.pairing.stream_time import Passed, StreamTime
from consumers.pairing.sweeper import Sweeper
from consumers.receiving.handler import Handler, Received
from consumers.receiving.saving.partition_progress import PartitionProgress
from consumers.rerating.apply import RunWorker
from table_api.consumer_state.dead_letters import DeadLetterIndex
from table_api.consumer_state.groups import DEFAULT_GROUPS
from table_api.consumer_state.progress import Progress, ProgressTable
from table_api.http_api.app import create_app
from table_api.invoicing.closing.close import CloseJob, Evidence
from table_api.invoicing.closing.close_job import make_job, waiting_calls
from table_api.invoicing.closing.missing_events import missing_events
from table_api.invoicing.settings import InvoicingSettings
from table_api.invoicing.snapshots.archive import Archive
from table_api.invoicing.verification.verify import verify_all
from table_api.ledger.book_archive import BookArchive
from table_api.ledger.meta import LedgerSettings
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.open_calls.counted_calls import CountedCalls
from table_api.open_calls.decision import Decision
from table_api.open_calls.purging.purged_hours import PurgedHours
from table_api.open_calls.table import OpenCalls
from table_api.people.people import People
from table_api.rerating.runs_table import Reratings
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.frozen.dump import Event, events, expected, load_blobs, load_tables

USAGE, DIAGNOSTICS = "llm-usage", "apim-diagnostics"
HUB_CREATED_AT = datetime(2026, 9, 1, tzinfo=UTC)
FROZEN_AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
LATE = datetime(2026, 12, 1, 8, tzinfo=UTC)
SETTINGS = LedgerSettings(
    zone="Europe/Berlin", pricing_currency="USD", billing_currency="EUR", shards=4
)
INVOICING = InvoicingSettings(issuer="Contoso Plattform", prefix="INV")
WAITS = Waits(grace=timedelta(minutes=15), timeout=timedelta(hours=1))
KEEP = timedelta(days=14)
TOGETHER = timedelta(minutes=10)
"""Events that come within so long are one batch."""


class HandTime(StreamTime):
    """Stream time as the test says: there is no hub to look at."""

    async def look(self) -> Passed:
        return Passed(self.latest, False)


class Outbox:
    """A Publisher whose events the company takes itself."""

    def __init__(self) -> None:
        self.sent: list[Decision] = []

    async def publish(self, decisions: Sequence[Decision]) -> None:
        self.sent.extend(decisions)


class Company:
    """One installation. `first_wave()` is the one that was frozen."""

    def __init__(self, storage: MemoryTableStorage, blobs: dict[str, MemoryBlobStore]) -> None:
        self.storage, self.blobs = storage, blobs
        self.books = BookArchive(blobs["price-books"])
        self.now = FROZEN_AT
        self.outbox = Outbox()
        self.stream_time = HandTime([], ProgressTable(storage), now=lambda: self.now)
        self.letters = {hub: self._letters(hub) for hub in (USAGE, DIAGNOSTICS)}
        calls, purged = OpenCalls(storage), PurgedHours(MemoryBlobStore())
        pairing = Pairing(
            calls=calls,
            settlement=Settlement(OpenCalls(storage), self.outbox, WAITS),
            stream_time=self.stream_time,
            waits=WAITS,
            counted=CountedCalls(calls, purged, before=FROZEN_AT - KEEP),
            keep=KEEP,
            now=lambda: self.now,
        )
        self.intakes = {
            USAGE: UsageIntake(USAGE, pairing, self.letters[USAGE]),
            DIAGNOSTICS: DiagnosticsIntake(DIAGNOSTICS, pairing, self.letters[DIAGNOSTICS]),
        }
        self.sweeper = Sweeper(pairing, interval_s=1)
        self.numbers: dict[tuple[str, str], int] = defaultdict(int)
        self.metering: Metering
        self.ledger: ProjectedLedger

    @classmethod
    async def first_wave(cls) -> "Company":
        """As it was on 27 November, with no process running."""
        storage = MemoryTableStorage()
        await load_tables(storage)
        company = cls(storage, load_blobs())
        for event in events("before"):
            company.numbers[event.hub, event.partition] = event.sequence_number + 1
        return company

    def _letters(self, hub: str) -> BlobDeadLetters:
        return BlobDeadLetters(self.blobs["dead-letters"], DeadLetterIndex(self.storage, hub), hub)

    async def start(self, book_version: str) -> None:
        """A consumer starts with a book of the archive."""
        self.ledger = await ProjectedLedger.open(
            self.storage, SETTINGS, now=lambda: self.now, books=self.books
        )
        book = await self.books.get(book_version)
        assert book is not None
        people = People(self.storage, now=lambda: self.now, age_s_max=60)
        rating = CallRating(book, people, self.ledger.meta.calendar)
        await rating.refresh()
        self.metering = Metering(
            hub=USAGE,
            rating=rating,
            ledger=self.ledger,
            dead_letters=self.letters[USAGE],
            now=lambda: self.now,
        )

    async def go_on(self) -> dict[str, str]:
        """From the freezing to 1 December: all that comes later, the letters, the staged run. Gives
        what became of each letter; November can be closed then.
        """
        then = expected()
        await self.start(then["books"]["D"])
        await self.deliver(events("later"))
        self.now = LATE
        await self.sweep(LATE)
        redriven = await self.redrive_all()
        await self.sweep(LATE)
        await self.apply(then["runs"]["staged"])
        self.now = LATE + timedelta(hours=4)
        return redriven

    async def deliver(self, some: Iterable[Event]) -> None:
        """In the order of time, in batches, with a sweep and a save after each."""
        queue = sorted(some, key=lambda event: event.enqueued_time)
        while queue:
            until = queue[0].enqueued_time + TOGETHER
            batch = [each for each in queue if each.enqueued_time < until]
            queue = queue[len(batch) :]
            await self._take(batch)
            await self.sweep(self.now)

    async def sweep(self, time: datetime) -> None:
        """One sweep, with the stream as far as this."""
        self.stream_time.latest = time
        await self.sweeper.sweep()
        await self._take(self._published(time))

    async def meter_again(self, event: Event) -> None:
        """Metering alone, at the position where the event was."""
        received = Received(event.sequence_number, "", event.enqueued_time, event.body)
        await self.metering.prepare(event.partition, [received])()

    async def redrive_all(self) -> dict[str, str]:
        """Every open letter through its paths; what became of each."""
        usage = pairing_path(self.intakes[USAGE])
        paths_of = {
            USAGE: [metering_path(self.metering), usage],
            DIAGNOSTICS: [pairing_path(self.intakes[DIAGNOSTICS])],
        }
        found = {}
        for hub, letters in self.letters.items():
            async for entry in selected(letters, Selection(), only_open=True):
                after = await redrive(letters, paths_of[hub], entry)
                found[entry.id] = f"{after.state} {after.reason} {after.outcome}"
        return found

    async def apply(self, run: str) -> None:
        """Approve a staged run and apply it."""
        await Reratings(self.storage).approve(
            run, by="ada@contoso.example", why="the new price of gpt-4o", at=self.now
        )
        await (await self._worker()).apply(run, progressed=lambda done, of: None)

    async def revert(self, run: str) -> None:
        """Undo an applied run."""
        worker = await self._worker()
        await worker.revert(
            run,
            by="grace@contoso.example",
            why="the mark-up was not agreed",
            progressed=lambda done, of: None,
        )

    async def job(self) -> CloseJob:
        """What closes months, with the people of now."""

        async def everything_is_read(start: datetime, stop: datetime) -> list[str]:
            return []  # the hubs of the frozen installation are gone

        waiting = waiting_calls(self.storage, DEFAULT_GROUPS, now=lambda: self.now)
        return await make_job(
            self.storage,
            self.blobs["invoices"],
            settings=INVOICING,
            evidence=Evidence(
                open_calls=waiting,
                unread=everything_is_read,
                missing=missing_events(self.storage, DEFAULT_GROUPS),
            ),
            now=lambda: self.now,
        )

    async def problems(self) -> list[str]:
        """What audit and verification find in the ledger and all closed months."""
        archive = Archive(self.blobs["invoices"])
        months = await archive.months()
        report, found = await verify_all(archive, self.storage, months, now=self.now)
        return [*report.problems, *(text for month in found for text in month.problems)]

    async def ask(self, paths: Iterable[str]) -> dict[str, Any]:
        """What the API answers now, by path."""
        app = create_app(self.storage, self.blobs["invoices"], now=lambda: self.now)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
            return {path: (await api.get(path)).json() for path in paths}

    async def _worker(self) -> RunWorker:
        ledger = ProjectedLedger(
            self.storage, self.ledger.meta, now=lambda: self.now, books=self.books
        )
        documents = self.blobs["reratings"]
        return RunWorker(ledger, Reratings(self.storage), documents, now=lambda: self.now)

    async def _take(self, batch: Sequence[Event]) -> None:
        while batch:
            self.now = max(self.now, batch[-1].enqueued_time + timedelta(seconds=1))
            for place in sorted({(each.hub, each.partition) for each in batch}, reverse=True):
                await self._read(*place, [e for e in batch if (e.hub, e.partition) == place])
            self.now += timedelta(seconds=1)
            batch = self._published(self.now)

    def _published(self, time: datetime) -> list[Event]:
        """What pairing has concluded, as events of the usage hub."""
        sent, self.outbox.sent = self.outbox.sent, []
        return [
            Event(USAGE, partition_of(each.place.subject), -1, time, each.event.encode())
            for each in sent
        ]

    async def _read(self, hub: str, partition: str, batch: Sequence[Event]) -> None:
        first = self.numbers[hub, partition]
        self.numbers[hub, partition] += len(batch)
        received = [
            Received(first + index, "", event.enqueued_time, event.body)
            for index, event in enumerate(batch)
        ]
        readers: list[tuple[str, Handler]] = [("pairing", self.intakes[hub])]
        if hub == USAGE:
            readers.insert(0, ("metering", self.metering))
        for group, handler in readers:
            durable = await handler.prepare(partition, received)()
            await handler.before_save()
            progress = PartitionProgress(
                ProgressTable(self.storage), _empty(hub, group, partition), now=lambda: self.now
            )
            await progress.load()
            progress.add(received, durable.counts)
            await progress.save()


def partition_of(key: str) -> str:
    """Where the hub of the frozen installation put a partition key."""
    return str(int.from_bytes(sha256(key.encode()).digest()[:2]) % 2)


def _empty(hub: str, group: str, partition: str) -> Progress:
    return Progress(
        hub=hub,
        group=group,
        partition=partition,
        hub_created_at=HUB_CREATED_AT,
        sequence_number=-1,
        enqueued_time=None,
        recorded_at=HUB_CREATED_AT,
        counts={},
    )
