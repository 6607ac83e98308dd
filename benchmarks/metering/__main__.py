"""Metering, compared with a bare drain of the same events by the same SDK; and three more
comparisons.

Each side is a process of its own, and so are broker and Azurite. CPU figures count a side's own CPU
time only, so other work on the machine changes them little.
"""

import argparse
import asyncio
import logging
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.metering.sampling import NAMES, shares
from benchmarks.metering.scale import cost, costs, flat
from benchmarks.metering.stand import Stand, Took, standing
from benchmarks.result import (
    Result,
    add_results_argument,
    at_least,
    at_most,
    beside,
    report,
    spread,
)

NAIVE_EVENTS = 500
NAIVE_IN_FLIGHT = (4, 16)
SMALL_LEDGER, LARGE_LEDGER = 10_000, 120_000
GROWTH_EVENTS = 10_000
"""Events metered GROWTH_PARTS times on top of each of the two ledgers."""
GROWTH_PARTS = 3
BULK_EVENTS = 27_000
"""Events metered again and again until the small ledger is large, in turn with a drain of as many:
three times.
"""
SAMPLED_EVENTS, SAMPLED_PARTS = 8_000, 3
"""Events that a process meters which looks where its time goes."""
DRAINED = "metering, CPU µs per event, compared with a bare drain by the SDK"
PART = "metering, {}: CPU µs per event, compared with the drain"
RATE = "metering, events/s, compared with one row read and written per event"


async def measure() -> list[Result]:
    """All comparisons. One process takes LARGE_LEDGER calls and more; `scale` has larger ones."""
    curve: list[tuple[int, float]] = []
    bulk: list[Took] = []
    drains: list[Took] = []
    async with standing() as stand:
        async with stand.metering() as metering:
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
        parts = await sampled_parts(stand)
    bare, rates = cost(drains), [each.events_per_s for each in bulk]
    best = max(side.events_per_s for side in naive)
    grown = f"metering, CPU µs per event, at {LARGE_LEDGER:,} rows, compared with {SMALL_LEDGER:,}"
    return [
        spread(at_most(DRAINED, cost(bulk), bare, 2.0), costs(bulk)),
        *(
            spread(beside(PART.format(name), statistics.median(found), bare), found)
            for name, found in parts.items()
        ),
        spread(at_least(RATE, statistics.median(rates), best, 25.0), rates),
        emulator(bulk),
        spread(at_most(grown, cost(large), cost(small), 1.15), costs(large)),
        flat(curve),
    ]


async def sampled_parts(stand: Stand) -> dict[str, list[float]]:
    """CPU µs per event by part of the work, of each of some runs in live operation."""
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    with tempfile.TemporaryDirectory() as folder:
        async with stand.metering(samples=Path(folder) / "samples.json") as metering:
            await metering.take(SMALL_LEDGER)
            before = await metering.sampled()
            for _ in range(SAMPLED_PARTS):
                took = await metering.take(SAMPLED_EVENTS)
                after = await metering.sampled()
                for name, share in shares(before, after).items():
                    found[name].append(share * took.cpu_us_per_event)
                before = after
    return found


def emulator(parts: Sequence[Took]) -> Result:
    """How much of the time the emulator was busy. It has one thread, and so limits the rate."""
    name = "Azurite: its own CPU µs per event, compared with the time from one event to the next"
    events = sum(each.events for each in parts) / 1e6
    return beside(
        name,
        sum(each.azurite_cpu_s for each in parts) / events,
        sum(each.wall_s for each in parts) / events,
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.metering", description=__doc__)
    add_results_argument(parser)
    arguments = parser.parse_args()
    # The broker writes to a side that has read enough until it notices: this is expected.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    report(asyncio.run(measure()), arguments.results)


if __name__ == "__main__":
    main()
