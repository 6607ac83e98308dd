"""Sends events and calls through the running stack, waits until all are durable, and counts the
results."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import msgspec

from local_stack.demo.corrected_month import CorrectedMonth
from local_stack.demo.demo_box import DemoBox
from local_stack.demo.last_month import Bill, close_last_month, wait_until_read
from local_stack.demo.pages import start_pages, wait_for_pages
from local_stack.demo.published import publish_and_compare, publish_ledger
from local_stack.demo.running import Running, standing
from local_stack.demo.stack import (
    DIAGNOSTICS_HUB,
    Ports,
    settings,
    start_pairing,
    wait_for_gateway,
)
from local_stack.demo.supervisor import cpu_seconds
from local_stack.gateway.identity import DEFAULT_KEY
from local_stack.gateway.traffic import LiveTraffic, call_gateway
from local_stack.send import send_events
from local_stack.traffic.paired_calls import paired_calls
from local_stack.traffic.recorded_streams import RecordedStreams
from local_stack.traffic.usage_event import OutgoingEvent
from pricing_rules.money import format_pico
from pricing_rules.price_sources.ages import is_old
from table_api.audit.last_audit import save_audit
from table_api.audit.ledger_audit import AuditReport, audit
from table_api.consumer_state.progress import Count
from table_api.ledger.meta import read_meta
from table_api.open_calls.decision import PairingState
from table_api.prices.price_list import PriceList
from table_api.storage.table_storage import TableStorage


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What one run sends, in this order."""

    corrected: CorrectedMonth | None = None
    """A month that is billed and corrected before anything else is sent."""
    events: Iterable[OutgoingEvent] | None = None
    """Events that go straight to the event hub."""
    events_durable: Callable[[], None] | None = None
    """Called when the ledger has them."""
    live: LiveTraffic | None = None
    """Calls that go through the gateway."""
    streams: RecordedStreams | None = None
    """In place of these, where there is no gateway."""
    bills: bool = False
    """Whether the months that are over are closed afterwards."""

    @property
    def needs_pairing(self) -> bool:
        """Whether some of it is completed from the gateway's log."""
        return self.live is not None or self.streams is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What was sent, and what sending and metering it took."""

    events: int = 0
    timed_events: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    gateway_calls: int = 0
    gateway_dropped: int = 0
    recorded: int = 0
    """Recorded streams."""
    states: Counter[PairingState] = field(default_factory=Counter)
    """The gateway's calls, or the recorded ones, by state."""


async def measured_run(traffic: Traffic, running: Running) -> DemoBox:
    """Send, wait, audit, close. Stalled, ChildEnded, SendFailed or GatewayFault when a part does
    not do its work."""
    storage, tell = running.storage, running.tell
    await running.durable()  # what an interrupted run left behind
    before = await standing(storage)
    started = datetime.now(UTC)
    sent = await _send(traffic, running)
    if calls := sent.gateway_calls + sent.recorded:
        tell("waiting until the gateway's log has completed its calls")
        watch = running.supervisor.check
        states = await paired_calls(storage, started, calls=calls, watch=watch)
        await running.durable()  # what pairing published
        sent = replace(sent, states=states)
    after = await standing(storage)
    audited, bill, (rows, different) = await _closed(traffic, running)
    await wait_for_pages(running.supervisor, running.ports)
    counted = after.counts - before.counts
    meta = await read_meta(storage)
    old, prices = await prices_in_use(storage)
    box = DemoBox(
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
        urls=running.ports.urls,
        old_prices=old,
        prices=prices,
        invoices=bill.text if bill else None,
        credited=bill.credited if bill else None,
        corrects=str(traffic.corrected.month) if traffic.corrected else "",
        published=rows,
        telemetry_difference=different,
        recorded=sent.recorded,
        completed=sent.states[PairingState.COMPLETED],
        recovered=sent.states[PairingState.RECOVERED],
        no_usage=sent.states[PairingState.NO_USAGE],
        unattributed=sent.states[PairingState.UNATTRIBUTED],
        waiting=sent.states[PairingState.WAITING],
    )
    return box if traffic.live is None else _with_gateway(box, sent, running.ports)


def _with_gateway(box: DemoBox, sent: Sent, ports: Ports) -> DemoBox:
    return msgspec.structs.replace(
        box,
        urls={**box.urls, "base_url": ports.base_url},
        key=DEFAULT_KEY,
        gateway_calls=sent.gateway_calls,
        gateway_dropped=sent.gateway_dropped,
    )


async def _closed(
    traffic: Traffic, running: Running
) -> tuple[AuditReport, Bill | None, tuple[int, int]]:
    """The audit, the invoices that are made after it, and what Application Insights has."""
    storage, ports, without_pairing = running.storage, running.ports, not traffic.needs_pairing
    if traffic.bills:
        await wait_until_read(ports, without_pairing=without_pairing)
    running.tell("adding everything up again")
    audited = await audit(storage, now=datetime.now(UTC))
    await save_audit(storage, audited)
    running.tell("comparing Application Insights with the ledger")
    environment = {**os.environ, **settings(ports)}
    comparing = asyncio.create_task(publish_and_compare(storage, environment, ports.insights))
    bill = None
    if traffic.bills:
        running.tell("closing last month: invoices")
        bill = await close_last_month(ports, audited, without_pairing=without_pairing)
    return audited, bill, await comparing


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


async def _send(traffic: Traffic, running: Running) -> Sent:
    """Send all parts; the first part that exists is the one that is timed."""
    sent, tell, ports = Sent(), running.tell, running.ports
    if traffic.corrected is not None:
        await _corrected(traffic.corrected, running)
    cpu_before, started = cpu_seconds(running.metering_pid), time.monotonic()

    def timed(events: int) -> Sent:
        seconds = time.monotonic() - started
        cpu_s = cpu_seconds(running.metering_pid) - cpu_before
        return Sent(events=events, timed_events=events, seconds=seconds, cpu_s=cpu_s)

    if traffic.events is not None:
        tell("metering the events of two months" if traffic.bills else "metering events")
        sent = timed(await running.send(traffic.events))
        if traffic.events_durable is not None:
            traffic.events_durable()
    environment = {**os.environ, **settings(ports)}
    publishing = None
    if traffic.events is not None:  # else no ledger is made yet, and there is little to publish
        publishing = asyncio.create_task(publish_ledger(environment, settle=False))
    await start_pages(running.supervisor, ports, running.data)
    if traffic.needs_pairing:
        await start_pairing(running.supervisor, ports)
    if traffic.streams is not None:
        sent = await _played(traffic.streams, sent, running)
    if traffic.live is not None:
        await wait_for_gateway(running.supervisor, ports)
        tell(f"making {traffic.live.calls:,} calls through the gateway")
        counts = await call_gateway(ports.gateway_url, traffic.live)
        await running.durable()
        events = counts.events - counts.dropped
        sent = timed(events) if traffic.events is None else sent
        sent = replace(
            sent,
            events=events if traffic.events is None else sent.events + events,
            gateway_calls=counts.calls,
            gateway_dropped=counts.dropped,
        )
    if publishing is not None:
        await publishing
    return sent


async def _played(streams: RecordedStreams, sent: Sent, running: Running) -> Sent:
    recorded = len(streams.usage_events)
    running.tell(f"sending {recorded} recorded streams, and the gateway's log of them")
    await send_events(running.ports.event_hubs, DIAGNOSTICS_HUB, [streams.log])
    await running.send(streams.usage_events)
    return replace(sent, events=sent.events + recorded, recorded=recorded)


async def _corrected(month: CorrectedMonth, running: Running) -> None:
    """The month before last, unless an earlier run on this data has done all of it."""
    if await month.is_billed(running.ports):
        return
    running.tell(f"metering {month.month}, at a wrong price")
    await running.send(month.events())
    running.tell(f"closing {month.month}, then correcting its price by a reviewed run")
    await month.bill_and_correct(running.ports)


def _verdict(report: AuditReport) -> str:
    return "ok" if report.ok else f"{len(report.problems)} problems: {report.problems[0]}"
