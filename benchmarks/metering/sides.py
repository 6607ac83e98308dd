"""The sides that are compared, each a process of its own: `python -m benchmarks.metering.sides`.

It prints the CPU seconds that it took, from its first question to its last event.
"""

import argparse
import asyncio
import os
import signal
import time

import uvloop
from azure.eventhub import EventData
from azure.eventhub.aio import PartitionContext

from benchmarks.metering.naive import upsert_each
from benchmarks.metering.traffic import GROUP, HUB
from consumers.hub import HubAddress, make_client
from consumers.receiver import EARLIEST
from consumers.run import CALLBACK_EVENTS_MAX, run
from consumers.settings import read_settings


async def drain(events: int) -> None:
    """The reference: the SDK with an empty handler; same loop, prefetch and partitions."""
    settings = read_settings({}, os.environ)
    client = make_client(
        HubAddress(hub=HUB, group=GROUP, connection_string=settings.eventhub_connection_string)
    )
    done, seen = asyncio.Event(), 0

    async def on_events(_context: PartitionContext, batch: list[EventData]) -> None:
        nonlocal seen
        seen += len(batch)
        if seen >= events:
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


async def meter() -> None:
    """The product, until told to end."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await run(read_settings({}, os.environ), ended=ended)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=("drain", "meter", "naive"))
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--in-flight", type=int, default=1)
    arguments = parser.parse_args()
    started = time.process_time()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        match arguments.side:
            case "drain":
                runner.run(drain(arguments.events))
            case "meter":
                runner.run(meter())
            case "naive":
                runner.run(upsert_each(arguments.events, arguments.in_flight))
    print(time.process_time() - started)


if __name__ == "__main__":
    main()
