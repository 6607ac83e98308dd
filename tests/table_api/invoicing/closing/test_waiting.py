"""A count of waiting calls that costs little, however often somebody asks."""

from datetime import UTC, datetime, timedelta

from table_api.consumer_state.groups import DEFAULT_GROUPS
from table_api.invoicing.closing.waiting import WaitingCount
from table_api.open_calls.facts import TokenCounts
from table_api.open_calls.table import Arrival, OpenCalls
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import call_id

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


class Clock:
    """Each look takes two seconds."""

    def __init__(self) -> None:
        self.at = 0

    def __call__(self) -> int:
        self.at += 2
        return self.at


async def add(storage: MemoryTableStorage, number: int) -> None:
    fact = TokenCounts(time=NOW - timedelta(minutes=5), prompt=7, completion=3)
    arrival = Arrival(call_id=call_id(number), fact=fact, due_from=NOW)
    await OpenCalls(storage).add([arrival])


async def test_a_slow_count_is_given_again_for_twenty_times_as_long() -> None:
    storage, clock = MemoryTableStorage(), Clock()
    await OpenCalls(storage).create()
    await storage.create_table("progress")
    counting = WaitingCount(clock=clock)

    async def asked() -> int:
        return await counting.read(storage, DEFAULT_GROUPS, lambda: NOW)

    await add(storage, 1)
    assert await asked() == 1
    await add(storage, 2)
    assert await asked() == 1
    clock.at += 40
    assert await asked() == 2
