"""One partition: its events in order, their places, and who waits for the next one.

A position is the count of events before it since the log was made, so trimming does not move it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local_stack.broker.amqp.messages import (
    DATA,
    MESSAGE_ANNOTATIONS,
    Event,
    decoded_sections,
    sections,
    sender_annotations,
    stored_message,
)
from local_stack.broker.errors import AmqpError
from local_stack.broker.store.journal import Journal, Record
from local_stack.broker.store.selector import Start, StartField

PARTITION_BYTES_MAX = 1024 * 1024 * 1024
"""Message bytes kept in memory per partition; past it the oldest events are dropped early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as the partition holds it."""

    sequence_number: int
    offset: int
    enqueued_time: datetime
    message: bytes
    """The encoded AMQP message with the broker's annotations."""

    @property
    def body(self) -> bytes:
        body = decoded_sections(self.message).get(DATA, b"")
        return body if isinstance(body, bytes) else b""

    @property
    def partition_key(self) -> str | None:
        for code, _at, value_at, end in sections(self.message):
            if code == MESSAGE_ANNOTATIONS:
                return sender_annotations(self.message[value_at:end]).partition_key
        return None


class PartitionLog:
    """Events of one partition, in memory and, where there is a directory, in a journal."""

    def __init__(self, directory: Path | None) -> None:
        self._journal: Journal | None = None
        self._records: list[Record] = []
        self._dropped = 0
        self._bytes = 0
        self.next_sequence_number = 0
        self.next_offset = 0
        self.waiting: set[Callable[[], None]] = set()
        """Called after each append."""
        if directory is not None:
            loaded = Journal.load(directory)
            self._journal, self._records, self.next_sequence_number, self.next_offset = loaded
            self._bytes = sum(len(record.message) for record in self._records)
        # of an event that expired before a restart, only where it ended is known
        self.last_offset = self._records[-1].offset if self._records else self.next_offset - 1
        """Of the newest event there ever was; -1 before the first."""
        self.last_enqueued_ms = self._records[-1].enqueued_ms if self._records else 0

    @property
    def first_position(self) -> int:
        return self._dropped

    @property
    def end_position(self) -> int:
        return self._dropped + len(self._records)

    @property
    def size_bytes(self) -> int:
        return self._bytes

    @property
    def first_sequence_number(self) -> int:
        """Of the oldest event there is; the next one's where there is none."""
        return self._records[0].sequence_number if self._records else self.next_sequence_number

    @property
    def last_sequence_number(self) -> int:
        """Of the newest event there ever was; -1 before the first."""
        return self.next_sequence_number - 1

    def append(self, events: Sequence[Event], *, enqueued_ms: int, key: str | None) -> None:
        """Store a batch whole or not at all, then call who waits."""
        sequence, offset = self.next_sequence_number, self.next_offset
        records: list[Record] = []
        for event in events:
            message = stored_message(
                event,
                sequence_number=sequence,
                offset=offset,
                enqueued_ms=enqueued_ms,
                key=key if key is not None else event.annotations.partition_key,
            )
            records.append(Record(sequence, offset, enqueued_ms, message))
            sequence, offset = sequence + 1, offset + len(message)
        if not records:
            return
        if self._journal is not None:
            self._journal.append(records)
        self._records += records
        self._bytes += offset - self.next_offset
        self.next_sequence_number, self.next_offset = sequence, offset
        self.last_offset, self.last_enqueued_ms = records[-1].offset, enqueued_ms
        for call in tuple(self.waiting):
            call()

    def records(self, position: int, count: int) -> list[Record]:
        """Up to `count` events from a position on."""
        start = max(position - self._dropped, 0)
        return self._records[start : start + count]

    def read(self, from_sequence_number: int = 0) -> list[StoredEvent]:
        """Every event from a sequence number on."""
        start = bisect_left(
            self._records, from_sequence_number, key=lambda record: record.sequence_number
        )
        return [
            StoredEvent(
                sequence_number=record.sequence_number,
                offset=record.offset,
                enqueued_time=datetime.fromtimestamp(0, UTC)
                + timedelta(milliseconds=record.enqueued_ms),
                message=record.message,
            )
            for record in self._records[start:]
        ]

    def position(self, start: Start) -> int:
        """Where a receiver starts. Before the oldest event is at it; past the end is refused."""
        if start.value is None:
            return self.end_position
        if start.field is StartField.ENQUEUED_TIME:
            return self._position_of_time(start.value, inclusive=start.inclusive)
        by_offset = start.field is StartField.OFFSET
        last = self.last_offset if by_offset else self.last_sequence_number
        if start.value > last:
            name = "offset" if by_offset else "sequence number"
            raise AmqpError(
                "com.microsoft:argument-error",
                f"The supplied {name} '{start.value}' is invalid. "
                f"The last {name} in the system is '{last}'",
            )
        find = bisect_left if start.inclusive else bisect_right
        found = find(
            self._records,
            start.value,
            key=lambda record: record.offset if by_offset else record.sequence_number,
        )
        return self._dropped + found

    def _position_of_time(self, milliseconds: int, *, inclusive: bool) -> int:
        """Enqueued times may go back with the clock, so the first match counts."""
        least = milliseconds if inclusive else milliseconds + 1
        for index, record in enumerate(self._records):
            if record.enqueued_ms >= least:
                return self._dropped + index
        return self.end_position

    def expire(self, before_ms: int) -> None:
        """Drop the oldest events: those enqueued before a time, and those that are too many."""
        keep_bytes = self._bytes
        count = 0
        for record in self._records:
            if record.enqueued_ms >= before_ms and keep_bytes <= PARTITION_BYTES_MAX:
                break
            keep_bytes -= len(record.message)
            count += 1
        self._drop(count)

    def trim(self, before_sequence_number: int) -> None:
        """Drop the events before a sequence number."""
        count = bisect_left(
            self._records, before_sequence_number, key=lambda record: record.sequence_number
        )
        self._drop(count)

    def skip_sequence_numbers(self, count: int) -> None:
        """Leave a gap before the next event."""
        self.next_sequence_number += count

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()

    def _drop(self, count: int) -> None:
        if not count:
            return
        self._bytes -= sum(len(record.message) for record in self._records[:count])
        del self._records[:count]
        self._dropped += count
        if self._journal is None:
            return
        if not self._records:
            self._journal.rotate(sequence_number=self.next_sequence_number, offset=self.next_offset)
        self._journal.trim(self.first_sequence_number)
