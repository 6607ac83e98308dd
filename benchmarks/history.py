"""Replay, staging and apply, compared with posting: CPU time per call, storage in memory.

Everything runs in one process, and the storage is the twin in memory, so that only our own work
counts. The twin's work is part of every row of the table. Each figure is the CPU time of a step
divided by its calls. So the run must change every call, or its figures would be too small.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from benchmarks.result import add_results_argument, beside, report
from consumers.running.receive_loop import set_for_batches
from local_stack.broker import BrokerConfig, HubConfig, running_broker
from table_api.audit.ledger_audit import audit
from tests.consumers.receiving.deliveries import delivered
from tests.consumers.replay.world import HUB, ReplayWorld
from tests.fixtures.builders import CALL_TIME, ENQUEUED_TIME, call_id, make_body
from tests.fixtures.calls import NOW, book
from tests.fixtures.reratings import dearer_book

CALLS = 100_000
BATCH_EVENTS = 2_000
SPAN = timedelta(days=10)
"""Of so many calls; fewer calls are of fewer days."""
USERS = 1_000
DEPLOYMENTS = ("gpt-4.1-mini", "gpt-4o", "gpt-5-mini", "gpt-4.1-nano")
CONFIG = BrokerConfig(hubs=(HubConfig(name=HUB, partitions=1, consumer_groups=("g",)),))


def bodies(calls: int) -> list[bytes]:
    """Bodies of calls of USERS subjects."""
    return [
        make_body(
            id=call_id(number),
            subject=f"user-{number * 7919 % USERS}",
            deployment=DEPLOYMENTS[number % len(DEPLOYMENTS)],
            time=time_of(number),
        )
        for number in range(calls)
    ]


def time_of(number: int) -> str:
    """The time of a call as the gateway writes it: in their order, as a hub has them."""
    time = CALL_TIME - SPAN + number * SPAN / CALLS
    return f"{time:%Y-%m-%dT%H:%M:%S.%fZ}"


async def timed(step: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """CPU and wall seconds."""
    cpu, wall = process_time(), perf_counter()
    await step()
    return process_time() - cpu, perf_counter() - wall


async def paired(world: ReplayWorld, sent: Sequence[bytes]) -> None:
    """What `pair` keeps of the calls while they are live: replay finds it."""
    usage = await world.hearing()
    for start in range(0, len(sent), BATCH_EVENTS):
        batch = [
            delivered(start + index, body=body)
            for index, body in enumerate(sent[start : start + BATCH_EVENTS])
        ]
        await usage.prepare("0", batch)()


async def measure(calls: int, files: Path, results: Path | None) -> int:
    sent = bodies(calls)
    async with running_broker(config=CONFIG, clock=lambda: ENQUEUED_TIME) as broker:
        broker.append(HUB, sent, partition="0")
        broker.capture(HUB, files)
    world = await ReplayWorld.empty()
    metering = world.metering(await world.watching())

    async def post() -> None:
        for start in range(0, calls, BATCH_EVENTS):
            batch = [
                delivered(start + index, body=body)
                for index, body in enumerate(sent[start : start + BATCH_EVENTS])
            ]
            await metering.prepare("0", batch)()

    posting = await timed(post)
    await paired(world, sent)
    again = await timed(lambda: world.replay(files))
    fresh = await ReplayWorld.empty()
    missing = await timed(lambda: fresh.replay(files))
    history = world.history
    runs: list[str] = []

    async def stage() -> None:
        runs.append(await history.approved(dearer_book(2)))

    staging = await timed(stage)
    applying = await timed(lambda: history.apply(runs[0]))
    reverting = await timed(lambda: history.revert(runs[0]))
    found = await audit(history.storage, now=NOW)
    run = await history.reratings.get(runs[0])
    print(f"{calls:,} calls, {USERS:,} users; storage in memory; {found.render()}")
    print(f"the run wrote {run.written.done:,} rows, and its revert {run.restored.done:,}")
    steps = (
        ("replay of Capture, all missing", missing),
        ("replay of Capture, all posted before", again),
        ("rerate stage", staging),
        ("rerate apply", applying),
        ("rerate revert", reverting),
    )
    posted = posting[0] / calls * 1e6
    report(
        [
            beside(f"{name}: CPU µs per call, compared with metering", cpu / calls * 1e6, posted)
            for name, (cpu, _) in steps
        ],
        results,
    )
    every = (run.changed, run.written.done, run.restored.done) == (calls, calls, calls)
    return 0 if found.ok and found.calls == calls and every else 1


def main() -> int:
    """The exit code: 1 when the audit is not clean, or a step left some calls out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    add_results_argument(parser)
    options = parser.parse_args()
    book()  # compiled before the first clock starts
    set_for_batches()  # as the verbs `run` and `replay` do
    with TemporaryDirectory() as files:
        return asyncio.run(measure(options.calls, Path(files), options.results))


if __name__ == "__main__":
    sys.exit(main())
