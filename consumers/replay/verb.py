"""The verb `replay`: opens the source, shows how far it is, and reports what it found."""

import asyncio
import contextlib
import hashlib
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from consumers.dead_letters.letter_store import MemoryDeadLetters
from consumers.metering.call_rating import CallRating
from consumers.metering.counted_once import CountedOnce
from consumers.metering.metering import Metering, Poster
from consumers.metering.open_metering import check_currencies, ledger_to_look_at, open_ledger
from consumers.pairing.intake import UsageIntake
from consumers.pairing.open_intakes import open_intakes, pairing_path
from consumers.receiving.hub import EventHub
from consumers.replay.arguments import ReplayRequest
from consumers.replay.capture_files import ContainerFiles, DirectoryFiles
from consumers.replay.capture_source import CaptureSource
from consumers.replay.differences import WatchingPoster, staged
from consumers.replay.hub_source import HubSource
from consumers.replay.letter_replay import open_letters, replay_letters
from consumers.replay.replay import Replay, Tally
from consumers.replay.report import as_json_text, as_text
from consumers.replay.source import Period, Source
from consumers.rerating.stage import Staging, keep_and_warn
from consumers.running.clients import Clients, open_clients
from consumers.running.receive_loop import set_for_batches
from consumers.running.signals import until_signalled
from consumers.settings import Settings
from pricing_rules.price_book.book import load_book
from table_api.consumer_state.raw_usage import RawUsage
from table_api.consumer_state.replay_positions import ReplayPositions
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.people.people import People
from table_api.rerating.runs_table import Reratings
from table_api.rerating.stored_report import shown_report
from table_api.storage.connection import open_container_at
from table_api.storage.timestamp import now_utc

NOT_ALL_WAS_READ = 1


async def replay(settings: Settings, request: ReplayRequest, *, as_json: bool = False) -> int:
    """Replay. 1 when something could not be read: it is named, and the rest is replayed."""
    _period(request)  # refused before anything is opened
    ended = until_signalled()
    set_for_batches()
    async with open_clients(settings) as clients, _pairing(settings, request) as pairing:
        opened = ledger_to_look_at if request.dry_run else open_ledger
        ledger = await opened(clients, settings)
        watching = WatchingPoster(ledger, clients.price_books, dry_run=request.dry_run)
        poster: Poster = watching
        if pairing is not None:
            poster = CountedOnce(watching, ledger, pairing.counted)
        metering = await _metering(settings, clients, ledger, poster, request)
        if request.dead_letters:
            tally = await _letters(clients, metering, pairing, request, ended)
        else:
            async with _source(settings, clients, request) as source:
                tally = await _replayed(source, metering, pairing, clients, request, ended)
        would_be = _would_stage(tally, watching, ledger, request)
        if as_json:
            print(as_json_text(tally, watching, would_be))
        else:
            print(as_text(tally, watching, would_be, dry_run=request.dry_run))
        if tally.resumed:
            _say("went on where it was interrupted: these numbers leave out what was read before")
        if not tally.complete:
            _say(f"interrupted; the same command {_again(request)}")
            return NOT_ALL_WAS_READ
        if request.stage:
            staging = _staging(watching, ledger)
            await _stage(staging, clients, dry_run=request.dry_run)
    return NOT_ALL_WAS_READ if tally.findings else 0


def _again(request: ReplayRequest) -> str:
    if request.dry_run or request.stage:
        return "begins again, and finds in the ledger what was posted"
    return "goes on from here"


@contextlib.asynccontextmanager
async def _pairing(settings: Settings, request: ReplayRequest) -> AsyncIterator[UsageIntake | None]:
    """What hears the events besides metering; None where nothing is written."""
    if request.dry_run:
        yield None
        return
    async with open_intakes(settings) as (usage, _):
        yield usage


@contextlib.asynccontextmanager
async def _source(
    settings: Settings, clients: Clients, request: ReplayRequest
) -> AsyncIterator[Source]:
    period = _period(request)
    if request.hub:
        hub = EventHub(replace(clients.hub.address, group=request.group))
        try:
            yield HubSource(hub, period)
        finally:
            await hub.close()
        return
    capture = request.capture or ""
    if capture.startswith(("https://", "http://")):
        async with open_container_at(capture, settings.storage) as container:
            yield CaptureSource(ContainerFiles(container), settings.eventhub_name, period)
    else:
        files = DirectoryFiles(Path(capture))
        yield CaptureSource(files, settings.eventhub_name, period)


async def _metering(
    settings: Settings,
    clients: Clients,
    ledger: ProjectedLedger,
    poster: Poster,
    request: ReplayRequest,
) -> Metering:
    book = load_book(settings.price_books, origins=settings.price_sources.split(","))
    check_currencies(book, ledger)
    if not request.dry_run:
        await clients.price_books.keep(book)
        await clients.dead_letters.create()
        await RawUsage(clients.tables).create()
    rating = CallRating(book, People(clients.tables, now=now_utc), ledger.meta.calendar)
    await rating.refresh()
    return Metering(
        hub=settings.eventhub_name,
        rating=rating,
        ledger=poster,
        dead_letters=MemoryDeadLetters() if request.dry_run else clients.dead_letters,
        now=now_utc,
        raw_usage=None if request.dry_run else RawUsage(clients.tables),
    )


async def _replayed(
    source: Source,
    metering: Metering,
    pairing: UsageIntake | None,
    clients: Clients,
    request: ReplayRequest,
    ended: asyncio.Event,
) -> Tally:
    partitions = await source.partitions()
    positions = None
    # What differs is known to the process that read it: to stage all of it, all is read again.
    if not (request.dry_run or request.stage):
        positions = ReplayPositions(clients.tables, replay_name(source.hub, request))
    total = sum(source.size(partition) for partition in partitions)
    with replay_bar(total) as bar:

        def progressed(read: int) -> None:
            bar.advance(read, replaying.tally.events)

        replaying = Replay(
            source, metering, positions, pairing=pairing, ended=ended, progressed=progressed
        )
        return await replaying.run(partitions)


async def _letters(
    clients: Clients,
    metering: Metering,
    pairing: UsageIntake | None,
    request: ReplayRequest,
    ended: asyncio.Event,
) -> Tally:
    chosen = await open_letters(clients.dead_letters, _period(request))
    with replay_bar(len(chosen)) as bar:
        return await replay_letters(
            clients.dead_letters,
            metering,
            chosen,
            pairing=None if pairing is None else pairing_path(pairing),
            ended=ended,
            progressed=lambda tally: bar.advance(1, tally.events),
        )


def _period(request: ReplayRequest) -> Period:
    return Period(from_time=request.from_time, to_time=request.to_time)


def replay_name(hub: str, request: ReplayRequest) -> str:
    """The same command has the same name, so it goes on where it was interrupted."""
    said = (hub, request.capture, request.hub, request.from_time, request.to_time)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _staging(watching: WatchingPoster, ledger: ProjectedLedger) -> Staging:
    settings = ledger.meta.settings
    return staged(watching.found, (settings.pricing_currency, settings.billing_currency))


def _would_stage(
    tally: Tally, watching: WatchingPoster, ledger: ProjectedLedger, request: ReplayRequest
) -> dict[str, Any] | None:
    if not (request.stage and request.dry_run and tally.complete and watching.found):
        return None
    document = _staging(watching, ledger).document(run=None)
    return shown_report(msgspec.json.decode(document))


async def _stage(staging: Staging, clients: Clients, *, dry_run: bool) -> None:
    if dry_run:
        _say("nothing is written: this is what would be staged")
        return
    run, warnings = await keep_and_warn(
        staging, Reratings(clients.tables), clients.rerating_documents, at=now_utc()
    )
    for warning in warnings:
        _say(warning)
    _say(f"run {run.run} is {run.state}: `rerate show {run.run}`, then `rerate approve`")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


class ReplayBar:
    """Moves by the bytes or events that were read, and shows how many events that is."""

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
    """Shown while the block runs."""
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:.0f} % {task.fields[events]} events, {task.fields[rate]}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield ReplayBar(progress, total)
