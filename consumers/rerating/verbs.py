"""`rerate VERB`: changes, stage, what-if, approve, apply, revert, list, show."""

import sys

import msgspec
from rich.console import Console
from rich.progress import Progress

from command_line.json_form import print_json
from consumers.errors import RerateRefused
from consumers.metering.open_metering import check_currencies, standing_ledger
from consumers.rerating.apply import Progressed, RunWorker
from consumers.rerating.arguments import BookChoice
from consumers.rerating.changes import as_json, as_text, changes_document
from consumers.rerating.diff_text import as_csv, as_table
from consumers.rerating.reviewed import reviewed_pairs
from consumers.rerating.stage import Staging, check, is_live, keep_and_warn, rate_scope
from consumers.running.clients import Clients, open_clients
from consumers.settings import Settings
from pricing_rules.engine.book_changes import book_changes
from pricing_rules.price_book.book import Book, load_book
from table_api.consumer_state.raw_usage import RawUsage
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.people.people import People
from table_api.prices.price_list import PriceList
from table_api.rerating.run import Rerating, Settled, Work, shown_run
from table_api.rerating.runs_table import LISTED_MAX, LeftAlone, Reratings
from table_api.rerating.scope import Scope, scan
from table_api.rerating.stored_report import shown_report
from table_api.storage.blobs import Documents
from table_api.storage.timestamp import now_utc

ALTERED = 1
"""Exit code of `show` for a run whose report, pairs and row are not one."""


async def stage(
    settings: Settings, scope: Scope, choice: BookChoice, *, allow_unpriced: bool, form: str
) -> int:
    """Make a run that waits for approval; no total shows anything of it."""
    async with open_clients(settings) as clients:
        ledger = await standing_ledger(clients, settings)
        book, staging = await _staging(settings, clients, ledger, scope, choice)
        check(staging, allow_unpriced=allow_unpriced)
        await clients.price_books.keep(book)
        run, warnings = await keep_and_warn(
            staging, Reratings(clients.tables), clients.rerating_documents, at=now_utc()
        )
    _print(staging.document(run=run.run), form)
    for warning in warnings:
        _say(warning)
    if is_live(run.scope, ledger.meta.calendar, now_utc()):
        _say("its last days are not over: the consumers' book prices calls that come later")
    _say(f"run {run.run} is {run.state}: `rerate approve {run.run} --by NAME --why TEXT`")
    return 0


async def what_if(settings: Settings, scope: Scope, choice: BookChoice, *, form: str) -> int:
    """Print the report that a run would have, without making one."""
    async with open_clients(settings) as clients:
        ledger = await standing_ledger(clients, settings)
        _, staging = await _staging(settings, clients, ledger, scope, choice)
    _print(staging.document(run=None), form)
    return 0


async def changes(settings: Settings, scope: Scope, choice: BookChoice, *, form: str) -> int:
    """Print how the next book differs from the one in use, and which posted calls it changes."""
    async with open_clients(settings) as clients:
        ledger = await standing_ledger(clients, settings)
        in_use = await PriceList(clients.tables).in_use()
        if in_use is None:
            raise RerateRefused("no metering consumer has started, so no book is in use")
        old = await chosen_book(settings, clients, BookChoice(version=in_use.version))
        book, staging = await _staging(settings, clients, ledger, scope, choice)
    document = changes_document(list(book_changes(old, book)), staging, in_use=old.version)
    print(as_json(document) if form == "json" else as_text(document))
    return 0


async def approve(settings: Settings, run_id: str, *, by: str, why: str) -> int:
    """Approve a run that is what its report says; who did it, when and why is kept with it."""
    async with open_clients(settings) as clients:
        reratings = Reratings(clients.tables)
        staged = await reratings.get(run_id)
        await reviewed_pairs(staged, reratings, clients.rerating_documents)
        run = await reratings.approve(run_id, by=by, why=why, at=now_utc())
    _say(f"run {run.run} is approved by {by}: `rerate apply {run.run}`")
    return 0


async def apply(settings: Settings, run_id: str, *, batch_calls: int, as_json: bool = False) -> int:
    """Write the approved changes into the ledger. Repeating it after a crash is safe."""
    async with open_clients(settings) as clients:
        reratings = Reratings(clients.tables)
        worker = await _worker(settings, clients, reratings)
        with Progress(console=Console(stderr=True)) as bar:
            run = await worker.apply(
                run_id, batch_calls=batch_calls, progressed=_moves(bar, Work.APPLY)
            )
        alone = await reratings.noted(run.run, Work.APPLY)
    _done(run, run.written, Work.APPLY, alone, as_json=as_json)
    return 0


async def revert(
    settings: Settings,
    run_id: str,
    *,
    by: str,
    why: str,
    batch_calls: int,
    as_json: bool = False,
) -> int:
    """Undo the run's own rows, except where something came after them."""
    async with open_clients(settings) as clients:
        reratings = Reratings(clients.tables)
        worker = await _worker(settings, clients, reratings)
        with Progress(console=Console(stderr=True)) as bar:
            run = await worker.revert(
                run_id,
                by=by,
                why=why,
                batch_calls=batch_calls,
                progressed=_moves(bar, Work.REVERT),
            )
        alone = await reratings.noted(run.run, Work.REVERT)
    _done(run, run.restored, Work.REVERT, alone, as_json=as_json)
    return 0


async def list_runs(settings: Settings, *, json_form: bool) -> int:
    """Print every run, the newest first."""
    async with open_clients(settings) as clients:
        runs = await Reratings(clients.tables).all()
    if json_form:
        print(msgspec.json.encode([shown_run(run) for run in runs]).decode())
        return 0
    for run in runs:
        days = f"{run.scope.from_day} to {run.scope.to_day}"
        why = run.approved.why if run.approved else ""
        print(f"{run.run}\t{run.state}\t{days}\t{run.changed} of {run.calls}\t{why}")
    return 0


async def show(settings: Settings, run_id: str, *, form: str) -> int:
    """Print one run: its report, how far it is, and what it left alone."""
    async with open_clients(settings) as clients:
        reratings = Reratings(clients.tables)
        run = await reratings.get(run_id)
        document = await reratings.report(run.run)
        alone = {work: await reratings.noted(run.run, work) for work in Work}
        why = await altered(run, reratings, clients.rerating_documents)
    if document is None:
        raise RerateRefused(f"the report of run {run.run} is gone")
    _print(document, form)
    _say(msgspec.json.format(msgspec.json.encode(shown_run(run)), indent=1).decode())
    for work, calls in alone.items():
        _name(work, calls)
    if why is not None:
        _say(f"THE REPORT ABOVE IS NOT WHAT WAS STAGED: {why}")
    return 0 if why is None else ALTERED


async def altered(run: Rerating, reratings: Reratings, documents: Documents) -> str | None:
    """Why a run's report, pairs and row are not one; None where they are."""
    try:
        await reviewed_pairs(run, reratings, documents)
    except RerateRefused as refused:
        return str(refused)
    return None


async def _staging(
    settings: Settings,
    clients: Clients,
    ledger: ProjectedLedger,
    scope: Scope,
    choice: BookChoice,
) -> tuple[Book, Staging]:
    if scope.from_day >= scope.to_day:
        raise RerateRefused(f"--from {scope.from_day} is not before --to {scope.to_day}")
    book = await chosen_book(settings, clients, choice)
    check_currencies(book, ledger)
    people = await People(clients.tables, now=now_utc).directory()
    calls = scan(clients.tables, ledger.meta, people, scope)
    kept = RawUsage(clients.tables)
    return book, await rate_scope(calls, book, scope, place=ledger.place, raw_usage=kept)


async def chosen_book(settings: Settings, clients: Clients, choice: BookChoice) -> Book:
    """RerateRefused for a version that the archive does not have; Altered names a damaged blob."""
    if choice.version is None:
        return load_book(
            choice.files or settings.price_books, origins=settings.price_sources.split(",")
        )
    book = await clients.price_books.intact(choice.version)
    if book is None:
        raise RerateRefused(f"no book {choice.version!r} is in the archive of price books")
    return book


async def _worker(settings: Settings, clients: Clients, reratings: Reratings) -> RunWorker:
    ledger = await standing_ledger(clients, settings)
    return RunWorker(ledger, reratings, clients.rerating_documents, now=now_utc)


def _moves(bar: Progress, work: Work) -> Progressed:
    task = bar.add_task(work.value, total=None)

    def progressed(done: int, of: int) -> None:
        bar.update(task, completed=done, total=of)

    return progressed


def _print(document: bytes, form: str) -> None:
    report = shown_report(msgspec.json.decode(document))
    if form == "json":
        print(msgspec.json.format(msgspec.json.encode(report), indent=1).decode())
    elif form == "csv":
        sys.stdout.write(as_csv(report))
    else:
        print(as_table(report))


def _done(
    run: Rerating, settled: Settled, work: Work, alone: list[LeftAlone], *, as_json: bool
) -> None:
    if as_json:
        print_json({**shown_run(run), "left_alone": alone})
    else:
        _name(work, alone)
    _say(f"run {run.run} is {run.state}: {settled.done} calls changed, {settled.left} left alone")


def _name(work: Work, calls: list[LeftAlone]) -> None:
    for call in calls:
        print(f"{work} left alone\t{call.partition}\t{call.entry_key}\t{call.reason}")
    if len(calls) == LISTED_MAX:
        _say(f"{work}: only the first {LISTED_MAX:,} that were left alone are listed")


def _say(text: str) -> None:
    print(text, file=sys.stderr)
