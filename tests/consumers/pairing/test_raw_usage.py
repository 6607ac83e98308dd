"""The sweeper deletes the usage objects that metering keeps."""

from dataclasses import replace
from datetime import timedelta

from consumers.pairing.sweeper import Sweeper
from table_api.consumer_state.raw_usage import RAW_USAGE_TABLE, RawUsage, RawUsageKey
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.pairing.world import World
from tests.fixtures.builders import CALL_TIME, call_id
from tests.fixtures.calls import all_rows


async def test_usage_objects_are_deleted_by_stream_time() -> None:
    world = await World.over(MemoryTableStorage())
    kept = RawUsage(world.storage)
    await kept.create()
    for days in (99, 102):
        key = RawUsageKey(
            call_id=call_id(days),
            time=CALL_TIME - timedelta(days=days),
            partition="0",
            sequence_number=1,
        )
        await kept.keep([(key, "{}")])
    pairing = replace(world.pairing, raw_usage=kept, raw_usage_keep=timedelta(days=100))
    world.stream_time.latest = CALL_TIME
    await Sweeper(pairing, interval_s=1).sweep()
    rows = await all_rows(world.storage, RAW_USAGE_TABLE)
    assert [row["call_id"] for row in rows.values()] == [call_id(99)]
