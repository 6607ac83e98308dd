"""A link on which a client sends events: deliveries put together, stored and acknowledged."""

from local_stack.broker.amqp.messages import BATCH_FORMAT, split_batch, split_event
from local_stack.broker.amqp.performatives import Attach, Transfer
from local_stack.broker.errors import AmqpError, JournalError
from local_stack.broker.faults.faults import BusySend, FaultTarget, LoseAck, MuteAck
from local_stack.broker.serving.links import MESSAGE_BYTES_MAX, IncomingLink
from local_stack.broker.serving.peer import OwningSession
from local_stack.broker.store.hubs import Hub

SENDER_CREDIT = 300
"""Deliveries a client may have under way; granted again when half are used."""


class ProducerLink(IncomingLink):
    """A sender to a hub, or to one of its partitions."""

    def __init__(
        self,
        session: OwningSession,
        attach: Attach,
        *,
        address: str,
        hub: Hub,
        partition: int | None,
    ) -> None:
        super().__init__(session, attach, address=address)
        self.hub = hub
        self.place = FaultTarget(
            hub=hub.name,
            partition=str(partition) if partition is not None else None,
            role="sender",
        )
        self._partition = partition
        self._credit = 0
        self._first: Transfer | None = None
        self._parts: list[bytes] = []
        self._size = 0

    def accept(self) -> None:
        super().accept()
        self.grant(SENDER_CREDIT)

    def on_transfer(self, transfer: Transfer, payload: bytes) -> None:
        if self._first is None:
            self._first = transfer
        self._size += len(payload)
        if self._size <= MESSAGE_BYTES_MAX:
            self._parts.append(payload)
        if transfer.more and not transfer.aborted:
            return
        first, message, size = self._first, b"".join(self._parts), self._size
        self._first, self._parts, self._size = None, [], 0
        self.count_delivery()
        if not transfer.aborted:
            self._take(first, message, size=size)

    def count_delivery(self) -> None:
        super().count_delivery()
        self._credit -= 1
        if self._credit < 0:
            self.refuse("amqp:link:transfer-limit-exceeded", "a transfer came without credit")
        elif self._credit <= SENDER_CREDIT // 2:
            self.grant(SENDER_CREDIT)

    def grant(self, credit: int) -> None:
        super().grant(credit)
        self._credit = credit

    def _take(self, first: Transfer, message: bytes, *, size: int) -> None:
        """Store a delivery, then acknowledge it, unless a fault says otherwise."""
        faults = self.session.connection.namespace.faults
        try:
            if busy := faults.take(BusySend, self.place):
                raise AmqpError(busy.condition, busy.description)
            self._store(first, message, size=size)
        except AmqpError as error:
            self.settle(first, error)
            return
        except JournalError as error:
            self.settle(first, AmqpError("amqp:internal-error", str(error)))
            return
        if faults.take(LoseAck, self.place):
            self.session.connection.reset()
        elif not faults.take(MuteAck, self.place):
            self.settle(first, None)

    def _store(self, first: Transfer, message: bytes, *, size: int) -> None:
        if size > MESSAGE_BYTES_MAX:
            raise AmqpError(
                "amqp:link:message-size-exceeded",
                f"the message has {size} bytes, at most {MESSAGE_BYTES_MAX} are allowed",
            )
        namespace = self.session.connection.namespace
        if first.message_format == BATCH_FORMAT:
            key, events = split_batch(message)
        else:
            events = [split_event(message)]
            key = events[0].annotations.partition_key
        namespace.expire(self.hub)
        self.hub.append(events, enqueued_ms=namespace.now_ms(), partition=self._partition, key=key)
        namespace.stats.events_in += len(events)
