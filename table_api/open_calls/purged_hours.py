"""What is left of an hour of `opencalls` that was purged: where each of its calls is counted.

One blob an hour and shard, created once and kept as long as the ledger. It holds 24 bytes a call in
the order of the ids' hashes: 12 bytes of the hash, 8 of the time in microseconds, and 4 that number
a subject of its list.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from pricing_rules.types import CountedAt
from table_api.open_calls.keys import hour_blob, hour_blobs, hour_of_blob
from table_api.storage.blobs import BlobStore, create_once

COUNTED_CALLS_CONTAINER = "counted-calls"
HASH_BYTES, TIME_BYTES, SUBJECT_BYTES = 12, 8, 4
RECORD_BYTES = HASH_BYTES + TIME_BYTES + SUBJECT_BYTES
CACHED_BYTES_MAX = 256 * 1024 * 1024
"""Of hours that were read: about ten million calls."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class _Hour(msgspec.Struct, frozen=True, gc=False):
    """The blob's content, in MessagePack."""

    subjects: list[str]
    records: bytes


class PurgedHours:
    """Writes and searches the blobs. Every method may raise Unavailable. Retrying is safe."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._first: datetime | None = None
        self._read: dict[str, _Hour | None] = {}
        self._read_bytes = 0

    async def create(self) -> None:
        """Create the container where there is none."""
        await self._blobs.create_container()

    async def keep(self, partition: str, counted: Mapping[str, CountedAt]) -> None:
        """Create the blob of an index partition, by call id. One that exists stays: its hour was
        complete when it was written.
        """
        content = encode_hour(counted)
        await create_once(
            self._blobs, hour_blob(partition), content, content_type="application/msgpack"
        )

    async def find(self, call_id: str, time: datetime) -> CountedAt | None:
        """Where a call is counted, by a time of it that may be wrong by SAME_CALL_MAX."""
        digest = _digest(call_id)
        for name in hour_blobs(call_id, time):
            hour = await self._hour(name)
            place = None if hour is None else _find(hour, digest)
            if place is not None:
                return place
        return None

    async def remember(self, time: datetime) -> bool:
        """Whether calls of a time left a blob when they were purged: earlier releases made none."""
        if self._first is None:
            async for name in self._blobs.names(""):
                self._first = hour_of_blob(name)
                break
        return self._first is not None and self._first <= time

    async def _hour(self, name: str) -> _Hour | None:
        if name not in self._read:
            content = await self._blobs.read(name)
            hour = None if content is None else _DECODER.decode(content)
            while self._read and self._read_bytes > CACHED_BYTES_MAX:
                self._read_bytes -= _size(self._read.pop(next(iter(self._read))))
            self._read[name] = hour
            self._read_bytes += _size(hour)
        return self._read[name]


_DECODER = msgspec.msgpack.Decoder(_Hour)


def encode_hour(counted: Mapping[str, CountedAt]) -> bytes:
    """Equal calls give equal bytes."""
    subjects = sorted({place.subject for place in counted.values()})
    numbers = {subject: number for number, subject in enumerate(subjects)}
    records = sorted(
        _digest(call_id)
        + ((place.time - _EPOCH) // _MICROSECOND).to_bytes(TIME_BYTES)
        + numbers[place.subject].to_bytes(SUBJECT_BYTES)
        for call_id, place in counted.items()
    )
    return msgspec.msgpack.encode(_Hour(subjects, b"".join(records)))


def _find(hour: _Hour, digest: bytes) -> CountedAt | None:
    records = hour.records

    def hash_of(number: int) -> bytes:
        return records[number * RECORD_BYTES : number * RECORD_BYTES + HASH_BYTES]

    number = bisect_left(range(len(records) // RECORD_BYTES), digest, key=hash_of)
    if hash_of(number) != digest:
        return None
    rest = records[number * RECORD_BYTES + HASH_BYTES : (number + 1) * RECORD_BYTES]
    time = _EPOCH + int.from_bytes(rest[:TIME_BYTES]) * _MICROSECOND
    return CountedAt(hour.subjects[int.from_bytes(rest[TIME_BYTES:])], time)


def _digest(call_id: str) -> bytes:
    return hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).digest()[:HASH_BYTES]


def _size(hour: _Hour | None) -> int:
    return 0 if hour is None else len(hour.records)
