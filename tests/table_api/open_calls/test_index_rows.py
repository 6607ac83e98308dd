"""The index is read for many calls where it is short enough, and not read and thrown away."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from table_api.open_calls.facts import TokenCounts
from table_api.open_calls.index_rows import index_rows
from table_api.open_calls.keys import HOUR_SHARDS
from table_api.open_calls.table import Arrival, OpenCalls
from table_api.storage.keys import KeyRange
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Row
from tests.fixtures.builders import CALL_TIME
from tests.fixtures.calls import PrefixedStorage

MINUTE = timedelta(minutes=1)
CALLS = 12_000
"""In an hour: three pages a shard."""


class PagesCounted(PrefixedStorage):
    """Counts the pages that are read."""

    pages = 0

    async def query(
        self, table: str, partition_key: str, keys: KeyRange, **options: Any
    ) -> AsyncIterator[list[Row]]:
        async for page in super().query(table, partition_key, keys, **options):
            self.pages += 1
            yield page


@pytest.fixture
async def storage() -> PagesCounted:
    hour = CALL_TIME.replace(minute=0, second=0, microsecond=0)
    storage = PagesCounted(MemoryTableStorage(), "")
    calls = OpenCalls(storage)
    await calls.create()
    await calls.add(
        Arrival(call_id=f"{number}", fact=TokenCounts(time=time, total=number), due_from=time)
        for number in range(CALLS)
        for time in [hour + timedelta(hours=1) * number / CALLS]
    )
    return storage


async def look(
    storage: PagesCounted, start: datetime, stop: datetime, pages_max: int
) -> tuple[list[Row] | None, int]:
    """The rows of two calls, and how many pages were read."""
    storage.pages = 0
    wanted = {"100", "6000"}
    rows = await index_rows(storage, wanted, [(start, stop)], pages_max=pages_max)
    return rows, storage.pages


HOUR = CALL_TIME.replace(minute=0, second=0, microsecond=0)


async def test_a_short_index_is_read_once(storage: PagesCounted) -> None:
    rows, pages = await look(storage, HOUR, HOUR + 60 * MINUTE, 4 * HOUR_SHARDS)
    assert rows is not None
    assert {row["call_id"] for row in rows} == {"100", "6000"}
    assert 3 * HOUR_SHARDS <= pages <= 4 * HOUR_SHARDS


async def test_of_a_long_index_one_page_is_read(storage: PagesCounted) -> None:
    assert await look(storage, HOUR, HOUR + 60 * MINUTE, 2 * HOUR_SHARDS) == (None, 1)


async def test_of_fewer_pages_than_partitions_none_is_read(storage: PagesCounted) -> None:
    assert await look(storage, HOUR, HOUR + 60 * MINUTE, HOUR_SHARDS - 1) == (None, 0)


async def test_a_part_of_an_hour_has_as_many_pages_as_it_is_long(storage: PagesCounted) -> None:
    rows, pages = await look(storage, HOUR, HOUR + MINUTE, HOUR_SHARDS)
    assert rows is not None
    assert [row["call_id"] for row in rows] == ["100"]
    assert pages == HOUR_SHARDS
