"""Marks of hours that may be summed already, by several who save at one moment."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from table_api.errors import Unavailable
from table_api.monthly.late_calls import LateCalls
from table_api.open_calls.summed_hours import COMPLETENESS_TABLE, SummedHours
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Operation
from tests.fixtures.builders import CALL_TIME
from tests.fixtures.calls import PrefixedStorage, all_rows, make_call, open_ledger


class FailsOnce(PrefixedStorage):
    """A storage whose first transaction waits until it may fail."""

    def __init__(self) -> None:
        super().__init__(MemoryTableStorage(), "")
        self.begun = asyncio.Event()
        self.may_fail = asyncio.Event()

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        if not self.begun.is_set():
            self.begun.set()
            await self.may_fail.wait()
            raise Unavailable("503")
        return await super().transact(table, partition_key, operations)


async def test_who_waits_for_marks_that_fail_writes_them() -> None:
    posting = (await open_ledger(MemoryTableStorage())).place(make_call())
    storage = FailsOnce()
    summed = SummedHours(storage)
    await summed.create()
    late = LateCalls(summed, now=lambda: CALL_TIME + timedelta(days=2))
    late.changed(posting.entry_key)
    first = asyncio.create_task(late.mark())
    await storage.begun.wait()
    second = asyncio.create_task(late.mark())
    await asyncio.sleep(0)
    assert not second.done()  # else its position would be saved without the mark
    storage.may_fail.set()
    with pytest.raises(Unavailable):
        await first
    await second
    assert await all_rows(storage, COMPLETENESS_TABLE)
