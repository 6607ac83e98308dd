"""The publisher says how far behind it is, whatever becomes of its pass."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from table_api.errors import SettingsError
from table_api.publishing import follow
from table_api.storage.keys import KeyRange
from table_api.storage.table_storage import Row, TableStorage
from tests.fixtures.builders import call_id
from tests.fixtures.calls import QueriedStorage, make_call
from tests.fixtures.recorded import series
from tests.table_api.publishing.stand import EVERYTHING, KEY, Stand, stand

BEHIND = ("chargeback.publisher.behind_seconds", ())


@pytest.fixture
async def here() -> AsyncIterator[Stand]:
    async with stand() as found:
        await found.ledger.post([make_call(n, id=call_id(n)) for n in range(3)])
        await found.publish()
        yield found


class Hanging(QueriedStorage):
    """Answers no query until it is let go."""

    def __init__(self, storage: TableStorage) -> None:
        super().__init__(storage)
        self.asked, self.let_go = asyncio.Event(), asyncio.Event()

    async def query(
        self, table: str, partition_key: str, keys: KeyRange, **options: Any
    ) -> AsyncIterator[list[Row]]:
        self.asked.set()
        await self.let_go.wait()
        async for page in super().query(table, partition_key, keys, **options):
            yield page


async def test_a_pass_that_is_refused_says_it(here: Stand) -> None:
    here.key = KEY
    here.now += timedelta(hours=2)
    series()
    with pytest.raises(SettingsError, match="TELEMETRY_SUBJECT_KEY is not the one"):
        await here.publish()
    assert series()[BEHIND] == 7_200


async def test_a_pass_that_hangs_says_it_again_and_again(
    here: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "SAID_EVERY_S", 0)
    hanging = Hanging(here.storage)
    hanging.let_go.set()
    publisher = await here.publisher(storage=hanging)
    hanging.let_go.clear()
    hanging.asked.clear()
    running = asyncio.create_task(publisher.publish(EVERYTHING))
    await asyncio.wait_for(hanging.asked.wait(), 30)
    for seconds in (600, 1_200):
        here.now += timedelta(seconds=600)
        for _ in range(3):  # the task that says it wakes up and sets the gauge
            await asyncio.sleep(0)
        assert series()[BEHIND] == seconds
    hanging.let_go.set()
    await running
    assert series()[BEHIND] == 1_200, "it has all of when it began"
