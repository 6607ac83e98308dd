"""One run: meter a workload under one fault, then compare the tables with the truth."""

import asyncio
import sys
import time

from benchmarks.faults.catalogue import Fault
from benchmarks.faults.fleet import FleetError
from benchmarks.faults.letter_repair import redrive_all
from benchmarks.faults.stand import Stand
from benchmarks.faults.standing import compare, read_standing
from benchmarks.faults.truth import truth_of
from benchmarks.faults.verdict import Line, problems_of
from benchmarks.faults.workload import STARTED, Workload
from table_api.audit.ledger_audit import audit
from table_api.consumer_state.progress import Count

RUN_S_MAX = 180.0
"""Seconds in addition to the time for the events: a run that takes longer hangs."""
EVENTS_PER_S_MIN = 100


async def run_fault(fault: Fault, events: int, connection_string: str) -> Line:
    """Meter `events` distinct calls under a fault, on an Azurite whose tables are deleted first."""
    started = time.monotonic()
    workload = Workload(events, scattered=fault.scattered)
    async with Stand.running(connection_string, workload, wire=fault.wire) as stand:
        stand.fleet.environment |= fault.environment
        problems, struck = [], 0
        try:
            async with asyncio.timeout(RUN_S_MAX + events / EVENTS_PER_S_MIN):
                struck = await _metered(stand, fault)
        except (FleetError, AssertionError) as error:
            problems.append(str(error))
        except TimeoutError:
            problems.append(f"hangs with {await stand.backlog()} events left")
        line = await _line(stand, fault, struck=struck, problems=problems, started=started)
        if line.problems:
            print("\n".join(stand.fleet.log()), file=sys.stderr, flush=True)
        return line


async def _metered(stand: Stand, fault: Fault) -> int:
    await stand.fleet.start(fault.consumers)
    if fault.scattered:
        await stand.fleet.shared()
    feeding = asyncio.create_task(stand.feed())
    try:
        await stand.fleet.ready()
        struck = await fault.strike(stand)
        await feeding
    finally:
        feeding.cancel()
        await asyncio.wait({feeding})
        stand.broker.clear_faults()
        stand.proxy.clear()
    await stand.caught_up()
    await stand.fleet.end_all()
    return struck


async def _line(
    stand: Stand, fault: Fault, *, struck: int, problems: list[str], started: float
) -> Line:
    letters, unmended = await redrive_all(stand)
    truth = truth_of(stand.sent)
    found = compare(truth, await read_standing(stand.storage))
    report = await audit(stand.storage, now=STARTED)
    stats = stand.broker.namespace.stats
    others = [*problems, *unmended, *found.differences, *report.problems[:3]]
    if report.calls != len(truth.call_ids):
        others.append(f"the audit has {report.calls} calls, {len(truth.call_ids)} were sent")
    return Line(
        fault=fault.name,
        events=len(truth.call_ids),
        resent=stand.resent,
        struck=struck,
        kills=stand.fleet.kills,
        redelivered=stats.events_out - stats.events_in,
        dropped=await stand.counted(Count.DUPLICATES),
        retries=stand.proxy.failures.total(),
        letters=letters,
        lost=found.lost,
        double=found.double,
        audit="ok" if report.ok else "PROBLEMS",
        seconds=round(time.monotonic() - started),
        problems=problems_of(struck=struck, lost=found.lost, double=found.double, others=others),
    )
