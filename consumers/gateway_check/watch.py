"""What both hubs say from now on: a reader of its own group, which disturbs no consumer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from azure.eventhub import EventData
from azure.eventhub.aio import PartitionContext

from consumers.gateway_log.decode import records_of
from consumers.receiving.hub import HubAddress, make_client
from consumers.receiving.receiver import bytes_of
from pricing_rules.decoding.invalid_event import InvalidField

EVENTS_KEPT_MAX = 200_000
"""Of each hub, other people's calls among them."""


@dataclass(slots=True)
class Heard:
    """Bodies of both hubs since the watch began, as JSON; what is none is left out."""

    events: list[dict[str, Any]] = field(default_factory=list)
    """Of the usage hub, each with its partition key as `partition_key`."""
    records: list[dict[str, Any]] = field(default_factory=list)
    """Of the gateway's log."""
    failures: list[str] = field(default_factory=list)
    """Why a hub could not be read."""


@contextlib.asynccontextmanager
async def watching(
    usage: HubAddress, diagnostics: HubAddress, *, since: datetime
) -> AsyncIterator[Heard]:
    """Reads for the time of the block."""
    heard = Heard()
    tasks = [
        asyncio.create_task(_read(usage, since, heard, heard.events)),
        asyncio.create_task(_read(diagnostics, since, heard, heard.records)),
    ]
    try:
        yield heard
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(
    address: HubAddress, since: datetime, heard: Heard, into: list[dict[str, Any]]
) -> None:
    async def on_events(_context: PartitionContext, events: list[EventData]) -> None:
        for event in events:
            if len(into) < EVENTS_KEPT_MAX:
                into.extend(documents_of(event))

    async def on_error(_context: PartitionContext | None, error: Exception) -> None:
        heard.failures.append(f"hub {address.hub}, group {address.group}: {error}")

    async with make_client(address) as client:
        await client.receive_batch(on_events, starting_position=since, on_error=on_error)


def documents_of(event: EventData) -> list[dict[str, Any]]:
    """What one event says, read as the consumers read it; a usage event with its key."""
    try:
        records = records_of(bytes_of(event.body))
    except InvalidField:
        return []
    key = event.partition_key
    at = {"partition_key": key.decode() if isinstance(key, bytes) else key}
    return [record | at for record in records if isinstance(record, dict)]
