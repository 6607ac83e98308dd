"""Seconds of one report of completeness over 14 days, from rows of summed hours.

    python -m benchmarks.completeness [--calls 100000]

First the CPU of a report in memory, compared with a report that reads every call. Then the seconds
until `GET /v1/completeness` is answered in full, by a new app over Azurite that holds the rows
which the answer reads, and the CPU of both. The last hours of the last day are open, as they are
while traffic runs.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from benchmarks.api.__main__ import ask
from benchmarks.process_cpu import cpu_s
from benchmarks.result import Result, add_results_argument, at_most, beside, report
from local_stack.demo import azurite
from table_api.completeness.hours import HourSummer
from table_api.completeness.reads import CompletenessReading, CompletenessReads
from table_api.completeness.tallies import CallTally
from table_api.consumer_state.groups import Groups
from table_api.http_api.app import create_app
from table_api.ledger.day_range import DayRange
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.keys import KeyRange
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.parallel import chunks
from table_api.storage.table_storage import OPERATIONS_MAX, Insert, Row
from table_api.usage.cell_reads import LedgerReads
from tests.consumers.pairing.traffic import traffic
from tests.consumers.pairing.world import USAGE, World
from tests.fixtures.builders import CALL_TIME
from tests.fixtures.calls import PrefixedStorage

CALLS = 100_000
DAYS = 14
BATCH = 200
GOAL = 0.1
GOAL_S = 1.0
ROUNDS = 5
OPEN = timedelta(hours=2)
"""Before the end: hours that wait for their other halves."""
FIRST = CALL_TIME.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
STOP = FIRST + timedelta(days=DAYS)
ASKED = DayRange(FIRST.date(), STOP.date())
KEYS = ("PartitionKey", "RowKey", "Timestamp")


async def fill(storage: MemoryTableStorage, calls: int) -> None:
    """Pair and meter the calls, a day at a time."""
    world = await World.over(storage)
    of_day = calls // DAYS
    for day in range(DAYS):
        start, span = FIRST + timedelta(days=day), timedelta(days=1)
        sent = traffic(of_day, start=start, span=span, seed=day, first=day * of_day)
        for part in chunks(sent.events, BATCH):
            end = part[-1].enqueued_time
            usage = [each.body for each in part if each.hub == USAGE]
            others = [each.body for each in part if each.hub != USAGE]
            await world.pair_batch(world.usage, usage, end)
            await world.pair_batch(world.diagnostics, others, end)
            await world.meter(usage, end)
        await world.sweep(start + span)
        await world.meter(world.outbox.sent, start + span)
        world.outbox.sent.clear()
    await world.ledger.project()


async def seconds(storage: MemoryTableStorage) -> tuple[float, CompletenessReading]:
    """Of one report, and what it says."""
    reads = LedgerReads(storage, now=lambda: STOP)
    reader = CompletenessReads(storage, reads, Groups())
    started = time.process_time()
    reading = await reader.read(ASKED, calls_max=10 * CALLS)
    return time.process_time() - started, reading


async def measure(calls: int) -> list[Result]:
    """The same report twice: read live, then from the rows of summed hours."""
    storage = MemoryTableStorage()
    await fill(storage, calls)
    live, expected = await seconds(storage)
    reads = LedgerReads(storage, now=lambda: STOP)
    started = time.process_time()
    summed = await HourSummer(storage, reads).sum_due(
        settled=STOP - OPEN, facts_from=FIRST - timedelta(days=1), hours_max=24 * (DAYS + 1)
    )
    per_hour = (time.process_time() - started) / summed
    ours, reading = await seconds(storage)
    assert reading.report.totals == expected.report.totals
    posted = reading.report.totals.calls[CallTally.POSTED]
    name = f"completeness of {posted:,} calls in {DAYS} days, CPU seconds, reading each call as 1"
    answered, cpu = await seconds_of_an_answer(storage, posted)
    asked = f"GET /v1/completeness of {posted:,} calls in {DAYS} days on Azurite"
    return [
        at_most(name, ours, live, GOAL),
        beside("summing one hour for it, once, CPU seconds, the same as 1", per_hour, live),
        at_most(f"{asked}: seconds until it is answered, median, goal as 1", answered, GOAL_S, 1),
        at_most(f"{asked}: CPU seconds of API and Azurite, goal as 1", cpu, GOAL_S, 1),
    ]


class ReadRows(PrefixedStorage):
    """Keeps every row that is read, with the columns that were asked for."""

    def __init__(self, storage: MemoryTableStorage) -> None:
        super().__init__(storage, "")
        self.rows: dict[tuple[str, str], dict[str, Row]] = {}

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        row = await super().get(table, partition_key, row_key)
        self._keep(table, partition_key, [] if row is None else [row])
        return row

    async def query(
        self,
        table: str,
        partition_key: str,
        keys: KeyRange,
        *,
        select: Sequence[str] | None = None,
        rows_max: int | None = None,
    ) -> AsyncIterator[list[Row]]:
        columns = None if select is None else [*select, "RowKey"]
        pages = super().query(table, partition_key, keys, select=columns, rows_max=rows_max)
        async for page in pages:
            self._keep(table, partition_key, page)
            yield [{k: v for k, v in row.items() if k in (select or row)} for row in page]

    async def partitions(self, table: str) -> AsyncIterator[str]:
        async for partition in super().partitions(table):
            self.rows.setdefault((table, partition), {})
            yield partition

    def _keep(self, table: str, partition_key: str, rows: Sequence[Row]) -> None:
        kept = self.rows.setdefault((table, partition_key), {})
        for row in rows:
            kept.setdefault(str(row["RowKey"]), {}).update(row)

    async def copy_to(self, storage: AzureTableStorage) -> None:
        """A partition that was only listed has one row, so that it is listed again."""
        for table in {table for table, _ in self.rows}:
            await storage.create_table(table)
        for (table, partition), rows in self.rows.items():
            written = [
                Insert(key, {name: row[name] for name in row if name not in KEYS})
                for key, row in rows.items()
            ]
            for part in chunks(written or [Insert("0", {})], OPERATIONS_MAX):
                await storage.transact(table, partition, part)


async def seconds_of_an_answer(storage: MemoryTableStorage, posted: int) -> tuple[float, float]:
    """The median of new apps, each asked once, as the first reader of a day is; and the mean CPU of
    this process and Azurite, which other work on the machine hardly changes.
    """
    question = ("/v1/completeness", f"from={ASKED.start}&to={ASKED.stop}")
    read = ReadRows(storage)
    expected = json.loads(
        await ask(create_app(read, MemoryBlobStore(), now=lambda: STOP), *question)
    )
    assert expected["totals"]["posted"] == posted
    with azurite.running() as ports:
        copied = AzureTableStorage.from_connection_string(ports.connection_string)
        await read.copy_to(copied)
        took = []
        azurite_cpu = cpu_s(ports.process or 0)
        own_cpu = time.process_time()
        for _ in range(ROUNDS):
            app = create_app(copied, MemoryBlobStore(), now=lambda: STOP)
            started = time.perf_counter()
            answer = await ask(app, *question)
            took.append(time.perf_counter() - started)
            assert json.loads(answer) == expected
        cpu = time.process_time() - own_cpu + cpu_s(ports.process or 0) - azurite_cpu
        await copied.close()
    return statistics.median(took), cpu / ROUNDS


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.completeness", description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    add_results_argument(parser)
    options = parser.parse_args()
    report(asyncio.run(measure(options.calls)), options.results)


if __name__ == "__main__":
    main()
