"""The verb `run`: opens all that metering needs and receives until it is told to end."""

import asyncio
import contextlib

from consumers.errors import GivenUp
from consumers.log_actions import Action
from consumers.metering.metering import Metering
from consumers.metering.open_metering import open_metering
from consumers.receiving.storage_retry import until_answered
from consumers.running.clients import Clients, open_clients
from consumers.running.receive_loop import receive_on, set_for_batches
from consumers.settings import Settings
from pricing_rules.price_book.book import Book, load_book
from telemetry.log import Log

_log = Log("consumers")


async def run(
    settings: Settings, *, ended: asyncio.Event, until_idle_s: float | None = None
) -> None:
    """Meter until `ended` is set, or idle for `until_idle_s`.

    Raises TooManyDeadLetters, PartitionStalled after STALLED_CLIENTS_MAX clients, or
    table_api.errors.LedgerMismatch; hub and storage that are down are waited for.
    """
    book = load_book(settings.price_books, origins=settings.price_sources.split(","))
    set_for_batches()
    async with open_clients(settings) as clients:
        _log.info(Action.STARTED, f"metering {clients.hub.address.host}/{settings.eventhub_name}")
        with contextlib.suppress(GivenUp):
            metering = await until_answered(
                lambda: _open(clients, settings, book), what="start", partition="", ended=ended
            )
            await receive_on(clients, settings, metering, ended=ended, until_idle_s=until_idle_s)
        _log.info(Action.STOPPED, "stopped")


async def _open(clients: Clients, settings: Settings, book: Book) -> Metering:
    metering = await open_metering(clients, settings, book, project_at_once=False)
    await clients.progress.create()
    await clients.checkpoint_container.create_container()
    await clients.dead_letters.create()
    return metering
