"""The stack that runs: how far its metering is, and what its ledger holds."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx

from local_stack.demo.stack import METERING_GROUP, USAGE_HUB, Ports
from local_stack.demo.supervisor import Supervisor
from local_stack.errors import LocalStackError
from local_stack.send import send_events
from local_stack.traffic.usage_event import OutgoingEvent
from table_api.consumer_state.progress import Count, ProgressTable
from table_api.ledger.keys import CELL_ROWS
from table_api.storage.table_storage import TableStorage

STALLED_S_MAX = 120.0
"""If the consumer makes no progress for this many seconds, the run fails."""
POLL_INTERVAL_S = 0.25


class Stalled(LocalStackError):
    """The consumer made no progress; the message gives its position."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger and the consumer's counters hold at one moment."""

    calls: int
    unpriced: int
    counts: Counter[Count]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The stack that runs."""

    storage: TableStorage
    ports: Ports
    data: Path
    metering_pid: int
    supervisor: Supervisor
    tell: Callable[[str], None]
    """Gets a line for each step."""

    async def durable(self) -> None:
        """Wait until all that the hub has is metered."""
        await _durable(self.storage, self.ports, self.supervisor)

    async def send(self, events: Iterable[OutgoingEvent]) -> int:
        """Send events and wait for them; gives their number."""
        report = await send_events(self.ports.event_hubs, USAGE_HUB, events)
        await self.durable()
        return report.sent


async def standing(storage: TableStorage) -> Standing:
    calls = unpriced = 0
    async for partition in storage.partitions("ledger"):
        async for page in storage.query(
            "ledger", partition, CELL_ROWS, select=["RowKey", "calls", "unpriced"]
        ):
            calls += sum(int(row["calls"]) for row in page)
            unpriced += sum(int(row.get("unpriced", 0)) for row in page)
    counts: Counter[Count] = Counter()
    for progress in await ProgressTable(storage).of_group(USAGE_HUB, METERING_GROUP):
        counts.update(progress.counts)
    return Standing(calls, unpriced, counts)


async def _durable(storage: TableStorage, ports: Ports, supervisor: Supervisor) -> None:
    """Wait until the consumer has passed the last event of every partition."""
    table = ProgressTable(storage)
    last = await _last_sequence_numbers(ports)
    seen: dict[str, int] = {}
    moved = time.monotonic()
    while True:
        supervisor.check()
        passed = {
            progress.partition: progress.sequence_number
            for progress in await table.of_group(USAGE_HUB, METERING_GROUP)
        }
        if all(passed.get(partition, -1) >= number for partition, number in last.items()):
            return
        if passed != seen:
            seen, moved = passed, time.monotonic()
        if time.monotonic() - moved > STALLED_S_MAX:
            raise Stalled(f"the consumer is at {passed} of {last}; {supervisor.tail('metering')}")
        await asyncio.sleep(POLL_INTERVAL_S)


async def _last_sequence_numbers(ports: Ports) -> dict[str, int]:
    """The last number of each partition that has had an event."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{ports.admin}/hubs")
    answer.raise_for_status()
    [hub] = [hub for hub in answer.json() if hub["name"] == USAGE_HUB]
    return {
        partition["id"]: partition["last_sequence_number"]
        for partition in hub["partitions"]
        if partition["last_sequence_number"] >= 0
    }
