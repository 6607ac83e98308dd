"""The verb `replay`: chooses the source, shows how far it is, says what it found."""

import argparse
import asyncio
import contextlib
import hashlib
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from consumers.dead_letters.letters import MemoryDeadLetters
from consumers.metering.call_rating import CallRating
from consumers.metering.metering import Metering
from consumers.metering.open_metering import ledger_to_look_at, open_ledger
from consumers.pairing.redrive import open_pairing_path
from consumers.receiving.hub import EventHub
from consumers.replay.capture_files import ContainerFiles, DirectoryFiles
from consumers.replay.capture_source import CaptureSource
from consumers.replay.differences import WatchingPoster, staged
from consumers.replay.hub_source import HubSource
from consumers.replay.letters import open_letters, replay_letters
from consumers.replay.replay import Replay, Tally
from consumers.replay.source import Period, Source
from consumers.rerating.diff_text import as_table
from consumers.rerating.stage import keep_staging, overlapping
from consumers.running.clients import Clients, open_clients
from consumers.settings import Settings
from pricing_rules.price_book.book import load_book
from table_api.consumer_state.replay_positions import ReplayPositions
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.people.people import People
from table_api.rerating.runs_table import Reratings
from table_api.storage.connection import open_container_at
from table_api.storage.timestamp import now_utc

NOT_ALL_WAS_READ = 1
DIFFERENCES_SHOWN_MAX = 20


async def replay(settings: Settings, arguments: argparse.Namespace) -> int:
    """1 when something could not be read; it is named, and the rest was replayed."""
    _period(arguments)  # refused before anything is opened
    ended = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, ended.set)
    async with open_clients(settings) as edges:
        opened = ledger_to_look_at if arguments.dry_run else open_ledger
        ledger = await opened(edges, settings)
        watching = WatchingPoster(ledger, edges.price_books, dry_run=arguments.dry_run)
        metering = await _metering(settings, edges, ledger, watching, arguments)
        if arguments.dead_letters:
            tally = await _letters(settings, edges, metering, arguments, ended)
        else:
            async with _source(settings, edges, arguments) as source:
                tally = await _replayed(source, metering, edges, arguments, ended)
        _report(tally, watching, dry_run=arguments.dry_run)
        if not tally.complete:
            _say(f"ended before its end; the same command {_again(arguments)}")
            return NOT_ALL_WAS_READ
        if arguments.stage:
            await _stage(watching, edges, ledger, dry_run=arguments.dry_run)
    return NOT_ALL_WAS_READ if tally.findings else 0


def _again(arguments: argparse.Namespace) -> str:
    if arguments.dry_run or arguments.stage:
        return "begins anew, and what was posted is found standing"
    return "goes on from here"


@contextlib.asynccontextmanager
async def _source(
    settings: Settings, edges: Clients, arguments: argparse.Namespace
) -> AsyncIterator[Source]:
    period = _period(arguments)
    if arguments.hub:
        hub = EventHub(replace(edges.hub.address, group=arguments.group))
        try:
            yield HubSource(hub, period)
        finally:
            await hub.close()
    elif arguments.capture.startswith(("https://", "http://")):
        async with open_container_at(arguments.capture, settings.storage) as container:
            yield CaptureSource(ContainerFiles(container), settings.eventhub_name, period)
    else:
        files = DirectoryFiles(Path(arguments.capture))
        yield CaptureSource(files, settings.eventhub_name, period)


async def _metering(
    settings: Settings,
    edges: Clients,
    ledger: ProjectedLedger,
    watching: WatchingPoster,
    arguments: argparse.Namespace,
) -> Metering:
    book = load_book(settings.price_books)
    if not arguments.dry_run:
        await edges.price_books.keep(book)
        await edges.dead_letters.create()
    rating = CallRating(book, People(edges.tables, now=now_utc), ledger.meta.calendar)
    await rating.refresh()
    return Metering(
        hub=settings.eventhub_name,
        rating=rating,
        ledger=watching,
        dead_letters=MemoryDeadLetters() if arguments.dry_run else edges.dead_letters,
        now=now_utc,
    )


async def _replayed(
    source: Source,
    metering: Metering,
    edges: Clients,
    arguments: argparse.Namespace,
    ended: asyncio.Event,
) -> Tally:
    partitions = await source.partitions()
    positions = None
    # What differs is known to the process that read it: to stage all of it, all is read again.
    if not (arguments.dry_run or arguments.stage):
        positions = ReplayPositions(edges.tables, replay_name(source.hub, arguments))
    total = sum(source.size(partition) for partition in partitions)
    with replay_bar(total) as bar:

        def progressed(read: int) -> None:
            bar.advance(read, replaying.tally.events)

        replaying = Replay(source, metering, positions, ended=ended, progressed=progressed)
        return await replaying.run(partitions)


async def _letters(
    settings: Settings,
    edges: Clients,
    metering: Metering,
    arguments: argparse.Namespace,
    ended: asyncio.Event,
) -> Tally:
    chosen = await open_letters(edges.dead_letters, _period(arguments))
    async with contextlib.AsyncExitStack() as opened:
        pairing = None
        if not arguments.dry_run:
            pairing = await opened.enter_async_context(
                open_pairing_path(settings, diagnostics=False)
            )
        with replay_bar(len(chosen)) as bar:
            return await replay_letters(
                edges.dead_letters,
                metering,
                chosen,
                pairing=pairing,
                ended=ended,
                progressed=lambda tally: bar.advance(1, tally.events),
            )


def _period(arguments: argparse.Namespace) -> Period:
    return Period(from_time=arguments.from_time, to_time=arguments.to_time)


def replay_name(hub: str, arguments: argparse.Namespace) -> str:
    """The same command is the same replay, which goes on where it was interrupted."""
    said = (hub, arguments.capture, arguments.hub, arguments.from_time, arguments.to_time)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _report(tally: Tally, watching: WatchingPoster, *, dry_run: bool) -> None:
    counts = ", ".join(f"{number} {name}" for name, number in sorted(tally.counts.items()))
    would = "would be: " if dry_run else ""
    print(f"{tally.events} events, {would}{counts or 'nothing'}, {len(watching.found)} differs")
    for row, after, _ in watching.found[:DIFFERENCES_SHOWN_MAX]:
        before = {name: amount for name, amount in row.measures.items() if amount}
        print(f"differs\t{row.partition}\t{row.entry_key}\t{before} → {after.measures}")
    for calls in watching.not_compared:
        print(f"not compared\t{calls}")
    for finding in tally.findings:
        print(f"not read\t{finding}")
    if tally.resumed:
        _say("went on where it was interrupted: what was read before is not in these numbers")


async def _stage(
    watching: WatchingPoster, edges: Clients, ledger: ProjectedLedger, *, dry_run: bool
) -> None:
    settings = ledger.meta.settings
    staging = staged(watching.found, (settings.pricing_currency, settings.billing_currency))
    if dry_run:
        print(as_table(msgspec.json.decode(staging.document(run=None))))
        _say("nothing is written: this is what would be staged")
        return
    reratings = Reratings(edges.tables)
    run = await keep_staging(staging, reratings, edges.rerating_documents, at=now_utc())
    for other in overlapping(run, await reratings.all()):
        _say(f"overlaps run {other.run} ({other.state}): what one changes the other leaves alone")
    _say(f"run {run.run} is {run.state}: `rerate show {run.run}`, then `rerate approve`")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


class ReplayBar:
    """Moves by what was read of the source's size, and says the events."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("replay", total=total, events=0, rate=0)
        self._started = time.monotonic()

    def advance(self, read: int, events: int) -> None:
        """`read` more of the size; `events` in all."""
        elapsed_s = max(time.monotonic() - self._started, 0.001)
        rate = round(events / elapsed_s)
        self._progress.update(self._task, advance=read, events=events, rate=rate)


@contextmanager
def replay_bar(total: int) -> Iterator[ReplayBar]:
    """Shown for the time of the block."""
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:.0f} % {task.fields[events]} events, {task.fields[rate]}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield ReplayBar(progress, total)
