"""Metering by larger ledgers, more partitions and more processes.

    python -m benchmarks.metering.scale [--rows 10000 200000] [--shares 1/1 2/2 4/1 4/2 4/4]
        [--latency-ms 5]

Each share is partitions/processes. Only the CPU time of the consumers counts. An Azurite takes
longer for a larger table, and a consumer that waits for it works in smaller batches. So a latency
puts the stand-in of `benchmarks.metering.latency` in its place, which takes as long for any size.
`make soak` takes a ledger of a million rows.
"""

import argparse
import asyncio
import contextlib
import logging
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.metering.latency import behind_latency
from benchmarks.metering.stand import Took, standing
from benchmarks.result import Result, add_results_argument, at_most, report, spread

ROWS = (10_000, 200_000)
EVENTS, PARTS = 10_000, 3
"""Events metered PARTS times on top of each size of the ledger."""
FILL_EVENTS = 40_000
"""At most so many are put into the hub at once to fill a ledger."""
SHARED_EVENTS, WARM_EVENTS = 40_000, 10_000
HEAP_MIB = 12_288
"""Azurite keeps all rows in its heap: a million of them take some 8 GiB."""
GOAL = 1.15


class Share(NamedTuple):
    """Partitions, and the processes that share them."""

    partitions: int
    processes: int

    def __str__(self) -> str:
        return f"{self.partitions}/{self.processes}"


SHARES = (Share(1, 1), Share(2, 2), Share(4, 1), Share(4, 2), Share(4, 4))


def cost(parts: Sequence[Took]) -> float:
    """CPU µs per event. It is the median, because other work on the machine disturbs some of the
    parts.
    """
    return statistics.median(costs(parts))


def costs(parts: Sequence[Took]) -> list[float]:
    """CPU µs per event, of each."""
    return [each.cpu_us_per_event for each in parts]


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


async def at_sizes(rows: Sequence[int], events: int, latency_ms: float | None) -> list[Result]:
    """One process on top of a ledger that grows; its memory; and the ledger has to be right."""
    curve: list[tuple[int, float]] = []
    found: dict[int, list[Took]] = {}
    async with contextlib.AsyncExitStack() as stack:
        stand = await stack.enter_async_context(standing(heap_mib=HEAP_MIB))
        if latency_ms is not None:
            await stack.enter_async_context(behind_latency(stand, latency_ms))
        async with stand.metering() as metering:
            for size in sorted(rows):
                while (missing := size - stand.traffic.made) > 0:
                    took = await metering.take(min(missing, FILL_EVENTS), curve)
                    shown = f"{took.cpu_us_per_event:.1f} CPU µs per event"
                    print(f"{stand.traffic.made:>12,}: {shown}, {took.events_per_s:,.0f} events/s")
                found[size] = [await metering.take(events, curve) for _ in range(PARTS)]
        await stand.verify()
    small, *larger = found
    tables = "" if latency_ms is None else f" and tables that answer after {latency_ms:g} ms"
    name = f"metering, CPU µs per event, at {{:,}} rows{tables}, compared with {{:,}}"
    grown = [
        spread(
            at_most(name.format(size, small), cost(found[size]), cost(found[small]), GOAL),
            costs(found[size]),
        )
        for size in larger
    ]
    return [*grown, flat(curve)]


async def shared(shares: Sequence[Share], events: int) -> list[Result]:
    """The CPU of all processes together, compared with the first share."""
    found: list[float] = []
    for share in shares:
        async with standing(partitions=share.partitions) as stand:
            async with stand.metering(share.processes) as metering:
                await metering.take(WARM_EVENTS)
                found.append((await metering.take(events)).cpu_us_per_event)
            await stand.verify()
    name = "metering, partitions/processes {}: CPU µs per event, compared with {}"
    return [
        at_most(name.format(share, shares[0]), ours, found[0], GOAL)
        for share, ours in zip(shares[1:], found[1:], strict=True)
    ]


def parse_share(text: str) -> Share:
    """`4/2`. The processes have to share the partitions equally."""
    partitions, processes = map(int, text.split("/"))
    if processes < 1 or partitions < 1 or partitions % processes:
        raise ValueError(text)
    return Share(partitions, processes)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.metering.scale")
    parser.add_argument("--rows", type=int, nargs="*", default=ROWS)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--latency-ms", type=float, help="of a stand-in instead of Azurite")
    parser.add_argument("--shares", type=parse_share, nargs="*", default=SHARES)
    parser.add_argument("--shared-events", type=int, default=SHARED_EVENTS)
    add_results_argument(parser)
    options = parser.parse_args()
    # The broker writes to a side that has read enough until it notices: this is expected.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)

    async def measure() -> list[Result]:
        results = []
        if options.rows:
            results = await at_sizes(options.rows, options.events, options.latency_ms)
        return results + (
            await shared(options.shares, options.shared_events) if options.shares else []
        )

    report(asyncio.run(measure()), options.results)


if __name__ == "__main__":
    main()
