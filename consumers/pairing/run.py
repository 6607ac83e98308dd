"""The verb `pair`: read both hubs, sweep, until told to end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

from consumers.errors import GivenUp
from consumers.log_actions import Action
from consumers.pairing.decide import Waits
from consumers.pairing.diagnostics_intake import DiagnosticsIntake
from consumers.pairing.hub_publisher import HubPublisher, make_producer
from consumers.pairing.intake import Pairing, UsageIntake
from consumers.pairing.settlement import Publisher, Settlement
from consumers.pairing.stream_time import StreamTime
from consumers.pairing.sweeper import Sweeper
from consumers.receiving.storage_retry import until_answered
from consumers.running.clients import Clients, open_clients
from consumers.running.receive_loop import receive_on, set_for_batches
from consumers.settings import Settings
from table_api.completeness.hours import HourSummer
from table_api.consumer_state.raw_usage import RawUsage
from table_api.ledger.meta import read_meta
from table_api.open_calls.counted_calls import CountedCalls
from table_api.open_calls.table import OpenCalls
from table_api.storage.timestamp import now_utc
from table_api.usage.cell_reads import LedgerReads
from telemetry.log import Log

KEPT_AFTER_RETENTION_DAYS = 7
"""A replayed event must find the facts and decisions of its first reading."""
MEMORY_OVERLAP = timedelta(hours=1)
"""Events of so long after what pairing may have forgotten are heard by it and looked up too."""
_log = Log("consumers")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingClients:
    """The clients of both hubs."""

    usage: Clients
    diagnostics: Clients


async def pair(
    settings: Settings, *, ended: asyncio.Event, until_idle_s: float | None = None
) -> None:
    """Pair until `ended` is set, or until both hubs were caught up for `until_idle_s`.

    Raises TooManyDeadLetters, PartitionStalled or table_api.errors.LedgerMismatch; hubs and storage
    that are down are waited for.
    """
    set_for_batches()
    async with open_both(settings) as clients:
        hubs = f"{clients.usage.hub.address.hub} and {clients.diagnostics.hub.address.hub}"
        _log.info(Action.STARTED, f"pairing {hubs} of {clients.usage.hub.address.host}")
        async with make_producer(clients.usage.hub.address) as producer:
            pairing = make_pairing(settings, clients, HubPublisher(producer))
            with contextlib.suppress(GivenUp):
                await until_answered(
                    lambda: _prepare(clients, pairing), what="start", partition="", ended=ended
                )
                await _run(settings, clients, pairing, ended=ended, until_idle_s=until_idle_s)
        _log.info(Action.STOPPED, "stopped")


@contextlib.asynccontextmanager
async def open_both(settings: Settings) -> AsyncIterator[PairingClients]:
    """Clients of both hubs and of what pairing keeps."""
    usage, diagnostics = hub_settings(settings)
    async with open_clients(usage) as of_usage, open_clients(diagnostics) as of_diagnostics:
        yield PairingClients(usage=of_usage, diagnostics=of_diagnostics)


def hub_settings(settings: Settings) -> tuple[Settings, Settings]:
    """The settings of each hub's reader: usage, diagnostics."""
    usage = replace(settings, consumer_group=settings.pairing_group)
    return usage, replace(
        usage,
        eventhub_name=settings.diagnostics_hub_name,
        eventhub_namespace=settings.diagnostics_eventhub_namespace or settings.eventhub_namespace,
    )


def make_pairing(settings: Settings, clients: PairingClients, publisher: Publisher) -> Pairing:
    """What the intakes of both hubs share."""
    calls = OpenCalls(clients.usage.tables)
    keep = timedelta(days=settings.hub_retention_days + KEPT_AFTER_RETENTION_DAYS)
    waits = Waits(
        grace=timedelta(seconds=settings.pairing_grace_s),
        timeout=timedelta(seconds=settings.pairing_timeout_s),
        background=timedelta(seconds=settings.pairing_background_timeout_s),
    )
    return Pairing(
        calls=calls,
        settlement=Settlement(calls, publisher, waits, now=now_utc),
        stream_time=StreamTime(
            [clients.usage.hub, clients.diagnostics.hub], clients.usage.progress, now=now_utc
        ),
        waits=waits,
        counted=CountedCalls(
            calls, clients.usage.purged_hours, before=now_utc() - keep + MEMORY_OVERLAP
        ),
        keep=keep,
        now=now_utc,
        hours=HourSummer(clients.usage.tables, LedgerReads(clients.usage.tables, now=now_utc)),
        raw_usage=RawUsage(clients.usage.tables),
        raw_usage_keep=timedelta(days=settings.raw_usage_days),
    )


async def _prepare(clients: PairingClients, pairing: Pairing) -> None:
    await read_meta(clients.usage.tables)  # a later release may keep open calls otherwise
    await pairing.calls.create()
    await pairing.counted.purged.create()
    await clients.usage.progress.create()
    await clients.usage.checkpoint_container.create_container()
    for each in (clients.usage, clients.diagnostics):
        await each.dead_letters.create()
    # Before the first event: what was purged by now is judged by it.
    await pairing.stream_time.look()


async def _run(
    settings: Settings,
    clients: PairingClients,
    pairing: Pairing,
    *,
    ended: asyncio.Event,
    until_idle_s: float | None,
) -> None:
    """Both readers and the sweeper. The first failure ends the others, which drain and save."""
    usage, diagnostics = hub_settings(settings)
    readers = (
        (
            clients.usage,
            usage,
            UsageIntake(usage.eventhub_name, pairing, clients.usage.dead_letters),
        ),
        (
            clients.diagnostics,
            diagnostics,
            DiagnosticsIntake(diagnostics.eventhub_name, pairing, clients.diagnostics.dead_letters),
        ),
    )
    sweeper = Sweeper(pairing, interval_s=settings.pairing_sweep_interval_s)
    tasks = [
        asyncio.create_task(receive_on(each, of_hub, intake, ended=ended, until_idle_s=None))
        for each, of_hub, intake in readers
    ]
    tasks.append(asyncio.create_task(sweeper.run(ended, until_idle_s=until_idle_s)))
    await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    ended.set()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
