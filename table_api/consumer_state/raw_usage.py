"""Table `rawusage`: a model's usage object of each call that could not be priced by its counts.

A later reader of usage objects reads it again, when the hub has long deleted the event. It holds
numbers and short texts alone, by the day of the call, and is purged.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import msgspec

from table_api.errors import ChangedMeanwhile
from table_api.storage.keys import EVERY_ROW, encode_part
from table_api.storage.named_rows import naming
from table_api.storage.parallel import all_of, chunks
from table_api.storage.table_storage import (
    OPERATIONS_MAX,
    Delete,
    TableStorage,
    Upsert,
    text_chars,
)

RAW_USAGE_TABLE = "rawusage"
TEXT_CHARS_MAX = 64
"""A longer text is cut, as in the reason of an unpriced call."""
DEPTH_MAX = 8
USAGE_CHARS_MAX = 32 * 1024
"""As JSON: what a column holds. A longer object is not kept."""
SMALL_CHARS_MAX = 4 * 1024
LARGE_ROWS_MAX = 16
"""Rows of a transaction where one is longer than SMALL_CHARS_MAX: together they stay under its
bound whatever is escaped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawUsageKey:
    """Which report of which call: its id and time, and where its event was in the hub."""

    call_id: str
    time: datetime
    partition: str
    sequence_number: int

    @property
    def table_partition(self) -> str:
        """`20261120|a`: the day, and a digit of the id's hash."""
        digit = hashlib.sha256(self.call_id.encode("utf-8", "surrogatepass")).hexdigest()[0]
        return f"{self.time.astimezone(UTC):%Y%m%d}|{digit}"

    @property
    def row_key(self) -> str:
        """The id, and the event's position."""
        return f"{encode_part(self.call_id)}|{encode_part(self.partition)}-{self.sequence_number}"


def usage_text(usage: Mapping[str, object]) -> str | None:
    """The numbers, short texts and booleans of a usage object as JSON. Pure.

    None when that would not be the whole of it: too long, too deep, or with a long name. Then
    nobody may read it again, since what was left out could set the price.
    """
    try:
        text = msgspec.json.encode(_kept(usage, DEPTH_MAX)).decode()
    except ValueError:
        return None
    return text if text_chars(text) <= USAGE_CHARS_MAX else None


def _kept(value: object, depth: int) -> object:
    if isinstance(value, str):
        return value[:TEXT_CHARS_MAX]
    if not isinstance(value, Mapping | list | tuple):
        return value
    if not depth:
        raise ValueError("nested too deep")
    if not isinstance(value, Mapping):
        return [_kept(part, depth - 1) for part in value]
    if any(len(name) > TEXT_CHARS_MAX for name in value):
        raise ValueError("a name is too long")
    return {name: _kept(part, depth - 1) for name, part in value.items() if part is not None}


class RawUsage:
    """Keeps and finds usage objects. Methods may raise Unavailable."""

    def __init__(self, storage: TableStorage) -> None:
        self._storage = storage

    async def create(self) -> None:
        """Make the table when it does not exist."""
        await self._storage.create_table(RAW_USAGE_TABLE)

    async def keep(self, usages: Iterable[tuple[RawUsageKey, str]]) -> None:
        """Write the texts of `usage_text`. Writing one again writes the same row."""
        small: dict[str, list[Upsert]] = defaultdict(list)
        large: dict[str, list[Upsert]] = defaultdict(list)
        for key, text in usages:
            row = Upsert(key.row_key, {"call_id": key.call_id, "usage": text})
            rows = small if len(text) <= SMALL_CHARS_MAX else large
            rows[key.table_partition].append(row)

        async def write(partition: str, rows: Sequence[Upsert]) -> None:
            await self._storage.transact(RAW_USAGE_TABLE, partition, rows)

        await all_of(
            write(partition, part)
            for rows, rows_max in ((small, OPERATIONS_MAX), (large, LARGE_ROWS_MAX))
            for partition, of_partition in rows.items()
            for part in chunks(_unique(of_partition), rows_max)
        )

    async def find(self, key: RawUsageKey) -> dict[str, object] | None:
        """The usage object; None when it was not kept, or is purged. AlteredRow names a row that
        cannot be read.
        """
        row = await self._storage.get(RAW_USAGE_TABLE, key.table_partition, key.row_key)
        if row is None:
            return None
        with naming(RAW_USAGE_TABLE, row):
            return msgspec.json.decode(str(row["usage"]), type=dict[str, object])

    async def erase(self, call_ids: Iterable[str]) -> int:
        """Delete what is kept of some calls; how many rows. Their keys say whose they are."""
        of_calls, deleted = set(map(encode_part, call_ids)), 0
        async for partition in self._storage.partitions(RAW_USAGE_TABLE):
            pages = self._storage.query(RAW_USAGE_TABLE, partition, EVERY_ROW, select=["RowKey"])
            keys = [str(row["RowKey"]) async for page in pages for row in page]
            found = [key for key in keys if key.partition("|")[0] in of_calls]
            deleted += await self._delete(partition, found)
        return deleted

    async def purge(self, before: date) -> int:
        """Delete what is kept of calls of earlier days; how many rows."""
        deleted = 0
        async for partition in self._storage.partitions(RAW_USAGE_TABLE):
            if partition >= f"{before:%Y%m%d}":
                break
            deleted += await self._purge_partition(partition)
        return deleted

    async def _purge_partition(self, partition: str) -> int:
        pages = self._storage.query(RAW_USAGE_TABLE, partition, EVERY_ROW, select=["RowKey"])
        return await self._delete(
            partition, [str(row["RowKey"]) async for page in pages for row in page]
        )

    async def _delete(self, partition: str, keys: Sequence[str]) -> int:
        for part in chunks(keys, OPERATIONS_MAX):
            try:
                rows = [Delete(key) for key in part]
                await self._storage.transact(RAW_USAGE_TABLE, partition, rows)
            except ChangedMeanwhile:
                continue  # another process purges too; what is left is found next time
        return len(keys)


def _unique(rows: Sequence[Upsert]) -> list[Upsert]:
    """A transaction names each row once."""
    return list({row.row_key: row for row in rows}.values())
