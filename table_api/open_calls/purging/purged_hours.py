"""What is left of an hour of `opencalls` that was purged: where each of its calls is counted.

One blob an hour and shard, created once and kept as long as the ledger. It holds 24 bytes a call in
the order of the ids' hashes: 12 bytes of the hash, 8 of the time in microseconds, and 4 that number
a subject of its list.
"""

import hashlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from pricing_rules.types import CountedAt
from table_api.errors import Altered
from table_api.open_calls.keys import (
    hour_blob,
    hour_blobs,
    hour_of_blob,
    hour_start,
    hours_about,
    is_late_blob,
    late_blob,
    late_blobs,
)
from table_api.storage.blobs import BlobStore, create_once

COUNTED_CALLS_CONTAINER = "counted-calls"
HASH_BYTES, TIME_BYTES, SUBJECT_BYTES = 12, 8, 4
RECORD_BYTES = HASH_BYTES + TIME_BYTES + SUBJECT_BYTES
CACHED_BYTES_MAX = 256 * 1024 * 1024
"""Of hours that were read: about ten million calls."""
LATE_PLACES_MAX = 1_000_000
"""Calls whose places are kept in memory: some hundred megabytes."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class _Hour(msgspec.Struct, frozen=True, gc=False):
    """The blob's content, in MessagePack."""

    subjects: list[str]
    records: bytes


class PurgedHours:
    """Writes and searches the blobs. Every method may raise Unavailable. Retrying is safe. Altered
    names a damaged blob: without it nobody knows what is counted already.
    """

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self.late = LatePlaces(blobs)
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
        content = encode_hour(counted.items())
        await create_once(self._blobs, hour_blob(partition), content, content_type=_TYPE)

    async def find(self, call_id: str, time: datetime) -> CountedAt | None:
        """Where a call is counted, by a time of it that may be wrong by SAME_CALL_MAX."""
        digest = _digest(call_id)
        for name in hour_blobs(call_id, time):
            hour = await self._hour(name)
            place = None if hour is None else _find(hour, digest)
            if place is not None:
                return place
        return None

    async def look_again(self, times: Iterable[datetime]) -> None:
        """Before calls of about these times are looked up: others purge and post meanwhile."""
        self._read = {name: hour for name, hour in self._read.items() if hour is not None}
        await self.late.look(times)

    async def remember(self, time: datetime) -> bool:
        """Whether calls of a time left a blob when they were purged: earlier releases made none."""
        if self._first is None:
            async for name in self._blobs.names(""):
                if not is_late_blob(name):
                    self._first = hour_of_blob(name)
                    break
        return self._first is not None and self._first <= time

    async def _hour(self, name: str) -> _Hour | None:
        if name not in self._read:
            content = await self._blobs.read(name)
            hour = None if content is None else _decoded(name, content)
            while self._read and self._read_bytes > CACHED_BYTES_MAX:
                self._read_bytes -= _size(self._read.pop(next(iter(self._read))))
            self._read[name] = hour
            self._read_bytes += _size(hour)
        return self._read[name]


class LatePlaces:
    """Where a replay or a redrive posts calls that neither rows nor blobs know. Every method but
    `find` may raise Unavailable. Retrying is safe.

    Each writes before it posts and reads after it has posted. So of two processes that post one id
    at two places, the one that posts last sees both.
    """

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._names: set[str] = set()
        self._places: dict[bytes, set[CountedAt]] = defaultdict(set)

    async def keep(self, calls: Iterable[tuple[str, CountedAt]]) -> None:
        """Create a blob for each hour of the calls' times."""
        by_hour: dict[datetime, list[tuple[str, CountedAt]]] = defaultdict(list)
        for call_id, place in calls:
            by_hour[hour_start(place.time)].append((call_id, place))
        for hour, of_hour in by_hour.items():
            content = encode_hour(of_hour)
            name = late_blob(hour, hashlib.sha256(content).hexdigest()[:32])
            await create_once(self._blobs, name, content, content_type=_TYPE)

    async def look(self, times: Iterable[datetime]) -> None:
        """Read what was kept of calls of about these times, and was not read before."""
        if len(self._places) > LATE_PLACES_MAX:
            self._names.clear()
            self._places.clear()
        for hour in hours_about(times):
            async for name in self._blobs.names(late_blobs(hour)):
                content = None if name in self._names else await self._blobs.read(name)
                if content is not None:
                    self._take(_decoded(name, content))
                    self._names.add(name)

    def find(self, call_id: str) -> set[CountedAt]:
        """The places of a call that `look` has read."""
        return self._places.get(_digest(call_id), set())

    def _take(self, hour: _Hour) -> None:
        for start in range(0, len(hour.records), RECORD_BYTES):
            digest = hour.records[start : start + HASH_BYTES]
            self._places[digest].add(_place(hour, start // RECORD_BYTES))


_DECODER = msgspec.msgpack.Decoder(_Hour)
_TYPE = "application/msgpack"


def encode_hour(counted: Iterable[tuple[str, CountedAt]]) -> bytes:
    """Equal calls give equal bytes."""
    counted = list(counted)
    subjects = sorted({place.subject for _, place in counted})
    numbers = {subject: number for number, subject in enumerate(subjects)}
    records = sorted(
        _digest(call_id)
        + ((place.time - _EPOCH) // _MICROSECOND).to_bytes(TIME_BYTES)
        + numbers[place.subject].to_bytes(SUBJECT_BYTES)
        for call_id, place in counted
    )
    return msgspec.msgpack.encode(_Hour(subjects, b"".join(records)))


def _decoded(name: str, content: bytes) -> _Hour:
    try:
        hour = _DECODER.decode(content)
        if len(hour.records) % RECORD_BYTES:
            raise ValueError(f"{len(hour.records)} bytes are no whole number of records")
    except (msgspec.MsgspecError, ValueError) as error:
        where = f"{COUNTED_CALLS_CONTAINER}/{name}"
        raise Altered(f"blob {where} cannot be read: {error}") from error
    return hour


def _find(hour: _Hour, digest: bytes) -> CountedAt | None:
    records = hour.records

    def hash_of(number: int) -> bytes:
        return records[number * RECORD_BYTES : number * RECORD_BYTES + HASH_BYTES]

    number = bisect_left(range(len(records) // RECORD_BYTES), digest, key=hash_of)
    if hash_of(number) != digest:
        return None
    return _place(hour, number)


def _place(hour: _Hour, number: int) -> CountedAt:
    rest = hour.records[number * RECORD_BYTES + HASH_BYTES : (number + 1) * RECORD_BYTES]
    time = _EPOCH + int.from_bytes(rest[:TIME_BYTES]) * _MICROSECOND
    return CountedAt(hour.subjects[int.from_bytes(rest[TIME_BYTES:])], time)


def _digest(call_id: str) -> bytes:
    return hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).digest()[:HASH_BYTES]


def _size(hour: _Hour | None) -> int:
    return 0 if hour is None else len(hour.records)
