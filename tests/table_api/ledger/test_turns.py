"""A busy partition of the ledger holds up nobody for longer than one of its transactions."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from pricing_rules.money import parse_pico
from table_api.audit.ledger_audit import audit
from table_api.ledger.keys import LEDGER_TABLE, shard_of
from table_api.ledger.partition_poster import PARTITIONS_IN_FLIGHT_MAX
from table_api.ledger.post_result import Outcome
from table_api.ledger.posting import MeteredCall
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Operation
from tests.contracts.ledger import charge
from tests.fixtures.builders import call_id, make_usage
from tests.fixtures.calls import NOW, SETTINGS, PrefixedStorage, make_call, open_ledger

ONE_CALL = parse_pico("0.0011952")
LOOP_TURNS = 20
"""That a transaction takes: more than making a call ready for the ledger."""
BUSY = "busy@example.com"


def call(number: int, subject: str = BUSY, partition: str = "0") -> MeteredCall:
    """A call of its own."""
    return make_call(number, partition=partition, id=call_id(number), subject=subject)


class SlowStorage(PrefixedStorage):
    """Transactions of the ledger take a while, and those of one subject wait until they may go on.
    It keeps whose were written, in their order, and how many of a partition were at once.
    """

    def __init__(self, storage: MemoryTableStorage) -> None:
        super().__init__(storage, "")
        self.written: list[str] = []
        self.waiting: Counter[str] = Counter()
        self.at_once_max = 0
        self.begun = asyncio.Event()
        self.one_written = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        if table != LEDGER_TABLE:
            return await super().transact(table, partition_key, operations)
        subject = operations[0].row_key.split("|")[1]
        self.waiting[partition_key] += 1
        self.at_once_max = max(self.at_once_max, self.waiting[partition_key])
        self.begun.set()
        for _ in range(LOOP_TURNS):
            await asyncio.sleep(0)
        if subject == BUSY:
            await self.may_go_on.wait()
        try:
            etags = await super().transact(table, partition_key, operations)
        finally:
            self.waiting[partition_key] -= 1
        self.written.append(subject)
        self.one_written.set()
        return etags


async def test_between_two_transactions_of_a_long_list_others_have_their_turn(
    memory: MemoryTableStorage,
) -> None:
    storage = SlowStorage(memory)
    ledger = (await open_ledger(storage)).ledger
    others = [subject for subject in map("user-{}".format, range(40)) if same_shard(subject)][:3]
    long = asyncio.create_task(ledger.post([call(number) for number in range(450)]))
    await storage.begun.wait()
    await asyncio.gather(
        *(ledger.post([call(1_000 + n, each, "1")]) for n, each in enumerate(others))
    )
    assert not long.done()
    await long
    assert storage.written.count(BUSY) == 5
    assert storage.written.index(BUSY) < storage.written.index(others[0]) < 3
    assert storage.written[-1] == BUSY
    assert storage.at_once_max == 1


async def test_who_waits_for_a_busy_partition_keeps_no_other_from_being_written(
    memory: MemoryTableStorage,
) -> None:
    storage = SlowStorage(memory)
    ledger = await open_ledger(storage)
    storage.may_go_on.clear()
    number = 2 * PARTITIONS_IN_FLIGHT_MAX
    waiting = [asyncio.create_task(ledger.post([call(n)])) for n in range(number)]
    other = next(s for s in map("user-{}".format, range(40)) if not same_shard(s))
    await storage.begun.wait()  # by then all have asked for their turn
    async with asyncio.timeout(10):
        await ledger.post([call(number, other)])
    assert storage.written == [other]
    assert not any(task.done() for task in waiting)
    storage.may_go_on.set()
    await asyncio.gather(*waiting)
    assert (await audit(memory, now=NOW)).ok


async def test_a_stronger_report_that_came_between_is_what_later_ones_are_compared_with(
    memory: MemoryTableStorage,
) -> None:
    storage = SlowStorage(memory)
    ledger = await open_ledger(storage)
    weak = call(0)
    strong = make_call(1, id=call_id(0), subject=BUSY, usage=make_usage(input=5_000, output=1_000))
    long = asyncio.create_task(ledger.post([weak, *(call(number) for number in range(1, 450))]))
    await storage.one_written.wait()
    [corrected] = await ledger.post([strong])
    assert not long.done()
    assert corrected.outcome is Outcome.CORRECTED
    await long
    [again] = await ledger.post([weak])
    assert (again.outcome, again.mismatch) == (Outcome.DUPLICATE, True)


async def test_the_same_calls_posted_twice_at_once_are_counted_once(
    memory: MemoryTableStorage,
) -> None:
    storage = SlowStorage(memory)
    ledger = await open_ledger(storage)
    calls = [call(number, BUSY if number % 2 else f"user-{number}") for number in range(500)]
    both = await asyncio.gather(ledger.post(calls), ledger.post(calls[::-1]))
    outcomes = Counter(result.outcome for results in both for result in results)
    assert outcomes == {Outcome.POSTED: 500, Outcome.DUPLICATE: 500}
    assert storage.at_once_max == 1
    found = await audit(memory, now=NOW)
    assert (found.ok, found.calls) == (True, 500), found.render()
    assert await charge(memory) == 500 * ONE_CALL


def same_shard(subject: str) -> bool:
    """Whether the calls of a subject are in the partition of the busy one's."""
    return shard_of(subject, SETTINGS.shards) == shard_of(BUSY, SETTINGS.shards)
