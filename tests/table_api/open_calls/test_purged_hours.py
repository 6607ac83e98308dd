"""A damaged blob of purged calls is named: without it nobody knows what is counted already."""

import pytest

from pricing_rules.types import CountedAt
from table_api.errors import Altered
from table_api.open_calls.keys import hour_blob, hour_partition, hour_start, late_blob
from table_api.open_calls.purging.purged_hours import RECORD_BYTES, PurgedHours, encode_hour
from table_api.storage.memory_blobs import MemoryBlobStore
from tests.fixtures.builders import CALL_TIME, call_id

ID = call_id(1)
GOOD = encode_hour([(ID, CountedAt("ann", CALL_TIME))])
HOUR = hour_blob(hour_partition(CALL_TIME, ID))
LATE = late_blob(hour_start(CALL_TIME), "0")


def blobs(name: str, content: bytes) -> MemoryBlobStore:
    found = MemoryBlobStore()
    found.blobs[name] = content
    return found


@pytest.mark.parametrize(
    "content",
    [b"", b"no blob", GOOD[:-1], GOOD.replace(bytes([RECORD_BYTES]), bytes([RECORD_BYTES - 1]))],
    ids=["empty", "other", "cut", "short"],
)
async def test_a_damaged_blob_is_named(content: bytes) -> None:
    with pytest.raises(Altered, match=f"blob counted-calls/{HOUR} cannot be read"):
        await PurgedHours(blobs(HOUR, content)).find(ID, CALL_TIME)
    with pytest.raises(Altered, match=f"blob counted-calls/{LATE} cannot be read"):
        await PurgedHours(blobs(LATE, content)).late.look([CALL_TIME])


async def test_a_whole_blob_tells_where_a_call_is_counted() -> None:
    place = CountedAt("ann", CALL_TIME)
    assert await PurgedHours(blobs(HOUR, GOOD)).find(ID, CALL_TIME) == place
    late = PurgedHours(blobs(LATE, GOOD)).late
    await late.look([CALL_TIME])
    assert late.find(ID) == {place}
