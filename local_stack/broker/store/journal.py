"""One partition's events on disk: append-only segments that survive a kill of the broker.

A batch is handed to the operating system in one write before it is acknowledged, so it survives
the death of the process. Only a rotation and a clean close call fsync: a power cut may lose more.
"""

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self

from local_stack.broker.errors import JournalError

SEGMENT_BYTES_MAX = 32 * 1024 * 1024
"""Size past which the next batch starts a new segment; trimming deletes whole segments."""

_CHECKED = struct.Struct(">qqq")
_HEAD = struct.Struct(">II")


@dataclass(frozen=True, slots=True)
class Record:
    """One stored event."""

    sequence_number: int
    offset: int
    enqueued_ms: int
    message: bytes

    def encoded(self) -> bytes:
        place = _CHECKED.pack(self.sequence_number, self.offset, self.enqueued_ms)
        checksum = zlib.crc32(self.message, zlib.crc32(place))
        return _HEAD.pack(len(self.message), checksum) + place + self.message


class Journal:
    """The segments of one partition, of which the last is written."""

    def __init__(self, directory: Path, segment: Path) -> None:
        self._directory = directory
        self._open(segment)

    @classmethod
    def load(cls, directory: Path) -> tuple[Self, list[Record], int, int]:
        """The journal, what it holds, and the next sequence number and offset.

        A last record that is torn is cut off: it was never acknowledged.
        """
        directory.mkdir(parents=True, exist_ok=True)
        segments = sorted(directory.glob("*.segment"))
        if not segments:
            return cls(directory, _segment(directory, sequence_number=0, offset=0)), [], 0, 0
        records: list[Record] = []
        for segment in segments:
            found, end = _read(segment, last=segment == segments[-1])
            if end < segment.stat().st_size:
                os.truncate(segment, end)
            records += found
        sequence, offset = (int(part) for part in segments[-1].stem.split("-"))
        if records and records[-1].sequence_number >= sequence:
            sequence = records[-1].sequence_number + 1
            offset = records[-1].offset + len(records[-1].message)
        return cls(directory, segments[-1]), records, sequence, offset

    def append(self, records: Sequence[Record]) -> None:
        """Write a batch whole or not at all."""
        if self._size >= SEGMENT_BYTES_MAX:
            first = records[0]
            self.rotate(sequence_number=first.sequence_number, offset=first.offset)
        data = b"".join(record.encoded() for record in records)
        with _told(self._path):
            written = os.write(self._file, data)
        if written < len(data):
            os.ftruncate(self._file, self._size)
            raise JournalError(f"{self._path}: {written} of {len(data)} bytes written, disk full?")
        self._size += written

    def rotate(self, *, sequence_number: int, offset: int) -> None:
        """Start a segment at this place. Its name keeps the numbers going when it stays empty."""
        full = self._file
        with _told(self._path):
            self._open(_segment(self._directory, sequence_number=sequence_number, offset=offset))
            os.fsync(full)
            os.close(full)

    def trim(self, sequence_number: int) -> None:
        """Delete the segments that only hold events before this one; never the last segment."""
        segments = sorted(self._directory.glob("*.segment"))
        for segment, following in pairwise(segments):
            if int(following.stem.split("-")[0]) <= sequence_number:
                with _told(segment):
                    segment.unlink()

    def close(self) -> None:
        os.fsync(self._file)
        os.close(self._file)

    def _open(self, segment: Path) -> None:
        self._path = segment
        self._file = os.open(segment, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = segment.stat().st_size


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Failures of the disk as errors of the journal."""
    try:
        yield
    except OSError as error:
        raise JournalError(f"{path}: {error}") from error


def _segment(directory: Path, *, sequence_number: int, offset: int) -> Path:
    return directory / f"{sequence_number:020d}-{offset:020d}.segment"


def _read(segment: Path, *, last: bool) -> tuple[list[Record], int]:
    """A segment's records and where the whole ones end; only the last segment may end torn."""
    data = segment.read_bytes()
    records: list[Record] = []
    at = 0
    while at < len(data):
        record, end = _record(data, at)
        if record is None:
            if last and end >= len(data):
                return records, at
            raise JournalError(f"{segment}: the record from byte {at} to {end} is damaged")
        records.append(record)
        at = end
    return records, at


def _record(data: bytes, at: int) -> tuple[Record | None, int]:
    """The record at a place, None where it is cut short or fails its checksum, and its end."""
    start = at + _HEAD.size + _CHECKED.size
    if start > len(data):
        return None, start
    length, checksum = _HEAD.unpack_from(data, at)
    end = start + length
    if end > len(data) or zlib.crc32(data[at + _HEAD.size : end]) != checksum:
        return None, end
    sequence_number, offset, enqueued_ms = _CHECKED.unpack_from(data, at + _HEAD.size)
    return Record(sequence_number, offset, enqueued_ms, data[start:end]), end
