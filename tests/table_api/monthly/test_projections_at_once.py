"""Those who project at one moment: the first writes, the others wait for what it writes."""

import asyncio
from collections.abc import Sequence

import pytest

from table_api.errors import Unavailable
from table_api.monthly.projected_day import MONTHLY_TABLE
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Operation
from tests.fixtures.calls import PrefixedStorage, make_call, open_ledger
from tests.fixtures.projections import assert_projected


class Held(PrefixedStorage):
    """A storage whose transactions of `monthly` wait until they may go on."""

    def __init__(self) -> None:
        super().__init__(MemoryTableStorage(), "")
        self.begun = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.failures = 0
        """So many of the next transactions fail."""
        self.rows: list[int] = []
        """Rows of each transaction that was done."""

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        if table == MONTHLY_TABLE:
            self.begun.set()
            await self.may_go_on.wait()
            if self.failures:
                self.failures -= 1
                raise Unavailable("503")
            self.rows.append(len(operations))
        return await super().transact(table, partition_key, operations)


@pytest.fixture(autouse=True)
def _one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("table_api.monthly.projection.TRIES_MAX", 1)


async def first_of(storage: Held) -> tuple[ProjectedLedger, asyncio.Task[None]]:
    """A ledger with a call of ann's, and the projection that is writing it."""
    projected = await open_ledger(storage)
    await projected.ledger.post([make_call(0, subject="ann")])
    first = asyncio.create_task(projected.project())
    await storage.begun.wait()
    return projected, first


async def test_who_asks_meanwhile_waits_and_writes_what_was_touched_before_it_asked() -> None:
    storage = Held()
    projected, first = await first_of(storage)
    await projected.ledger.post([make_call(1, subject="bob")])
    second, third = (asyncio.create_task(projected.project()) for _ in range(2))
    _, waiting = await asyncio.wait({first, second, third}, timeout=0.05)
    assert len(waiting) == 3
    await projected.ledger.post([make_call(2, subject="eve")])  # of none of them
    storage.may_go_on.set()
    await asyncio.gather(first, second, third)
    assert storage.rows == [1, 1]
    await projected.project()
    assert storage.rows == [1, 1, 1]
    await assert_projected(storage)


async def test_who_waited_for_one_that_failed_writes_its_rows_too() -> None:
    storage = Held()
    projected, first = await first_of(storage)
    second = asyncio.create_task(projected.project())
    await asyncio.sleep(0)
    storage.failures = 1
    storage.may_go_on.set()
    with pytest.raises(Unavailable):
        await first
    await second
    assert storage.rows == [1]
    await assert_projected(storage)


async def test_one_that_is_cancelled_while_it_waits_leaves_its_rows_to_the_next() -> None:
    storage = Held()
    projected, first = await first_of(storage)
    await projected.ledger.post([make_call(1, subject="bob")])
    second = asyncio.create_task(projected.project())
    third = asyncio.create_task(projected.project())
    await asyncio.sleep(0)
    second.cancel()
    storage.may_go_on.set()
    await asyncio.gather(first, third)
    await asyncio.wait({second})
    assert second.cancelled()
    assert storage.rows == [1, 1]
    await assert_projected(storage)
