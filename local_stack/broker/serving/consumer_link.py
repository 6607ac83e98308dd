"""A link on which a client receives a partition's events."""

import asyncio
from dataclasses import dataclass

from local_stack.broker.amqp.messages import with_delivery_annotations
from local_stack.broker.amqp.performatives import Attach
from local_stack.broker.amqp.types import Symbol, Timestamp
from local_stack.broker.faults.faults import (
    Corrupt,
    FaultTarget,
    Freeze,
    Replay,
    SplitFrames,
    Throttle,
)
from local_stack.broker.serving.links import SINGLE_FRAME_OVERHEAD, OutgoingLink
from local_stack.broker.serving.namespace import milliseconds
from local_stack.broker.serving.peer import OwningSession
from local_stack.broker.store.hubs import Hub
from local_stack.broker.store.journal import Record
from local_stack.broker.store.partition_log import PartitionLog
from local_stack.broker.store.selector import Start

WRITE_EVENTS_MAX = 128
"""Events joined into one write; between writes the socket may say it is full."""

THROTTLE_TICK_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a receiver asked for."""

    hub: Hub
    group: str
    partition: int
    start: Start
    epoch: int | None
    runtime_metric: bool
    """Whether each event carries the partition's last place."""


class ConsumerLink(OutgoingLink):
    """A receiver of one partition in one consumer group."""

    def __init__(
        self, session: OwningSession, attach: Attach, *, address: str, reading: Reading
    ) -> None:
        super().__init__(session, attach, address=address)
        self.epoch = reading.epoch
        self.place = FaultTarget(
            hub=reading.hub.name,
            partition=str(reading.partition),
            group=reading.group,
            role="receiver",
        )
        self._reading = reading
        self._log: PartitionLog = reading.hub.partitions[reading.partition]
        self._position = self._log.position(reading.start)
        self._namespace = session.connection.namespace
        if replay := self._namespace.faults.take(Replay, self.place):
            self._position = max(self._position - replay.events, 0)
        self._throttled: asyncio.TimerHandle | None = None
        reading.hub.readers(reading.group, reading.partition).admit(self)

    def accept(self) -> None:
        super().accept()
        self._log.waiting.add(self.pump)

    def properties(self) -> dict[object, object] | None:
        return {} if self.epoch is None else {Symbol("com.microsoft:epoch"): self.epoch}

    def gone(self) -> None:
        self._log.waiting.discard(self.pump)
        self._reading.hub.readers(self._reading.group, self._reading.partition).leave(self)
        if self._throttled is not None:
            self._throttled.cancel()

    def pump(self) -> None:
        allowance = self._allowance()
        while allowance > 0 and not self.session.blocked:
            self._position = max(self._position, self._log.first_position)
            records = self._log.records(
                self._position, min(self.credit, self.session.window, allowance, WRITE_EVENTS_MAX)
            )
            if not records:
                break
            sent = self._deliver(records)
            allowance -= sent
            self._position += sent
            self._namespace.stats.events_out += sent

    def _allowance(self) -> int:
        """How many events faults let through now; each receiver's throttle has its own timer."""
        faults = self._namespace.faults
        if not faults:
            return self.credit
        if self._throttled is not None or faults.find(Freeze, self.place):
            return 0
        throttle = faults.find(Throttle, self.place)
        if throttle is None or not self.credit or self._position >= self._log.end_position:
            return self.credit
        events = max(1, int(throttle.events_per_s * THROTTLE_TICK_S))
        delay_s = events / throttle.events_per_s
        self._throttled = asyncio.get_running_loop().call_later(delay_s, self._unthrottle)
        return events

    def _unthrottle(self) -> None:
        self._throttled = None
        self.pump()

    def _deliver(self, records: list[Record]) -> int:
        """How many were sent: a message of several frames ends the batch, since it may have taken
        the window that the later ones were promised."""
        limit = self._frame_bytes_max()
        frames: list[bytes] = []
        for index, record in enumerate(records):
            message = self._message(record)
            size = len(message)
            if size + SINGLE_FRAME_OVERHEAD > limit:
                self._flush(frames)
                self.send_message(message, limit)
                return index + 1
            frames.append(self._single_frame(size))
            frames.append(message)
        self._flush(frames)
        return len(records)

    def _frame_bytes_max(self) -> int:
        limit = self.session.connection.peer_frame_bytes_max
        faults = self._namespace.faults
        split = faults.find(SplitFrames, self.place) if faults else None
        return limit if split is None else min(limit, split.bytes)

    def _flush(self, frames: list[bytes]) -> None:
        """Each frame is its head and its message."""
        if frames:
            self.session.write_transfers(b"".join(frames), len(frames) // 2)

    def _message(self, record: Record) -> bytes:
        message = record.message
        if self._reading.runtime_metric:
            message = with_delivery_annotations(message, self._runtime_metric())
        faults = self._namespace.faults
        if faults and (corrupt := faults.take(Corrupt, self.place)):
            at = max(len(message) - corrupt.from_end, 0)
            message = message[:at] + bytes((message[at] ^ 0xFF,)) + message[at + 1 :]
        return message

    def _runtime_metric(self) -> dict[object, object]:
        log = self._log
        return {
            Symbol("last_enqueued_sequence_number"): log.last_sequence_number,
            Symbol("last_enqueued_offset"): str(log.last_offset),
            Symbol("last_enqueued_time_utc"): Timestamp(log.last_enqueued_ms),
            Symbol("runtime_info_retrieval_time_utc"): Timestamp(
                milliseconds(self._namespace.clock())
            ),
        }
