"""What the posting protocol reads to learn which of its calls stand."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from table_api.ledger.keys import (
    CHAIN_RANGES_MAX,
    LEDGER_TABLE,
    call_key_at,
    chain_range,
    chain_ranges,
)
from table_api.ledger.post_result import Outcome
from table_api.ledger.posting import MeteredCall
from table_api.storage.keys import KeyRange
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Row
from table_api.storage.timestamp import timestamp
from tests.fixtures.builders import CALL_TIME, call_id
from tests.fixtures.calls import PrefixedStorage, make_call, open_ledger

SECOND = timedelta(seconds=1)


class CountedRows(PrefixedStorage):
    """Counts the rows of the ledger that were read and the queries that read them."""

    def __init__(self, storage: MemoryTableStorage) -> None:
        super().__init__(storage, "")
        self.rows = self.queries = 0

    async def query(
        self, table: str, partition_key: str, keys: KeyRange, **options: Any
    ) -> AsyncIterator[list[Row]]:
        self.queries += table == LEDGER_TABLE
        async for page in super().query(table, partition_key, keys, **options):
            self.rows += len(page) if table == LEDGER_TABLE else 0
            yield page


def robot(number: int, after: timedelta) -> MeteredCall:
    """A call of one subject, some time after CALL_TIME."""
    return make_call(number, id=call_id(number), subject="app:robot", time=CALL_TIME + after)


async def test_a_late_call_and_a_new_one_do_not_read_the_calls_between_them(
    memory: MemoryTableStorage,
) -> None:
    storage = CountedRows(memory)
    day = [robot(number, 20 * number * SECOND) for number in range(400)]
    await (await open_ledger(storage)).post(day)
    another = await open_ledger(storage)
    storage.rows = storage.queries = 0
    late, new = robot(1_000, SECOND), robot(1_001, 8_001 * SECOND)
    results = await another.post([late, new, day[200]])
    assert [each.outcome for each in results] == [
        Outcome.POSTED,
        Outcome.POSTED,
        Outcome.DUPLICATE,
    ]
    assert storage.rows <= 3


async def test_a_batch_that_is_delivered_again_is_read_at_once(memory: MemoryTableStorage) -> None:
    storage = CountedRows(memory)
    batch = [robot(number, number * SECOND) for number in range(80)]
    await (await open_ledger(storage)).post(batch)
    another = await open_ledger(storage)
    storage.rows = storage.queries = 0
    results = await another.post(batch)
    assert {each.outcome for each in results} == {Outcome.DUPLICATE}
    assert (storage.rows, storage.queries) == (80, 1)


def keys_at(seconds: Sequence[int]) -> list[str]:
    """Entry keys of calls so many seconds after CALL_TIME."""
    return [key_at(CALL_TIME + n * SECOND) for n in seconds]


def key_at(time: datetime) -> str:
    return call_key_at("app:robot", time.date(), timestamp(time), "id")


def test_calls_that_follow_each_other_within_a_minute_share_a_read() -> None:
    a, b, c, d = keys_at([0, 60, 121, 150])
    stops = [chain_range(key).stop for key in (b, d)]
    assert chain_ranges([d, b, a, c]) == [KeyRange(a, stops[0]), KeyRange(c, stops[1])]


def test_a_long_list_is_read_over_its_smaller_gaps() -> None:
    """The ranges hold every call, whatever their number."""
    keys = keys_at(list(accumulate(range(62, 562))))
    ranges = chain_ranges(keys)
    assert len(ranges) == CHAIN_RANGES_MAX
    held = [sum(span.start <= key < span.stop for span in ranges) for key in keys]
    assert held == [1] * 500
    widest = [span for span in ranges if span.start == keys[-1]]
    assert widest == [chain_range(keys[-1])]
