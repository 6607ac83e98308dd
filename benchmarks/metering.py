"""Metering beside a bare drain of the same events by the same SDK: CPU time per event, one run.

Each side is a process of its own with the same loop, prefetch and partitions; broker and Azurite
run outside of both. Only the side's own CPU time counts, from its first question to its last event.
"""

import argparse
import asyncio
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from uuid import uuid4

import uvloop
from azure.eventhub import EventData
from azure.eventhub.aio import PartitionContext

from consumers.hub import HubAddress, make_client
from consumers.receiver import EARLIEST
from consumers.run import CALLBACK_EVENTS_MAX, run
from consumers.settings import read_settings
from local_stack import azurite
from local_stack.broker import Broker, BrokerConfig, HubConfig
from table_api.audit import audit
from table_api.azure_storage import AzureTableStorage
from table_api.progress import Count, ProgressTable
from tests.builders import call_id, make_body
from tests.calls import DEMO_BOOK

HUB, GROUP = "llm-usage", "metering"
PARTITIONS = 4
USERS = 1_000
SEED = 20261123
POLL_S = 0.1
SIDE_S_MAX = 300.0
DEPLOYMENTS = ("gpt-4.1-mini", "gpt-4o", "gpt-5-mini", "gpt-4.1-nano")


@dataclass(frozen=True, slots=True)
class Side:
    """What one side took."""

    events: int
    cpu_s: float
    wall_s: float

    @property
    def cpu_us_per_event(self) -> float:
        return self.cpu_s / self.events * 1e6

    @property
    def events_per_s(self) -> float:
        return self.events / self.wall_s


def fill(broker: Broker, events: int) -> None:
    """Calls of USERS users, zipf, by their partition key, all of now: as live traffic comes."""
    chance = random.Random(SEED)
    steps = list(accumulate(1 / (rank + 1) for rank in range(USERS)))
    for number in range(events):
        [rank] = chance.choices(range(USERS), cum_weights=steps)
        subject = f"user-{rank:04d}@example.com"
        # Most people stay with one model; one call in ten goes to another.
        deployment = DEPLOYMENTS[(rank + (chance.random() < 0.1)) % len(DEPLOYMENTS)]
        at = datetime.now(UTC)
        body = make_body(
            id=call_id(number),
            subject=subject,
            time=f"{at:%Y-%m-%dT%H:%M:%S.%f}0Z",
            deployment=deployment,
        )
        broker.append(HUB, [body], partition_key=subject)


async def drain(events: int) -> None:
    """The reference: the SDK with an empty handler."""
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


def measured(side: str, events: int) -> None:
    """One side, in this process: prints its CPU seconds."""
    started = time.process_time()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(drain(events) if side == "drain" else meter())
    print(time.process_time() - started)


async def measure(side: str, events: int, environment: dict[str, str]) -> Side:
    """One side, as a process."""
    arguments = ("-m", "benchmarks.metering", "--events", str(events), "--side", side)
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
    )
    if side == "meter":
        await durable(events, environment["STORAGE_CONNECTION_STRING"])
        process.terminate()
    output, _ = await asyncio.wait_for(process.communicate(), SIDE_S_MAX)
    return Side(events, float(output), time.monotonic() - started)


async def durable(events: int, connection_string: str) -> None:
    """Wait until all events are in the progress rows."""
    storage = AzureTableStorage.from_connection_string(connection_string)
    table, received = ProgressTable(storage), 0
    while received < events:
        await asyncio.sleep(POLL_S)
        rows = await table.of_group(HUB, GROUP)
        received = sum(row.counts[Count.RECEIVED] for row in rows)
    await storage.close()


async def compare(events: int, rounds: int) -> None:
    """Both sides in turn, `rounds` times, and the ratio of their medians."""
    config = BrokerConfig(
        hubs=(HubConfig(name=HUB, partitions=PARTITIONS, consumer_groups=(GROUP,)),)
    )
    drains, meters = [], []
    for _ in range(rounds):
        with azurite.running() as ports:
            async with Broker.running(config=config) as broker:
                fill(broker, events)
                environment = {
                    "EVENTHUB_CONNECTION_STRING": broker.connection_string,
                    "STORAGE_CONNECTION_STRING": ports.connection_string,
                    "PRICE_BOOKS": str(DEMO_BOOK),
                    "CHECKPOINT_CONTAINER": uuid4().hex,
                    "LOAD_BALANCING_INTERVAL_S": "5",
                }
                drains.append(await measure("drain", events, environment))
                meters.append(await measure("meter", events, environment))
                await verify(events, ports.connection_string)
    show(drains, meters)


async def verify(events: int, connection_string: str) -> None:
    """A fast wrong ledger is no result."""
    storage = AzureTableStorage.from_connection_string(connection_string)
    report = await audit(storage, now=datetime.now(UTC))
    await storage.close()
    if not report.ok or report.calls != events:
        raise SystemExit(f"{events} events: {report.render()}")


def show(drains: Sequence[Side], meters: Sequence[Side]) -> None:
    """The table, and the ratio that the goal is about."""
    print(f"{'side':<16}{'events':>9}{'CPU µs/event':>14}{'events/s':>10}")
    medians = []
    for name, sides in (("bare drain", drains), ("metering", meters)):
        medians.append(statistics.median(side.cpu_us_per_event for side in sides))
        rate = statistics.median(side.events_per_s for side in sides)
        print(f"{name:<16}{sides[0].events:>9}{medians[-1]:>14.1f}{rate:>10.0f}")
    print(f"ratio of CPU time: {medians[1] / medians[0]:.2f} (median of {len(drains)} rounds each)")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=("drain", "meter"), help="one side, measured by itself")
    arguments = parser.parse_args()
    if arguments.side:
        measured(arguments.side, arguments.events)
    else:
        asyncio.run(compare(arguments.events, arguments.rounds))


if __name__ == "__main__":
    main()
