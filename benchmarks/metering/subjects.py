"""Metering of calls whose daily cells nobody has read yet, of few and of many subjects.

    python -m benchmarks.metering.subjects [--events 12000] [--rounds 3]

Batches are metered in this process, through the real client of tables, into `table_stub` in a
process of its own. Receiving is left out: it costs the same for all. Each round has fresh tables,
a fresh ledger and other events, and its first call of each subject meets a cold cell.
"""

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate

from benchmarks.metering.latency import stub_process
from benchmarks.metering.traffic import DEPLOYMENTS, HUB, PARTITIONS, SEED
from benchmarks.result import Result, add_results_argument, at_most, report, spread
from consumers.dead_letters.letter_store import MemoryDeadLetters
from consumers.metering.call_rating import CallRating
from consumers.metering.metering import Metering
from consumers.receiving.handler import Received
from local_stack.demo.azurite import ACCOUNT, ACCOUNT_KEY
from table_api.audit.ledger_audit import audit
from table_api.ledger.meta import LedgerSettings
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.people.people import People
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.timestamp import now_utc
from tests.fixtures.builders import call_id, make_body
from tests.fixtures.calls import book

SUBJECTS = (10, 1_000, 100_000)
BATCH = 1_000
LEDGER = LedgerSettings(zone="UTC", pricing_currency="USD", billing_currency="USD")
GOAL = 2.0


def batches(subjects: int, events: int, seed: int) -> Iterator[list[Received]]:
    """Events of one hub partition; few subjects make many of the calls."""
    chance, now = random.Random(seed), datetime.now(UTC)
    weights = list(accumulate(1 / (rank + 1) for rank in range(subjects)))
    ranks = chance.choices(range(subjects), cum_weights=weights, k=events)
    for first in range(0, events, BATCH):
        yield [
            Received(
                sequence_number=number,
                offset=str(number),
                enqueued_time=now,
                body=make_body(
                    id=call_id(number),
                    subject=f"user-{rank}@example.com",
                    time=f"{now:%Y-%m-%dT%H:%M:%S.%f}0Z",
                    deployment=DEPLOYMENTS[rank % len(DEPLOYMENTS)],
                ),
            )
            for number, rank in enumerate(ranks[first : first + BATCH], first)
        ]


async def metered(subjects: int, events: int, seed: int) -> float:
    """CPU µs per event."""
    async with stub_process(latency_ms=0.0) as (_, port):
        endpoint = f"TableEndpoint=http://127.0.0.1:{port}/{ACCOUNT}"
        text = f"AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};{endpoint}"
        async with AzureTableStorage.from_connection_string(text) as storage:
            metering = await open_metering(storage)
            cpu_s = 0.0
            for number, batch in enumerate(batches(subjects, events, seed)):
                started = time.process_time()
                await metering.prepare(str(number % PARTITIONS), batch)()
                cpu_s += time.process_time() - started
            started = time.process_time()
            await metering.before_save()
            cpu_s += time.process_time() - started
            found = await audit(storage, now=datetime.now(UTC))
    if not found.ok or found.calls != events:
        raise SystemExit(f"{events} events: {found.render()}")
    return cpu_s / events * 1e6


async def open_metering(storage: AzureTableStorage) -> Metering:
    """Metering without a hub."""
    ledger = await ProjectedLedger.open(storage, LEDGER, now=now_utc)
    people = People(storage, now=now_utc, age_s_max=3_600)
    rating = CallRating(book(), people, ledger.meta.calendar)
    return Metering(
        hub=HUB,
        rating=rating,
        ledger=ledger.ledger,
        project=ledger.project,
        dead_letters=MemoryDeadLetters(),
        now=now_utc,
    )


async def compare(events: int, rounds: int) -> list[Result]:
    """The numbers of subjects in turn, so that other work on the machine disturbs all alike."""
    found: dict[int, list[float]] = {subjects: [] for subjects in SUBJECTS}
    for number in range(rounds):
        for subjects, costs in found.items():
            costs.append(await metered(subjects, events, SEED + number))
    few, *more = SUBJECTS
    bare = statistics.median(found[few])
    name = "metering without receiving, cold cells of {:,} subjects: CPU µs per event, of {:,}"
    return [
        spread(
            at_most(name.format(subjects, few), statistics.median(found[subjects]), bare, GOAL),
            found[subjects],
        )
        for subjects in more
    ]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=3)
    add_results_argument(parser)
    options = parser.parse_args()
    report(asyncio.run(compare(options.events, options.rounds)), options.results)


if __name__ == "__main__":
    main()
