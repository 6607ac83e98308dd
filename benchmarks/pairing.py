"""Pairing's CPU time per diagnostics record and completed call, compared with metering's per event.

Both consumers read the same traffic, each as a process of its own. Broker and Azurite run in other
processes. Only a consumer's own CPU time counts, start-up included. Pairing's rows divide one total
by three numbers. In the end ledger and states are compared with what was sent, because a fast wrong
answer is no result.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import uuid4

import uvloop

from benchmarks.result import Result, add_results_argument, at_most, beside, report
from consumers.metering.run import run
from consumers.pairing.run import pair
from consumers.settings import read_settings
from local_stack.broker import BrokerConfig, HubConfig, running_broker
from local_stack.demo import azurite
from table_api.audit.ledger_audit import audit
from table_api.consumer_state.progress import Count, ProgressTable
from table_api.open_calls.decision import PairingState
from table_api.open_calls.table import OpenCalls
from table_api.storage.azure_tables import AzureTableStorage
from tests.consumers.pairing.traffic import (
    Traffic,
    differences,
    state_of_call,
    traffic,
)
from tests.consumers.pairing.world import DIAGNOSTICS, USAGE, standing_calls
from tests.fixtures.calls import DEMO_BOOK

PARTITIONS = 4
SEED = 20261123
SUBJECTS = 1_000
COMPLETED_GOAL = 4.0
"""Of a completed call, and with it of all that pairing reads, as a multiple of a metered event."""
POLL_S = 0.1
SIDE_S_MAX = 1_800.0
SPAN = timedelta(minutes=5)
"""Shorter than the grace: a call that has lost a half waits, as in live traffic."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one consumer took."""

    cpu_s: float
    wall_s: float


async def work(side: str) -> None:
    """Run one consumer until it gets a signal to end."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await (pair if side == "pair" else run)(read_settings({}, os.environ), ended=ended)


def measured(side: str) -> None:
    """Run one consumer in this process, and print its CPU seconds."""
    started = time.process_time()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work(side))
    print(time.process_time() - started)


async def measure(side: str, events: int, environment: dict[str, str]) -> Side:
    """Run one consumer as a process until all events are in its progress rows."""
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.pairing", "--side", side),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
    )
    await asyncio.wait_for(
        durable(side, events, environment["STORAGE_CONNECTION_STRING"]), SIDE_S_MAX
    )
    process.terminate()
    output, _ = await asyncio.wait_for(process.communicate(), SIDE_S_MAX)
    return Side(float(output), time.monotonic() - started)


async def durable(side: str, events: int, connection_string: str) -> None:
    """Wait until a consumer has so many events behind it."""
    storage = AzureTableStorage.from_connection_string(connection_string)
    table, received = ProgressTable(storage), 0
    groups = [(USAGE, "metering")] if side == "meter" else [
        (hub, "pairing") for hub in (USAGE, DIAGNOSTICS)
    ]  # fmt: skip
    while received < events:
        await asyncio.sleep(POLL_S)
        rows = [row for hub, group in groups for row in await table.of_group(hub, group)]
        # Pairing also reads what it publishes, and counts it as ignored.
        received = sum(row.counts[Count.RECEIVED] - row.counts[Count.IGNORED] for row in rows)
    await storage.close()


async def compare(calls: int) -> list[Result]:
    """Pairing first, then metering of the gateway's events and of pairing's."""
    groups = ("metering", "pairing")
    config = BrokerConfig(
        hubs=tuple(
            HubConfig(name=hub, partitions=PARTITIONS, consumer_groups=groups)
            for hub in (USAGE, DIAGNOSTICS)
        )
    )
    start, chance = datetime.now(UTC) - SPAN, Random(SEED)
    sent = traffic(calls, start=start, span=SPAN, seed=SEED, subjects=SUBJECTS)
    with azurite.running() as ports:
        async with running_broker(config=config) as broker:
            for event in sent.events:
                broker.append(event.hub, [event.body], partition=str(chance.randrange(PARTITIONS)))
            environment = {
                "EVENTHUB_CONNECTION_STRING": broker.connection_string,
                "STORAGE_CONNECTION_STRING": ports.connection_string,
                "PRICE_BOOKS": str(DEMO_BOOK),
                "CHECKPOINT_CONTAINER": uuid4().hex,
            }
            pairing = await measure("pair", len(sent.events), environment)
            events = sum(
                broker.log(USAGE, str(partition)).last_sequence_number + 1
                for partition in range(PARTITIONS)
            )
            metering = await measure("meter", events, environment)
        storage = AzureTableStorage.from_connection_string(ports.connection_string)
        await verify(sent, storage, start)
        await storage.close()
    return results(sent, pairing, metering, events)


async def verify(sent: Traffic, storage: AzureTableStorage, start: datetime) -> None:
    """Check that each call in the ledger is as it was sent, that only waiting calls are missing,
    and that the audit is ok.
    """
    found = {
        call_id: [(entry.subject, *entry.report.strength) for entry in each]
        for call_id, each in (await standing_calls(storage)).items()
    }
    truth = {call_id: told for call_id, told in sent.truth.items() if call_id in found}
    wrong = list(differences(truth, found))
    kept = await OpenCalls(storage).calls(start - SPAN, start + 2 * SPAN)
    waiting = sum(each.state is PairingState.WAITING for each in kept)
    report = await audit(storage, now=datetime.now(UTC))
    missing = len(sent.truth) - len(truth)
    if wrong or missing != waiting or not report.ok:
        raise SystemExit(f"{wrong[:5]} missing {missing}, waiting {waiting}: {report.render()}")
    print(f"{len(sent.calls)} calls: {len(truth)} as sent, {waiting} wait for a half, audit ok")


def results(sent: Traffic, pairing: Side, metering: Side, metered_events: int) -> list[Result]:
    """What pairing costs, compared with metering."""
    bodies = [event.body for event in sent.events if event.hub == DIAGNOSTICS]
    records = sum(body.count(b'"correlationId"') for body in bodies)
    usage = len(sent.events) - len(bodies)
    completed = sum(
        state_of_call(call) is PairingState.COMPLETED
        or (state_of_call(call) is PairingState.RECOVERED and call.stream)
        for call in sent.calls
    )
    metered = metering.cpu_s / metered_events * 1e6

    def per(number: int) -> float:
        return pairing.cpu_s / number * 1e6

    name = "pairing: CPU µs per {}, compared with metering's per event"
    return [
        beside(name.format("record or event that it reads"), per(records + usage), metered),
        beside(name.format("diagnostics record"), per(records), metered),
        at_most(name.format("call that it completed"), per(completed), metered, COMPLETED_GOAL),
    ]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--side", choices=("pair", "meter"), help=argparse.SUPPRESS)
    add_results_argument(parser)
    arguments = parser.parse_args()
    if arguments.side:
        measured(arguments.side)
    else:
        report(asyncio.run(compare(arguments.calls)), arguments.results)


if __name__ == "__main__":
    main()
