"""Metering, compared with a bare drain of the same events by the same SDK; and three more
comparisons.

Each side is a process of its own, and so are broker and Azurite. CPU figures count a side's own CPU
time only, so other work on the machine changes them little.
"""

import argparse
import asyncio
import logging
import statistics
from collections.abc import Sequence

from benchmarks.metering.phases import phases
from benchmarks.metering.stand import Stand, Took, standing
from benchmarks.result import Result, add_results_argument, at_least, at_most, beside, report
from table_api.storage.azure_tables import AzureTableStorage

NAIVE_EVENTS = 1_000
NAIVE_IN_FLIGHT = (1, 4, 16)
SMALL_LEDGER, LARGE_LEDGER = 10_000, 200_000
GROWTH_EVENTS = 10_000
"""Events metered GROWTH_PARTS times on top of each of the two ledgers."""
GROWTH_PARTS = 3
BULK_EVENTS = 40_000
"""Events metered again and again until the small ledger is large, in turn with a drain of as many.
"""
SHARED_EVENTS = 40_000
"""Events metered by one process and by two, after SMALL_LEDGER."""
WAIT_S = 10.0
SOAK_HEAP_MIB = 12_288
SOAK_PART = 100_000
"""A soak makes this many events and puts them into the hub at once."""


async def one_process() -> list[Result]:
    """The first rows of the table and memory: one process takes LARGE_LEDGER calls and more."""
    curve: list[tuple[int, float]] = []
    bulk: list[Took] = []
    drains: list[Took] = []
    async with standing() as stand:
        async with stand.metering() as metering:
            idle = await metering.wait(WAIT_S)
            await metering.take(SMALL_LEDGER)
            small = [await metering.take(GROWTH_EVENTS) for _ in range(GROWTH_PARTS)]
            while stand.traffic.made < LARGE_LEDGER:
                bulk.append(await metering.take(BULK_EVENTS, curve))
                drains.append(await stand.side("drain", BULK_EVENTS))
            large = [await metering.take(GROWTH_EVENTS) for _ in range(GROWTH_PARTS)]
        await stand.verify()
    async with standing() as stand:
        naive = [
            await stand.side("naive", NAIVE_EVENTS, "--in-flight", str(in_flight))
            for in_flight in NAIVE_IN_FLIGHT
        ]
        waited = statistics.median((each.wall_s - each.cpu_s) / each.events for each in bulk)
        looks = ("the SDK's polling while nothing arrives", waited * idle * 1e6)
        parts = [*await _phases(stand), looks]
    bare, rate = cost(drains), statistics.median(each.events_per_s for each in bulk)
    best = max(side.events_per_s for side in naive)
    grown = f"metering, CPU µs per event, at {LARGE_LEDGER:,} rows, compared with {SMALL_LEDGER:,}"
    return [
        at_most(
            "metering, CPU µs per event, compared with a bare drain by the SDK",
            cost(bulk),
            bare,
            2.0,
        ),
        *(
            beside(f"metering, {name}: CPU µs per event, compared with the drain", part, bare)
            for name, part in parts
        ),
        at_least(
            "metering, events/s, compared with one row read and written per event", rate, best, 25.0
        ),
        emulator(bulk),
        at_most(grown, cost(large), cost(small), 1.2),
        flat(curve),
    ]


def cost(parts: Sequence[Took]) -> float:
    """CPU µs per event. It is the median, because other work on the machine disturbs some of the
    parts.
    """
    return statistics.median(each.cpu_us_per_event for each in parts)


async def _phases(stand: Stand) -> list[tuple[str, float]]:
    storage = AzureTableStorage.from_connection_string(
        stand.environment["STORAGE_CONNECTION_STRING"]
    )
    try:
        return await phases(storage)
    finally:
        await storage.close()


def emulator(parts: Sequence[Took]) -> Result:
    """How much of the time the emulator was busy. It has one thread, and so limits the rate."""
    name = "Azurite: its own CPU µs per event, compared with the time from one event to the next"
    events = sum(each.events for each in parts) / 1e6
    return beside(
        name,
        sum(each.azurite_cpu_s for each in parts) / events,
        sum(each.wall_s for each in parts) / events,
    )


async def one_and_two() -> Result:
    """CPU of two processes that share the partitions, compared with one."""
    sides = []
    for processes in (1, 2):
        async with standing() as stand:
            async with stand.metering(processes) as metering:
                await metering.take(SMALL_LEDGER)
                sides.append(await metering.take(SHARED_EVENTS))
            await stand.verify()
    one, two = (side.cpu_us_per_event for side in sides)
    return at_most("metering by 2 processes, CPU µs per event, compared with 1", two, one, 1.15)


def flat(curve: Sequence[tuple[int, float]]) -> Result:
    """Resident memory at the end, compared with that at two fifths, when the bounded caches are
    full.
    """
    events = curve[-1][0]
    settled = next(mib for received, mib in curve if received >= events * 2 // 5)
    for part in range(1, 11):
        received, mib = next(each for each in curve if each[0] >= events * part // 10)
        print(f"{received:>12,} events: {mib:.0f} MiB resident")
    name = f"memory of a consumer, MiB at {events:,} events, compared with {events * 2 // 5:,}"
    return at_most(name, curve[-1][1], settled, 1.15)


async def soak(events: int) -> list[Result]:
    """Send many events through one process; check its memory and that the ledger is right."""
    curve: list[tuple[int, float]] = []
    async with standing(heap_mib=SOAK_HEAP_MIB) as stand:
        async with stand.metering() as metering:
            for _ in range(0, events, SOAK_PART):
                took = await metering.take(SOAK_PART, curve)
                cost = f"{took.cpu_us_per_event:.1f} CPU µs per event"
                print(f"{stand.traffic.made:>12,}: {cost}, {took.events_per_s:,.0f} events/s")
        await stand.verify()
    return [flat(curve)]


async def measure() -> list[Result]:
    """All comparisons."""
    return [*await one_process(), await one_and_two()]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.metering", description=__doc__)
    parser.add_argument(
        "--soak", type=int, metavar="EVENTS", help="only meter this many events in one run"
    )
    add_results_argument(parser)
    arguments = parser.parse_args()
    # The broker writes to a side that has read enough until it notices: this is expected.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    results = asyncio.run(soak(arguments.soak) if arguments.soak else measure())
    report(results, arguments.results)


if __name__ == "__main__":
    main()
