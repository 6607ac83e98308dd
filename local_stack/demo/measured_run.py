"""Sends events and calls through the running stack, waits until all are durable, and counts the
results."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import httpx

from local_stack.demo.demo_box import DemoBox
from local_stack.demo.stack import METERING_GROUP, USAGE_HUB, Ports, start_pairing
from local_stack.demo.supervisor import Supervisor, cpu_seconds
from local_stack.errors import LocalStackError
from local_stack.gateway.identity import DEFAULT_KEY
from local_stack.gateway.traffic import LiveTraffic, call_gateway
from local_stack.send import send_events
from local_stack.traffic.paired_calls import paired_calls
from local_stack.traffic.usage_event import OutgoingEvent
from pricing_rules.money import format_pico
from pricing_rules.price_book.ages import is_old
from table_api.audit.last_audit import save_audit
from table_api.audit.ledger_audit import AuditReport, audit
from table_api.consumer_state.progress import Count, ProgressTable
from table_api.ledger.keys import CELL_ROWS
from table_api.ledger.meta import read_meta
from table_api.open_calls.decision import PairingState
from table_api.prices.price_list import PriceList
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
class Traffic:
    """What one run sends, in this order."""

    events: Iterable[OutgoingEvent] | None = None
    """Events that go straight to the event hub."""
    live: LiveTraffic | None = None
    """Calls that go through the gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What was sent, and what sending and metering it took."""

    events: int = 0
    timed_events: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    gateway_calls: int = 0
    gateway_dropped: int = 0
    states: Counter[PairingState] = field(default_factory=Counter)
    """The gateway's calls by state."""


async def measured_run(
    traffic: Traffic,
    *,
    storage: TableStorage,
    ports: Ports,
    metering_pid: int,
    supervisor: Supervisor,
    tell: Callable[[str], None],
) -> DemoBox:
    """Send, wait, audit. Stalled, ChildEnded, SendFailed or GatewayFault when a part does not do
    its work."""
    await _durable(storage, ports, supervisor)  # what an interrupted run left behind
    before = await _standing(storage)

    async def durable() -> None:
        await _durable(storage, ports, supervisor)

    started = datetime.now(UTC)
    sent = await _send(
        traffic,
        ports,
        metering_pid,
        durable=durable,
        pair=lambda: start_pairing(supervisor, ports),
        tell=tell,
    )
    if sent.gateway_calls:
        tell("waiting until the gateway's log has completed its calls")
        calls = sent.gateway_calls
        states = await paired_calls(storage, started, calls=calls, watch=supervisor.check)
        await durable()  # what pairing published
        sent = replace(sent, states=states)
    after = await _standing(storage)
    tell("adding everything up again")
    audited = await audit(storage, now=datetime.now(UTC))
    await save_audit(storage, audited)
    counted = after.counts - before.counts
    meta = await read_meta(storage)
    old, prices = await prices_in_use(storage)
    urls, key = ports.urls, None
    if traffic.live is not None:
        urls, key = {**urls, "base_url": ports.base_url}, DEFAULT_KEY
    return DemoBox(
        sent=sent.events,
        posted=after.calls - before.calls,
        duplicates=counted[Count.DUPLICATES],
        deferred=counted[Count.DEFERRED],
        dead_lettered=counted[Count.DEAD_LETTERED],
        unpriced=after.unpriced,
        total_cost=format_pico(audited.charge),
        currency=meta.settings.pricing_currency if meta else "",
        audit=_verdict(audited),
        seconds=round(sent.seconds, 1),
        timed_events=sent.timed_events,
        cpu_us_per_event=(
            round(sent.cpu_s * 1e6 / sent.timed_events, 1) if sent.timed_events else 0.0
        ),
        urls=urls,
        gateway_calls=sent.gateway_calls,
        gateway_dropped=sent.gateway_dropped,
        completed=sent.states[PairingState.COMPLETED],
        recovered=sent.states[PairingState.RECOVERED],
        no_usage=sent.states[PairingState.NO_USAGE],
        unattributed=sent.states[PairingState.UNATTRIBUTED],
        waiting=sent.states[PairingState.WAITING],
        old_prices=old,
        prices=prices,
        key=key,
    )


async def prices_in_use(storage: TableStorage) -> tuple[int, int]:
    """How many prices that a deployment may be priced by are old, and how many there are."""
    now = datetime.now(UTC)
    listed = PriceList(storage)
    book = await listed.in_use()
    if book is None:
        return 0, 0
    used = [
        price
        for price in await listed.prices()
        if price.book_version == book.version and price.deployments and price.holds(now)
    ]
    old = sum(is_old(price.checked, now.date(), book.age_days_max) for price in used)
    return old, len(used)


async def _send(
    traffic: Traffic,
    ports: Ports,
    metering_pid: int,
    *,
    durable: Callable[[], Awaitable[None]],
    pair: Callable[[], Awaitable[None]],
    tell: Callable[[str], None],
) -> Sent:
    """Send both parts; the first part that exists is the one that is timed."""
    sent = Sent()
    cpu_before, started = cpu_seconds(metering_pid), time.monotonic()

    def timed(events: int) -> Sent:
        seconds = time.monotonic() - started
        cpu_s = cpu_seconds(metering_pid) - cpu_before
        return Sent(events=events, timed_events=events, seconds=seconds, cpu_s=cpu_s)

    if traffic.events is not None:
        tell("metering the events of two months" if traffic.live else "metering events")
        report = await send_events(ports.event_hubs, USAGE_HUB, traffic.events)
        await durable()
        sent = timed(report.sent)
    if traffic.live is not None:
        await pair()
        tell(f"making {traffic.live.calls:,} calls through the gateway")
        counts = await call_gateway(ports.gateway_url, traffic.live)
        await durable()
        events = counts.events - counts.dropped
        sent = timed(events) if traffic.events is None else sent
        sent = replace(
            sent,
            events=events if traffic.events is None else sent.events + events,
            gateway_calls=counts.calls,
            gateway_dropped=counts.dropped,
        )
    return sent


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
