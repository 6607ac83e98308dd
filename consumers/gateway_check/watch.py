"""What both hubs say from now on: a reader of its own group, which disturbs no consumer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from azure.eventhub import EventData
from azure.eventhub.aio import PartitionContext

from consumers.receiving.hub import HubAddress, make_client

EVENTS_KEPT_MAX = 200_000
"""Of each hub, other people's calls among them."""
_decode_json = msgspec.json.Decoder().decode


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
                into.extend(_documents(event))

    async def on_error(_context: PartitionContext | None, error: Exception) -> None:
        heard.failures.append(f"hub {address.hub}, group {address.group}: {error}")

    async with make_client(address) as client:
        await client.receive_batch(on_events, starting_position=since, on_error=on_error)


def _documents(event: EventData) -> list[dict[str, Any]]:
    try:
        body = _decode_json(event.body_as_str())
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    if not isinstance(body, dict):
        return []
    if isinstance(body.get("records"), list):
        return [record for record in body["records"] if isinstance(record, dict)]
    key = event.partition_key
    return [body | {"partition_key": key.decode() if isinstance(key, bytes) else key}]
