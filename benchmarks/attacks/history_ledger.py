"""The product's side of a random history: a ledger in memory that is told each step."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from benchmarks.attacks.history_prices import Prices, as_toml
from benchmarks.attacks.history_steps import (
    Apply,
    Close,
    History,
    Move,
    NewBook,
    Post,
    Revert,
    Stage,
    Step,
)
from benchmarks.attacks.history_steps import People as Import
from benchmarks.attacks.history_truth import Address, Report
from consumers.rerating.apply import RunWorker
from consumers.rerating.stage import keep_staging, rate_scope
from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book, compile_book
from pricing_rules.types import CountedAt, Operation, Rank, Usage, UsageEvent
from pricing_rules.units import Unit
from table_api.consumer_state.groups import DEFAULT_GROUPS
from table_api.consumer_state.raw_usage import RawUsage
from table_api.http_api.app import create_app
from table_api.invoicing.closing.close import CloseJob, Evidence
from table_api.invoicing.closing.close_job import make_job
from table_api.invoicing.closing.missing_events import missing_events
from table_api.invoicing.settings import InvoicingSettings
from table_api.ledger.book_archive import BookArchive
from table_api.ledger.meta import LedgerSettings
from table_api.ledger.posting import MeteredCall, Origin
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.people.people import People, PeopleDirectory, Person
from table_api.rerating.runs_table import Reratings
from table_api.rerating.scope import Scope, scan
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage

SHARDS = 3
API_FORGETS_AFTER = timedelta(minutes=6)


class LedgerUnderTest:
    """One ledger with its people, books, runs and invoices."""

    def __init__(self, history: History) -> None:
        pricing, billing = history.currencies
        self._settings = LedgerSettings(
            zone=history.zone, pricing_currency=pricing, billing_currency=billing, shards=SHARDS
        )
        self.storage, self.blobs = MemoryTableStorage(), MemoryBlobStore()
        self._documents, self._books = MemoryBlobStore(), BookArchive(MemoryBlobStore())
        self.now = datetime(history.first.year, history.first.month, 3, tzinfo=UTC)
        self._runs: list[str] = []
        """Ids by the oracle's numbers."""
        self._approved: set[str] = set()
        self._sequence = 0
        self._looks = 0
        app = create_app(
            self.storage, self.blobs, now=lambda: self.now + self._looks * API_FORGETS_AFTER
        )
        self.api = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://localhost"
        )
        self._book: Book
        self._ledger: ProjectedLedger

    async def do(self, step: Step) -> None:
        """One step, after the oracle was told."""
        match step:
            case Post(reports):
                await self._post([(report, None) for report in reports])
            case Move(report, old):
                await self._post([(report, old)])
            case NewBook(prices):
                self._book = await self._keep(prices)
                await self._open()
            case Stage(prices, days, subject):
                await self._stage(await self._keep(prices), Scope(
                    from_day=days[0], to_day=days[1], subject=subject
                ))  # fmt: skip
            case Apply(run):
                await self._apply(self._runs[run.number])
            case Revert(run):
                await self._revert(self._runs[run.number])
            case Import(rows):
                await People(self.storage, now=lambda: self.now).save(
                    [
                        Person(subject=who, display_name=None, cost_centre=centre, valid_from=since)
                        for who, centre, since in rows
                    ]
                )
            case Close(_, at):
                self.now = max(self.now, at)
                await (await self.job()).close_due()
            case _:
                await self._open()

    async def job(self) -> CloseJob:
        """What closes months. No call waits for pairing here."""

        async def nothing_waits(start: datetime, stop: datetime) -> int:
            return 0

        async def everything_is_read(start: datetime, stop: datetime) -> list[str]:
            return []

        return await make_job(
            self.storage,
            self.blobs,
            settings=InvoicingSettings(),
            evidence=Evidence(
                open_calls=nothing_waits,
                unread=everything_is_read,
                missing=missing_events(self.storage, DEFAULT_GROUPS),
            ),
            now=lambda: self.now,
        )

    def look(self) -> None:
        """Let the API read people and settings again: it keeps both for a while."""
        self._looks += 1

    async def _open(self) -> None:
        self._ledger = await ProjectedLedger.open(
            self.storage, self._settings, now=lambda: self.now, books=self._books
        )

    async def _keep(self, prices: Prices) -> Book:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "history.toml"
            path.write_text(as_toml(prices), encoding="utf-8")
            book = compile_book([path])
        await self._books.keep(book)
        return book

    async def _people(self) -> PeopleDirectory:
        return await People(self.storage, now=lambda: self.now).directory()

    async def _post(self, reports: Sequence[tuple[Report, Address | None]]) -> None:
        people, calls = await self._people(), []
        for report, old in reports:
            day = self._ledger.meta.calendar.day(report.time)
            centre = people.cost_centre(report.subject, day)
            self._sequence += 1
            origin = Origin(
                hub="llm-usage",
                partition="0",
                sequence_number=self._sequence,
                enqueued_time=report.time,
            )
            priced = rate(_event(report, old), self._book, centre)
            calls.append(MeteredCall(priced=priced, origin=origin, cost_centre=centre))
        await self._ledger.post(calls)

    async def _stage(self, book: Book, scope: Scope) -> None:
        calls = scan(self.storage, self._ledger.meta, await self._people(), scope)
        kept = RawUsage(self.storage)
        place = self._ledger.place
        staging = await rate_scope(calls, book, scope, place=place, raw_usage=kept)
        run = await keep_staging(staging, Reratings(self.storage), self._documents, at=self.now)
        self._runs.append(run.run)

    async def _apply(self, run: str) -> None:
        await Reratings(self.storage).approve(run, by="ada", why="prices", at=self.now)
        await self._worker().apply(run, progressed=lambda done, of: None)

    async def _revert(self, run: str) -> None:
        await self._worker().revert(
            run, by="ada", why="a mistake", progressed=lambda done, of: None
        )

    def _worker(self) -> RunWorker:
        runs = Reratings(self.storage)
        return RunWorker(self._ledger, runs, self._documents, now=lambda: self.now)


def _event(report: Report, old: Address | None) -> UsageEvent:
    counts = {Unit(unit): count for unit, count in report.counts.items()}
    return UsageEvent(
        id=report.call_id,
        source="apim/attack",
        subject=report.subject,
        time=report.time,
        operation=Operation.CHAT_COMPLETIONS,
        stream=False,
        status=report.status,
        rank=Rank(report.rank),
        usage=Usage(counts=counts) if counts else None,
        deployment=report.deployment,
        completed_from=("gateway-llm-log",) if report.rank == 1 else (),
        replaces=CountedAt(subject=old[1], time=old[2]) if old else None,
    )
