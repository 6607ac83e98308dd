"""Deletes old hours of `opencalls`, and leaves a blob that says where their calls are counted."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from pricing_rules.types import CountedAt
from table_api.errors import ChangedMeanwhile
from table_api.open_calls.decision import counted_places
from table_api.open_calls.keys import (
    HOURS,
    OPEN_CALLS_TABLE,
    call_partition,
    call_rows,
    hour_of,
    is_packed,
    is_response_key,
)
from table_api.open_calls.open_call import call_or_damaged
from table_api.open_calls.packed_facts import packed_places
from table_api.open_calls.purging.purged_hours import PurgedHours
from table_api.storage.keys import EVERY_ROW, KeyRange
from table_api.storage.parallel import chunks
from table_api.storage.table_storage import OPERATIONS_MAX, Delete, Row, TableStorage


async def purge(storage: TableStorage, before: datetime, purged: PurgedHours) -> int:
    """See OpenCalls.purge."""
    hours = 0
    async for partition in storage.partitions(OPEN_CALLS_TABLE):
        hour = hour_of(partition)
        if hour is None and partition < HOURS:
            continue
        if hour is None or hour + timedelta(hours=1) > before:
            break
        await _purge_hour(storage, partition, purged)
        hours += 1
    return hours


async def _purge_hour(storage: TableStorage, partition: str, purged: PurgedHours) -> None:
    """A crash between two steps leaves what the next purge finds."""
    rows = await _rows(storage, partition, EVERY_ROW)
    by_call: dict[str, list[str]] = defaultdict(list)
    counted: dict[str, CountedAt] = packed_places(rows) if is_packed(partition) else {}
    for call_id in {str(row.get("call_id", "")) for row in rows if not is_packed(partition)}:
        if is_response_key(call_id):
            continue  # kept for ever: whenever it is fetched again, it is not counted again
        kept = await _rows(storage, call_partition(call_id), call_rows(call_id))
        by_call[call_partition(call_id)].extend(str(row["RowKey"]) for row in kept)
        call = call_or_damaged(call_id, kept)
        if (joined := call.joined) and (places := counted_places(joined, call.decisions)):
            counted[call_id] = places[0]
    # 1. Where the calls are counted. Every row is still there when this is written first.
    if counted:
        await purged.keep(partition, counted)
    # 2. The calls' rows. 3. The index, which names them to a purge that comes after a crash.
    for of_calls, keys in by_call.items():
        await _delete(storage, of_calls, keys)
    await _delete(storage, partition, [str(row["RowKey"]) for row in rows])


async def _rows(storage: TableStorage, partition: str, keys: KeyRange) -> list[Row]:
    pages = storage.query(OPEN_CALLS_TABLE, partition, keys)
    return [row async for page in pages for row in page]


async def _delete(storage: TableStorage, partition: str, row_keys: Sequence[str]) -> None:
    for part in chunks(row_keys, OPERATIONS_MAX):
        rows = [Delete(key) for key in part]
        try:
            await storage.transact(OPEN_CALLS_TABLE, partition, rows)
        except ChangedMeanwhile:
            continue  # another process purges too; what is left is found next time
