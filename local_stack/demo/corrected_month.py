"""The month before last: billed at a wrong price, and corrected by a reviewed run.

A mark-up that nobody had agreed to was in the price book for one month. The month was billed with
it. The run rates its calls again without it, so the next invoices credit the difference.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from consumers.metering.open_metering import standing_ledger
from consumers.rerating.apply import RunWorker
from consumers.rerating.stage import keep_staging, rate_scope
from consumers.running.clients import open_clients
from consumers.settings import read_settings as read_consumer_settings
from local_stack.demo import stack
from local_stack.errors import LocalStackError
from local_stack.traffic.usage_event import OutgoingEvent
from local_stack.traffic.workload import Workload, needs_no_log
from pricing_rules.price_book.book import Book, load_book
from table_api.consumer_state.raw_usage import RawUsage
from table_api.errors import NoLedger
from table_api.invoicing.closing.close import CloseJob
from table_api.invoicing.closing.close_job import open_job
from table_api.invoicing.errors import CloseRefused
from table_api.invoicing.snapshots.billing_month import BillingMonth, period_of
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.people.people import People
from table_api.rerating.run import RunState
from table_api.rerating.runs_table import Reratings
from table_api.rerating.scope import Scope, scan
from table_api.settings import read_settings
from table_api.storage.blobs import Documents
from table_api.storage.table_storage import TableStorage
from table_api.storage.timestamp import now_utc

CALLS = 400
"""The company had just begun."""
MODEL = "o3-pro"
FACTOR = "1.20"
APPROVED_BY = "Yuki Tanaka"
READ_TRIES, READ_RETRY_S = 80, 0.5
_WRONG_RULE = """\
# A mistake on purpose: this mark-up was never agreed to.
[[rule]]
id = "demo.wrong-markup"
kind = "multiply"
layer = "charge"
order = 10
factor = "{factor}"
valid_from = {start}
valid_to = {stop}
match = {{ model = "{model}" }}
note = "entered by mistake"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedMonth:
    """One month of generated calls, which ends where those of `Workload` begin."""

    start: datetime
    stop: datetime

    @classmethod
    def before(cls, workload: Workload) -> "CorrectedMonth":
        """The month before the workload's first."""
        stop = workload.start
        return cls(start=Workload(now=stop).start, stop=stop)

    @property
    def month(self) -> BillingMonth:
        """As a close names it."""
        return BillingMonth.of(self.start.date())

    def events(self) -> Iterator[OutgoingEvent]:
        """The month's calls."""
        return filter(needs_no_log, Workload(now=self.stop, calls=CALLS).events())

    def write_rule(self, path: Path) -> None:
        """The file that metering reads over the demonstration's book."""
        start, stop = (
            f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for time in (self.start, self.stop)
        )
        rule = _WRONG_RULE.format(factor=FACTOR, start=start, stop=stop, model=MODEL)
        path.write_text(rule, encoding="utf-8")

    @property
    def scope(self) -> Scope:
        """A day more at each end: a day of the billing zone is not one of UTC."""
        first = (self.start - timedelta(days=1)).date()
        return Scope(from_day=first, to_day=(self.stop + timedelta(days=1)).date(), model=MODEL)

    async def is_billed(self, ports: stack.Ports) -> bool:
        """Whether an earlier run on this data billed the month and corrected it, or cannot do so
        any more: an invoice of a later month exists."""
        try:
            async with open_job(read_settings(stack.settings(ports))) as job:
                closed = await job.archive.months()
                runs = await Reratings(job.source.storage).all()
        except NoLedger:
            return False
        later = bool(closed) and closed[0] > self.month
        return later or any(run.state is RunState.APPLIED for run in runs)

    async def bill_and_correct(self, ports: stack.Ports) -> None:
        """Close the month, find the mistake, correct it. Safe to repeat after a crash."""
        environment = {**stack.settings(ports), "INVOICE_WITHOUT_PAIRING": "true"}
        async with open_job(read_settings(environment)) as job:
            await self._close(job)
        settings = read_consumer_settings({}, environment)
        book = load_book(settings.price_books, origins=settings.price_sources.split(","))
        async with open_clients(settings) as clients:
            ledger = await standing_ledger(clients, settings)
            await clients.price_books.keep(book)
            documents = clients.rerating_documents
            await correct(clients.tables, ledger, book, self.scope, documents=documents)

    async def _close(self, job: CloseJob) -> None:
        """Pairing has not run yet: no call of the month needed it."""
        start, stop = period_of(job.source.meta.calendar, self.month)
        for _ in range(READ_TRIES):
            if not await job.evidence.unread(start, stop):
                break
            await asyncio.sleep(READ_RETRY_S)
        try:
            await job.close(self.month)
        except CloseRefused as refused:
            raise LocalStackError(f"{self.month} was not closed: {refused}") from refused


async def correct(
    storage: TableStorage,
    ledger: ProjectedLedger,
    book: Book,
    scope: Scope,
    *,
    documents: Documents,
) -> None:
    """Stage, approve and apply a run, as the verbs of `rerate` do."""
    reratings = Reratings(storage)
    people = await People(storage, now=now_utc).directory()
    staging = await rate_scope(
        scan(storage, ledger.meta, people, scope),
        book,
        scope,
        place=ledger.place,
        raw_usage=RawUsage(storage),
    )
    if not staging.diff.total.changed:  # an earlier run was killed after this
        return
    staged = await keep_staging(staging, reratings, documents, at=now_utc())
    if staged.state is RunState.STAGED:
        why = f"nobody had agreed to the mark-up on {MODEL}"
        await reratings.approve(staged.run, by=APPROVED_BY, why=why, at=now_utc())
    worker = RunWorker(ledger, reratings, documents, now=now_utc)
    await worker.apply(staged.run, progressed=lambda _done, _of: None)
