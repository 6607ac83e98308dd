"""`rerate VERB`: stage, approve, apply, revert, list, show, what-if."""

import argparse
import sys
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import Progress

from consumers.errors import RerateRefused
from consumers.metering.open_metering import standing_ledger
from consumers.rerating.apply import RunWorker
from consumers.rerating.diff_text import as_csv, as_table
from consumers.rerating.stage import Staging, check, is_live, keep_staging, overlapping, rate_scope
from consumers.running.clients import Clients, open_clients
from consumers.settings import Settings
from pricing_rules.price_book.book import Book, load_book
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.people.people import People
from table_api.rerating.run import Work, flat_fields
from table_api.rerating.runs_table import LISTED_MAX, LeftAlone, Reratings
from table_api.rerating.scope import Scope, scan
from table_api.storage.timestamp import now_utc


async def stage(settings: Settings, arguments: argparse.Namespace) -> int:
    """A run that waits for approval; nothing of it shows in any total."""
    async with open_clients(settings) as edges:
        ledger = await standing_ledger(edges, settings)
        book, staging = await _staging(settings, edges, ledger, arguments)
        check(staging, allow_unpriced=arguments.allow_unpriced)
        await edges.price_books.keep(book)
        reratings = Reratings(edges.tables)
        run = await keep_staging(staging, reratings, edges.rerating_documents, at=now_utc())
        others = overlapping(run, await reratings.all())
    _print(staging.document(run=run.run), arguments.format)
    for other in others:
        _say(f"overlaps run {other.run} ({other.state}): what one changes the other leaves alone")
    if is_live(run.scope, ledger.meta.calendar, now_utc()):
        _say("its last days are not over: calls that come later are priced by the consumers' book")
    _say(f"run {run.run} is {run.state}: `rerate approve {run.run} --by NAME --why TEXT`")
    return 0


async def what_if(settings: Settings, arguments: argparse.Namespace) -> int:
    """The same report for any book, without a run."""
    async with open_clients(settings) as edges:
        ledger = await standing_ledger(edges, settings)
        _, staging = await _staging(settings, edges, ledger, arguments)
    _print(staging.document(run=None), arguments.format)
    return 0


async def approve(settings: Settings, arguments: argparse.Namespace) -> int:
    """Who approved it, when and why is kept with the run."""
    async with open_clients(settings) as edges:
        run = await Reratings(edges.tables).approve(
            arguments.run_id, by=arguments.by, why=arguments.why, at=now_utc()
        )
    _say(f"run {run.run} is approved by {arguments.by}: `rerate apply {run.run}`")
    return 0


async def apply(settings: Settings, arguments: argparse.Namespace) -> int:
    """The approved changes into the ledger; to be repeated after a crash."""
    return await _work(settings, arguments, Work.APPLY)


async def revert(settings: Settings, arguments: argparse.Namespace) -> int:
    """The run's own rows undone, where nothing came after them."""
    return await _work(settings, arguments, Work.REVERT)


async def list_runs(settings: Settings, arguments: argparse.Namespace) -> int:
    """Every run, the newest first."""
    async with open_clients(settings) as edges:
        runs = await Reratings(edges.tables).all()
    if arguments.json:
        print(msgspec.json.encode([flat_fields(run) for run in runs]).decode())
        return 0
    for run in runs:
        days = f"{run.scope.from_day} to {run.scope.to_day}"
        why = run.approved.why if run.approved else ""
        print(f"{run.run}\t{run.state}\t{days}\t{run.changed} of {run.calls}\t{why}")
    return 0


async def show(settings: Settings, arguments: argparse.Namespace) -> int:
    """One run: its report, how far it is, and what it left alone."""
    async with open_clients(settings) as edges:
        reratings = Reratings(edges.tables)
        run = await reratings.get(arguments.run_id)
        document = await reratings.report(run.run)
        alone = {work: await reratings.noted(run.run, work) for work in Work}
    if document is None:
        raise RerateRefused(f"the report of run {run.run} is gone")
    _print(document, arguments.format)
    _say(msgspec.json.format(msgspec.json.encode(flat_fields(run)), indent=1).decode())
    for work, calls in alone.items():
        _name(work, calls)
    return 0


async def _staging(
    settings: Settings, edges: Clients, ledger: ProjectedLedger, arguments: argparse.Namespace
) -> tuple[Book, Staging]:
    book = await _book(settings, edges, arguments)
    _check_currencies(book, ledger)
    scope = Scope(
        from_day=arguments.from_day,
        to_day=arguments.to_day,
        subject=arguments.subject,
        model=arguments.model,
        cost_centre=arguments.cost_centre,
    )
    if scope.from_day >= scope.to_day:
        raise RerateRefused(f"--from {scope.from_day} is not before --to {scope.to_day}")
    people = await People(edges.tables, now=now_utc).directory()
    calls = scan(edges.tables, ledger.meta, people, scope)
    return book, await rate_scope(calls, book, scope, place=ledger.place)


async def _book(settings: Settings, edges: Clients, arguments: argparse.Namespace) -> Book:
    if arguments.book_version is None:
        return load_book(arguments.book or settings.price_books)
    book = await edges.price_books.get(arguments.book_version)
    if book is None:
        raise RerateRefused(f"no book {arguments.book_version!r} is in the archive of price books")
    return book


def _check_currencies(book: Book, ledger: ProjectedLedger) -> None:
    settings = ledger.meta.settings
    found = (book.pricing_currency, book.billing_currency)
    expected = (settings.pricing_currency, settings.billing_currency)
    if found != expected:
        raise RerateRefused(
            f"the book prices in {found[0]} and bills in {found[1]}, "
            f"the ledger in {expected[0]} and {expected[1]}"
        )


async def _work(settings: Settings, arguments: argparse.Namespace, work: Work) -> int:
    async with open_clients(settings) as edges:
        reratings = Reratings(edges.tables)
        worker = RunWorker(
            await standing_ledger(edges, settings), reratings, edges.rerating_documents, now=now_utc
        )
        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task(work.value, total=None)

            def progressed(done: int, of: int) -> None:
                bar.update(task, completed=done, total=of)

            options: dict[str, Any] = {
                "batch_calls": arguments.batch_calls,
                "progressed": progressed,
            }
            if work is Work.APPLY:
                run = await worker.apply(arguments.run_id, **options)
            else:
                by, why = arguments.by, arguments.why
                run = await worker.revert(arguments.run_id, by=by, why=why, **options)
        alone = await reratings.noted(run.run, work)
    settled = run.written if work is Work.APPLY else run.restored
    _say(f"run {run.run} is {run.state}: {settled.done} calls changed, {settled.left} left alone")
    _name(work, alone)
    return 0


def _print(document: bytes, form: str) -> None:
    if form == "json":
        sys.stdout.write(document.decode())
    elif form == "csv":
        sys.stdout.write(as_csv(msgspec.json.decode(document)))
    else:
        print(as_table(msgspec.json.decode(document)))


def _name(work: Work, calls: list[LeftAlone]) -> None:
    for call in calls:
        print(f"{work} left alone\t{call.partition}\t{call.entry_key}\t{call.reason}")
    if len(calls) == LISTED_MAX:
        _say(f"{work}: the first {LISTED_MAX:,} that were left alone are listed")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


VERBS = (
    ("stage", stage, "rate a period with another book, to be approved"),
    ("what-if", what_if, "the same report without a run"),
    ("approve", approve, "let a staged run be applied"),
    ("apply", apply, "write an approved run into the ledger; repeat it after a crash"),
    ("revert", revert, "undo a run where nothing came after it"),
    ("list", list_runs, "every run, the newest first"),
    ("show", show, "one run: report, state, calls left alone"),
)
