"""The sides that are compared, each a process of its own: `python -m benchmarks.metering.sides`.

A side that ends by itself prints how many events it handled from its first one on, and the CPU time
and the seconds that these took. Its start is not counted. The product runs until it gets a signal.
"""

import argparse
import asyncio
import os
import signal
import time
from pathlib import Path

import uvloop
from azure.eventhub import EventData
from azure.eventhub.aio import PartitionContext

from benchmarks.metering.naive import upsert_each
from benchmarks.metering.sampling import Sampler
from benchmarks.metering.traffic import DRAIN_GROUP, HUB
from consumers.metering.run import run
from consumers.pairing.run import pair
from consumers.receiving.hub import HubAddress, make_client
from consumers.receiving.receiver import EARLIEST
from consumers.running.receive_loop import CALLBACK_EVENTS_MAX
from consumers.settings import read_settings


class Meter:
    """CPU and wall time since it was made."""

    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.monotonic()

    def tell(self, events: int) -> None:
        """Print the figures of so many events."""
        print(events, time.process_time() - self._cpu, time.monotonic() - self._wall)


async def drain(events: int) -> None:
    """The reference: the SDK with an empty handler; same loop, prefetch and partitions."""
    settings = read_settings({}, os.environ)
    client = make_client(
        HubAddress(
            hub=HUB, group=DRAIN_GROUP, connection_string=settings.eventhub_connection_string
        )
    )
    done, seen, first, meter = asyncio.Event(), 0, 0, Meter()

    async def on_events(_context: PartitionContext, batch: list[EventData]) -> None:
        nonlocal seen, first, meter
        seen += len(batch)
        if not first:
            first, meter = seen, Meter()
        if seen >= events and not done.is_set():
            meter.tell(seen - first)
            done.set()

    reading = asyncio.create_task(
        client.receive_batch(
            on_events,
            max_batch_size=CALLBACK_EVENTS_MAX,
            prefetch=settings.prefetch_events,
            starting_position=EARLIEST,
        )
    )
    await done.wait()
    await client.close()
    reading.cancel()
    await asyncio.wait({reading})


async def naive(events: int, in_flight: int) -> None:
    """Run the other reference; see upsert_each."""
    async with upsert_each(in_flight) as upsert:
        await upsert(in_flight)  # opens its connections
        meter = Meter()
        await upsert(events)
        meter.tell(events)


async def product(side: str, samples: Path | None) -> None:
    """Run metering or pairing until it gets a signal to end. SIGUSR1 makes it write its samples."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    if samples is not None:
        sampler = Sampler()
        loop.add_signal_handler(signal.SIGUSR1, sampler.write, samples)
        sampler.start()
    await (pair if side == "pair" else run)(read_settings({}, os.environ), ended=ended)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=("drain", "meter", "pair", "naive"))
    parser.add_argument("--events", type=int)
    parser.add_argument("--in-flight", type=int, default=1)
    parser.add_argument("--samples", type=Path)
    arguments = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        match arguments.side:
            case "drain":
                runner.run(drain(arguments.events))
            case "meter" | "pair":
                runner.run(product(arguments.side, arguments.samples))
            case "naive":
                runner.run(naive(arguments.events, arguments.in_flight))


if __name__ == "__main__":
    main()
