"""Seconds of one report of completeness over 14 days, from rows of summed hours; the reference
reads every call.

    python -m benchmarks.completeness [--calls 100000]

It runs in one process and in memory, so it counts CPU; each request of a storage adds its latency.
The last hours of the last day are open, as they are while traffic runs.
"""

import argparse
import asyncio
import time
from datetime import timedelta

from benchmarks.result import Result, add_results_argument, at_most, beside, report
from table_api.completeness.hours import HourSummer
from table_api.completeness.reads import CompletenessReading, CompletenessReads
from table_api.completeness.tallies import CallTally
from table_api.consumer_state.groups import Groups
from table_api.ledger.day_range import DayRange
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.parallel import chunks
from table_api.usage.cell_reads import LedgerReads
from tests.consumers.pairing.traffic import traffic
from tests.consumers.pairing.world import USAGE, World
from tests.fixtures.builders import CALL_TIME

CALLS = 100_000
DAYS = 14
BATCH = 200
GOAL = 0.1
OPEN = timedelta(hours=2)
"""Before the end: hours that wait for their other halves."""
FIRST = CALL_TIME.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
STOP = FIRST + timedelta(days=DAYS)
ASKED = DayRange(FIRST.date(), STOP.date())


async def fill(storage: MemoryTableStorage, calls: int) -> None:
    """Pair and meter the calls, a day at a time."""
    world = await World.over(storage)
    of_day = calls // DAYS
    for day in range(DAYS):
        start, span = FIRST + timedelta(days=day), timedelta(days=1)
        sent = traffic(of_day, start=start, span=span, seed=day, first=day * of_day)
        for part in chunks(sent.events, BATCH):
            end = part[-1].enqueued_time
            usage = [each.body for each in part if each.hub == USAGE]
            others = [each.body for each in part if each.hub != USAGE]
            await world.pair_batch(world.usage, usage, end)
            await world.pair_batch(world.diagnostics, others, end)
            await world.meter(usage, end)
        await world.sweep(start + span)
        await world.meter(world.outbox.sent, start + span)
        world.outbox.sent.clear()
    await world.ledger.project()


async def seconds(storage: MemoryTableStorage) -> tuple[float, CompletenessReading]:
    """Of one report, and what it says."""
    reads = LedgerReads(storage, now=lambda: STOP)
    reader = CompletenessReads(storage, reads, Groups())
    started = time.process_time()
    reading = await reader.read(ASKED, calls_max=10 * CALLS)
    return time.process_time() - started, reading


async def measure(calls: int) -> list[Result]:
    """The same report twice: read live, then from the rows of summed hours."""
    storage = MemoryTableStorage()
    await fill(storage, calls)
    live, expected = await seconds(storage)
    reads = LedgerReads(storage, now=lambda: STOP)
    started = time.process_time()
    summed = await HourSummer(storage, reads).sum_due(
        settled=STOP - OPEN, facts_from=FIRST - timedelta(days=1), hours_max=24 * (DAYS + 1)
    )
    per_hour = (time.process_time() - started) / summed
    ours, reading = await seconds(storage)
    assert reading.report.totals == expected.report.totals
    posted = reading.report.totals.calls[CallTally.POSTED]
    name = f"completeness of {posted:,} calls in {DAYS} days, CPU seconds, reading each call as 1"
    return [
        at_most(name, ours, live, GOAL),
        beside("summing one hour for it, once, CPU seconds, the same as 1", per_hour, live),
    ]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.completeness", description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    add_results_argument(parser)
    options = parser.parse_args()
    report(asyncio.run(measure(options.calls)), options.results)


if __name__ == "__main__":
    main()
