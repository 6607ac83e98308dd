"""Events/s compared with the samples' way, where tables answer after a latency as a service does.

    python -m benchmarks.metering.latency [--latencies-ms 5 15] [--events 40000]

The tables are `table_stub`, in a process of its own; blobs are Azurite's. Both sides have the same
latency and the same limit of rows a second for each partition key, in the same run.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
from collections.abc import AsyncIterator, Sequence

from benchmarks.metering.stand import Stand, Took, cpu_s_of, standing
from benchmarks.metering.table_stub import ACCOUNT
from benchmarks.result import Result, add_results_argument, at_least, beside, report, spread

ROWS_PER_S = 2_000
"""What Azure states for one partition key."""
NAIVE_EVENTS = 500
NAIVE_IN_FLIGHT = (4, 16)
WARM_EVENTS = 5_000
EVENTS, PARTS = 40_000, 3
LATENCIES_MS = (5.0, 15.0)
GOAL = 25.0


@contextlib.asynccontextmanager
async def stub_process(
    latency_ms: float, rows_per_s: float = 1e9
) -> AsyncIterator[tuple[int, int]]:
    """The id of a stub's process, and its port."""
    options = ("--latency-ms", str(latency_ms), "--rows-per-s", str(rows_per_s))
    stub = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.metering.table_stub", *options),
        stdout=asyncio.subprocess.PIPE,
    )
    assert stub.stdout is not None
    try:
        yield stub.pid, int(await stub.stdout.readline())
    finally:
        stub.terminate()
        await stub.wait()


@contextlib.asynccontextmanager
async def behind_latency(stand: Stand, latency_ms: float) -> AsyncIterator[int]:
    """The stand's tables are a stub's from here on; the id of its process."""
    async with stub_process(latency_ms, ROWS_PER_S) as (pid, port):
        parts = stand.environment["STORAGE_CONNECTION_STRING"].split(";")
        kept = [part for part in parts if part and not part.startswith("TableEndpoint=")]
        tables = f"TableEndpoint=http://127.0.0.1:{port}/{ACCOUNT};"
        stand.environment["STORAGE_CONNECTION_STRING"] = ";".join([*kept, tables])
        yield pid


async def compare(latency_ms: float, events: int) -> list[Result]:
    """Both sides at one latency: the rates, and how busy the stub was."""
    async with standing() as stand, behind_latency(stand, latency_ms) as stub:
        async with stand.metering() as metering:
            await metering.take(WARM_EVENTS)
            before = cpu_s_of(stub)
            parts = [await metering.take(events // PARTS) for _ in range(PARTS)]
            busy_s = cpu_s_of(stub) - before
        await stand.verify()
        naive = [
            await stand.side("naive", NAIVE_EVENTS, "--in-flight", str(in_flight))
            for in_flight in NAIVE_IN_FLIGHT
        ]
    return results(f"{latency_ms:g} ms", parts, naive, busy_s)


def results(
    latency: str, parts: Sequence[Took], naive: Sequence[Took], busy_s: float
) -> list[Result]:
    """Both ratios, and what the stand-in itself took. Other work on the machine hardly changes the
    ratio of CPU, and it changes the rates much.
    """
    ours, wall_s = [each.events_per_s for each in parts], sum(each.wall_s for each in parts)
    tables = f"with tables that answer after {latency}, compared with the samples'"
    costs = [each.cpu_us_per_event for each in parts]
    best = max(naive, key=lambda each: each.events_per_s)  # as many calls in flight as help it
    rate = at_least(
        f"metering, events/s {tables}", statistics.median(ours), best.events_per_s, GOAL
    )
    cpu = beside(
        f"metering, CPU µs per event {tables}", statistics.median(costs), best.cpu_us_per_event
    )
    return [
        spread(rate, ours),
        spread(cpu, costs),
        beside(f"the stand-in of tables at {latency}: its CPU s, of the seconds", busy_s, wall_s),
    ]


async def measure(latencies_ms: Sequence[float], events: int) -> list[Result]:
    """One latency after another."""
    return [row for each in latencies_ms for row in await compare(each, events)]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latencies-ms", type=float, nargs="+", default=LATENCIES_MS)
    parser.add_argument("--events", type=int, default=EVENTS)
    add_results_argument(parser)
    options = parser.parse_args()
    report(asyncio.run(measure(options.latencies_ms, options.events)), options.results)


if __name__ == "__main__":
    main()
