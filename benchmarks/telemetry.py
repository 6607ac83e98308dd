"""What telemetry costs: per call in metering, and per row in the publisher.

    python -m benchmarks.telemetry [--events 100000] [--rounds 5]

A partition's worker takes batches whose calls are rated before: with a destination and the sums of
each batch, and without either. All that differs is telemetry. The two take turns, each in a process
of its own. Application Insights is the stand-in of `local_stack` in another process, so its CPU
time is in no figure; the threads that send are in all of them.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import httpx
from opentelemetry import metrics, trace

from benchmarks.result import Result, add_results_argument, at_most, beside, report
from consumers.dead_letters.letter_store import MemoryDeadLetters
from consumers.metering.batch_metrics import count_usage
from consumers.metering.metering import Metering
from consumers.receiving.handler import Durable, Handler, MakeDurable, Received
from local_stack.demo.azurite import free_port
from local_stack.insights.addresses import connection_string
from pricing_rules.types import PricedCall
from table_api.consumer_state.progress import Count
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.publishing.month_pass import Wanted
from table_api.publishing.opening import open_publisher
from table_api.storage.memory_tables import MemoryTableStorage
from telemetry.settings import CONNECTION_STRING, read_telemetry
from telemetry.setup import set_up
from tests.consumers.metering.call_ratings import rating
from tests.consumers.partition import Partition
from tests.fixtures.builders import call_id, make_body
from tests.fixtures.calls import make_call, open_ledger

EVENTS = 100_000
BATCH_EVENTS = 200
ROUNDS = 5
TELEMETRY_US_MAX = 7.0
PUBLISHED_CALLS = 5_000
SUBJECTS = 50
READY_S = 30.0


@contextmanager
def insights() -> Iterator[str]:
    """The connection string of a stand-in in a process of its own."""
    port = free_port()
    with TemporaryDirectory() as data:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "local_stack.insights"),
                *("--data", data, "--port", str(port)),
            ],
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_until_ready(port)
            yield connection_string(port)
        finally:
            process.terminate()
            process.wait()


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the stand-in for Application Insights is not ready")


def events(count: int, now: datetime) -> list[Received]:
    """Calls of some subjects within the last hour."""
    return [
        Received(
            number,
            str(number),
            now,
            make_body(
                id=call_id(number),
                subject=f"subject-{number % SUBJECTS}",
                time=(now - timedelta(seconds=number % 3_600)).isoformat(),
            ),
        )
        for number in range(count)
    ]


async def meter(taken: Sequence[Received], now: datetime) -> tuple[MemoryTableStorage, float]:
    """The ledger in memory, and CPU seconds of metering all."""
    storage = MemoryTableStorage()
    ledger: ProjectedLedger = await open_ledger(storage)
    metering = Metering(
        hub="llm-usage",
        rating=rating(storage),
        ledger=ledger.ledger,
        dead_letters=MemoryDeadLetters(),
        now=lambda: now,
        project=ledger.project,
    )
    started = time.process_time()
    await Partition(storage, "llm-usage").read(
        metering,
        taken,
        BATCH_EVENTS_MAX=str(BATCH_EVENTS),
        BUFFER_EVENTS_MAX=str(len(taken)),
    )
    return storage, time.process_time() - started


class Rated:
    """A handler whose calls are all rated and posted: what is left is reading and telemetry."""

    def __init__(self, calls: Sequence[PricedCall], *, counts: bool) -> None:
        self._calls = calls
        self._counts = counts

    def prepare(self, partition: str, taken: Sequence[Received]) -> MakeDurable:
        """See Handler."""

        async def make_durable() -> Durable:
            if self._counts:
                count_usage(self._calls[: len(taken)])
            return Durable([(Count.POSTED,)] * len(taken))

        return make_durable

    def set_aside(self, partition: str, received: Received, error: Exception) -> MakeDurable:
        """See Handler: nothing fails here."""
        raise error

    async def before_save(self) -> None:
        """See Handler."""


def side(count: int, *, on: bool) -> None:
    """Take so many events once; prints CPU µs a call, sending included."""
    now = datetime.now(UTC)
    taken = events(count, now)
    calls = [make_call(number).priced for number in range(BATCH_EVENTS)]
    if on:
        set_up("benchmark")
    started = time.process_time()
    asyncio.run(_read(Rated(calls, counts=on), taken))
    for provider in (trace.get_tracer_provider(), metrics.get_meter_provider()):
        if on:
            cast(Any, provider).force_flush()
    print((time.process_time() - started) / count * 1e6)


async def _read(handler: Handler, taken: Sequence[Received]) -> None:
    partition = Partition(MemoryTableStorage(), "llm-usage")
    limits = {"BATCH_EVENTS_MAX": str(BATCH_EVENTS), "BUFFER_EVENTS_MAX": str(len(taken))}
    await partition.read(handler, taken, **limits)


def sides(destination: str, count: int, rounds: int) -> tuple[float, float]:
    """CPU µs per call with telemetry and without: medians of runs that take turns."""
    on: list[float] = []
    off: list[float] = []
    for _ in range(rounds):
        on.append(_side("on", destination, count))
        off.append(_side("off", destination, count))
    return statistics.median(on), statistics.median(off)


def _side(which: str, destination: str, count: int) -> float:
    options = ["--side", which, "--events", str(count)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.telemetry", *options],
        env=os.environ | {CONNECTION_STRING.name: destination},
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    return float(done.stdout)


async def publisher(destination: str) -> tuple[float, float]:
    """CPU µs of the publisher per row, and of metering per call, over a ledger in memory."""
    now = datetime.now(UTC)
    storage, metered_s = await meter(events(PUBLISHED_CALLS, now), now)
    settings = read_telemetry({CONNECTION_STRING.name: destination})
    opened = await open_publisher(storage, settings)
    started = time.process_time()
    sent = await opened.publish(Wanted())
    taken_s = time.process_time() - started
    if (sent.rows, sent.refused) != (PUBLISHED_CALLS, 0):
        raise SystemExit(f"the publisher sent {sent.rows} rows and {sent.refused} were refused")
    return taken_s / PUBLISHED_CALLS * 1e6, metered_s / PUBLISHED_CALLS * 1e6


def measure(count: int, rounds: int) -> list[Result]:
    """All comparisons."""
    with insights() as destination:
        on, off = sides(destination, count, rounds)
        row, metered = asyncio.run(publisher(destination))
    return [
        beside("a partition's worker, CPU µs per call with telemetry, and without", on, off),
        at_most(
            f"telemetry of metering, CPU µs per call, compared with {TELEMETRY_US_MAX:g}",
            on - off,
            TELEMETRY_US_MAX,
            1.0,
        ),
        beside("publisher, CPU µs per row, compared with metering in memory", row, metered),
    ]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.telemetry", description=__doc__)
    parser.add_argument("--side", choices=("on", "off"), help=argparse.SUPPRESS)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    add_results_argument(parser)
    arguments = parser.parse_args()
    if arguments.side:
        side(arguments.events, on=arguments.side == "on")
    else:
        report(measure(arguments.events, arguments.rounds), arguments.results)


if __name__ == "__main__":
    main()
