"""Sends events through the running stack, waits until all are durable, counts what came of it."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from local_stack.demo_box import DemoBox
from local_stack.errors import LocalStackError
from local_stack.send import send_events
from local_stack.stack import METERING_GROUP, USAGE_HUB, Ports
from local_stack.supervisor import Supervisor, cpu_seconds
from local_stack.usage_event import OutgoingEvent
from pricing_rules.money import format_pico
from table_api.audit import AuditReport, audit, save_audit
from table_api.keys import CELL_ROWS
from table_api.meta import read_meta
from table_api.progress import Count, ProgressTable
from table_api.storage import TableStorage

STALLED_S_MAX = 120.0
"""Without any progress of the consumer for so long, the run fails."""
POLL_INTERVAL_S = 0.25


class Stalled(LocalStackError):
    """The consumer made no progress; the message says where it stands."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger and the consumer's counters hold at one moment."""

    calls: int
    unpriced: int
    counts: Counter[Count]


async def measured_run(
    events: Iterable[OutgoingEvent],
    *,
    storage: TableStorage,
    ports: Ports,
    metering_pid: int,
    supervisor: Supervisor,
) -> DemoBox:
    """Send, wait, audit. Stalled, ChildEnded or SendFailed when a part does not do its work."""
    await _durable(storage, ports, supervisor)  # what an interrupted run left behind
    before = await _standing(storage)
    cpu_before, started = cpu_seconds(metering_pid), time.monotonic()
    report = await send_events(ports.event_hubs, USAGE_HUB, events)
    await _durable(storage, ports, supervisor)
    seconds = time.monotonic() - started
    cpu = cpu_seconds(metering_pid) - cpu_before
    after = await _standing(storage)
    audited = await audit(storage, now=datetime.now(UTC))
    await save_audit(storage, audited)
    counted = after.counts - before.counts
    meta = await read_meta(storage)
    return DemoBox(
        sent=report.sent,
        posted=after.calls - before.calls,
        duplicates=counted[Count.DUPLICATES],
        deferred=counted[Count.DEFERRED],
        dead_lettered=counted[Count.DEAD_LETTERED],
        unpriced=after.unpriced,
        total_cost=format_pico(audited.charge),
        currency=meta.settings.pricing_currency if meta else "",
        audit=_verdict(audited),
        seconds=round(seconds, 1),
        cpu_us_per_event=round(cpu * 1e6 / report.sent, 1) if report.sent else 0.0,
        urls=ports.urls,
    )


def _verdict(report: AuditReport) -> str:
    return "ok" if report.ok else f"{len(report.problems)} problems: {report.problems[0]}"


async def _standing(storage: TableStorage) -> Standing:
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
    """Until the consumer has passed the last event of every partition."""
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
            raise Stalled(
                f"the consumer stands at {passed} of {last}; {supervisor.tail('metering')}"
            )
        await asyncio.sleep(POLL_INTERVAL_S)


async def _last_sequence_numbers(ports: Ports) -> dict[str, int]:
    """Of each partition that has had an event."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{ports.admin}/hubs")
    answer.raise_for_status()
    [hub] = [hub for hub in answer.json() if hub["name"] == USAGE_HUB]
    return {
        partition["id"]: partition["last_sequence_number"]
        for partition in hub["partitions"]
        if partition["last_sequence_number"] >= 0
    }
