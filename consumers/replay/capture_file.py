"""One Event Hubs Capture file: Avro bytes → events, block by block, past what is damaged. Pure.

The schema is the service's own. A file ends where the capture was cut; a block that cannot be read
is named with its place in the file, and reading goes on at the next sync marker.
"""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import fastavro

from consumers.receiving.handler import Received

SYNC_BYTES = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENQUEUED = "x-opt-enqueued-time"
SEQUENCE_NUMBER_MAX = 2**63 - 1


def read_capture(content: bytes, damaged: Callable[[str], None]) -> Iterator[Received]:
    """The events of a file in their order; `damaged` is told of what could not be read."""
    header = _header(content)
    if header is None:
        damaged(f"is no Avro file: {len(content)} bytes, the header cannot be read")
        return
    sync, at = content[header - SYNC_BYTES : header], header
    while at < len(content):
        end = content.find(sync, at)
        if end < 0:
            damaged(f"ends amid the block at byte {at}: {len(content) - at} bytes are left out")
            return
        stop = end + SYNC_BYTES
        try:
            yield from _block(content[:header], content[at:stop])
        except Exception as error:
            # Damaged bytes lead fastavro and the codecs below it into errors of every kind
            # (zlib.error, OverflowError, …); whatever it is, it is this block's and no other's.
            damaged(f"block at bytes {at} to {stop} cannot be read ({type(error).__name__})")
        at = stop


def _header(content: bytes) -> int | None:
    """Where the first block starts."""
    stream = io.BytesIO(content)
    try:
        fastavro.reader(stream)
    except Exception:
        return None  # as for a block: SchemaParseException and others have no base in common
    return stream.tell()


def _block(header: bytes, block: bytes) -> list[Received]:
    """A file of this one block. All of it can be read, or none of it is taken."""
    return [_received(record) for record in fastavro.reader(io.BytesIO(header + block))]


def _received(record: Any) -> Received:
    sequence_number = record["SequenceNumber"]
    if not 0 <= sequence_number <= SEQUENCE_NUMBER_MAX:
        raise ValueError(f"sequence number {sequence_number}")
    return Received(
        sequence_number=sequence_number,
        offset=record["Offset"],
        enqueued_time=_enqueued_time(record),
        body=record["Body"] or b"",
    )


def _enqueued_time(record: Any) -> datetime:
    """To the millisecond where the system properties have it; the column has seconds."""
    exact = record["SystemProperties"].get(_ENQUEUED)
    if isinstance(exact, int):
        return _EPOCH + timedelta(milliseconds=exact)
    text = str(record["EnqueuedTimeUtc"])
    try:
        return datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromisoformat(text).astimezone(UTC)
