"""Metering beside a bare drain of the same events by the same SDK, and three more comparisons.

Each side is a process of its own; broker and Azurite run outside of all. Only a side's own CPU time
counts where CPU is compared, so that neighbours on the machine change little.
"""

import argparse
import asyncio
import statistics
from collections.abc import Sequence

from benchmarks.metering.phases import phases
from benchmarks.metering.stand import standing
from benchmarks.result import Result, add_results_argument, at_least, at_most, beside, report

NAIVE_EVENTS = 600
NAIVE_IN_FLIGHT = (1, 4, 16)
SMALL_LEDGER, LARGE_LEDGER = 10_000, 200_000
GROWTH_EVENTS = 20_000
"""Metered on top of each of the two ledgers."""


async def beside_drain(events: int, rounds: int) -> list[Result]:
    """Rows 1 and 2: CPU beside the drain; events/s beside the samples' way."""
    drains, meters, naive = [], [], []
    for number in range(rounds):
        async with standing() as stand:
            stand.fill(events)
            drains.append(await stand.side("drain", events))
            meters.append(await stand.meter(events))
            await stand.verify()
            for in_flight in NAIVE_IN_FLIGHT if number == 0 else ():
                naive.append(await stand.side("naive", NAIVE_EVENTS, "--in-flight", str(in_flight)))
    ours, bare = (
        statistics.median(each.cpu_us_per_event for each in sides) for sides in (meters, drains)
    )
    rate = statistics.median(side.events_per_s for side in meters)
    best = max(side.events_per_s for side in naive)
    return [
        at_most("metering, CPU µs per event, beside a bare drain by the SDK", ours, bare, 2.0),
        at_least("metering, events/s, beside a row read and written per event", rate, best, 25.0),
        *(
            beside(f"of it, {name}: CPU µs, beside the drain", cost, bare)
            for name, cost in phases()
        ),
    ]


async def one_and_two(events: int) -> Result:
    """CPU of two processes that share the partitions, beside one."""
    sides = []
    for processes in (1, 2):
        async with standing() as stand:
            stand.fill(events)
            sides.append(await stand.meter(events, processes))
            await stand.verify()
    one, two = (side.cpu_us_per_event for side in sides)
    return at_most("metering by 2 processes, CPU µs per event, beside 1", two, one, 1.15)


async def growth() -> list[Result]:
    """Row 3, and the memory of one process on the way to the large ledger."""
    costs = []
    curve: list[tuple[int, float]] = []
    for ledger in (SMALL_LEDGER, LARGE_LEDGER):
        async with standing() as stand:
            stand.fill(ledger)
            stand.rss_mib = []
            await stand.meter(ledger)
            curve, stand.rss_mib = stand.rss_mib, None
            stand.fill(GROWTH_EVENTS)
            costs.append((await stand.meter(GROWTH_EVENTS)).cpu_us_per_event)
            await stand.verify()
    small, large = costs
    name = f"metering, CPU µs per event, at {LARGE_LEDGER:,} rows, beside {SMALL_LEDGER:,}"
    return [at_most(name, large, small, 1.2), flat(curve)]


def flat(curve: Sequence[tuple[int, float]]) -> Result:
    """Resident memory at the end beside that at two fifths, when its bounded caches are full."""
    events = curve[-1][0]
    settled = next(mib for received, mib in curve if received >= events * 2 // 5)
    for part in range(1, 11):
        mib = next(mib for received, mib in curve if received >= events * part // 10)
        print(f"{events * part // 10:>12,} events: {mib:.0f} MiB resident")
    name = f"memory of a consumer, MiB at {events:,} events, beside {events * 2 // 5:,}"
    return at_most(name, curve[-1][1], settled, 1.15)


async def soak(events: int) -> list[Result]:
    """One process through many events: memory, and that the ledger is right."""
    async with standing() as stand:
        stand.fill(events)
        stand.rss_mib = []
        side = await stand.meter(events)
        curve = stand.rss_mib
        await stand.verify()
    print(f"{side.cpu_us_per_event:.1f} CPU µs per event, {side.events_per_s:,.0f} events/s")
    return [flat(curve)]


async def measure(events: int, rounds: int) -> list[Result]:
    """All comparisons."""
    return [*await beside_drain(events, rounds), await one_and_two(events), *await growth()]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.metering", description=__doc__)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--soak", type=int, metavar="EVENTS", help="this many in one run instead")
    add_results_argument(parser)
    arguments = parser.parse_args()
    if arguments.soak:
        results = asyncio.run(soak(arguments.soak))
    else:
        results = asyncio.run(measure(arguments.events, arguments.rounds))
    report(results, arguments.results)


if __name__ == "__main__":
    main()
