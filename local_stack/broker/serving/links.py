"""Links as such: attaching, detaching, credit and deliveries. What they carry is elsewhere."""

import struct

from local_stack.broker.amqp.performatives import (
    Attach,
    Detach,
    Disposition,
    Flow,
    Transfer,
    accepted,
    error_of,
    rejected,
)
from local_stack.broker.amqp.types import Described
from local_stack.broker.errors import AmqpError
from local_stack.broker.faults.faults import NOWHERE, FaultTarget
from local_stack.broker.serving.peer import OwningSession

MESSAGE_BYTES_MAX = 1024 * 1024
"""Of one event or batch, as the Standard tier of the service has it."""

_SERIAL = 0x1_0000_0000
SINGLE_FRAME_OVERHEAD = 42
"""Bytes of a frame around a delivery's message, as `_SINGLE` and its tail make them."""

_SINGLE = struct.Struct(">IBBH7sIBIBBQ8s")
_TRANSFER = b"\x00\x53\x14\xc0\x1d\x0b\x70"
_SETTLED_AND_WHOLE = b"\x43\x41\x42\x40\x40\x40\x40\x40"


class Link:
    """One end of a link; `address` is what the peer named, `place` where faults find it."""

    place: FaultTarget = NOWHERE
    """With a role where the link carries events."""

    def __init__(self, session: OwningSession, attach: Attach, *, address: str) -> None:
        self.session = session
        self.handle = attach.handle
        self.address = address
        self.detached = False
        """The broker has detached it and waits for the peer's answer."""
        self._attach = attach

    def accept(self) -> None:
        """Answer the peer's attach. Source and target are echoed as they came."""
        attach = self._attach
        self.session.send(
            Attach(
                name=attach.name,
                handle=attach.handle,
                role=not attach.role,
                snd_settle_mode=attach.snd_settle_mode,
                rcv_settle_mode=attach.rcv_settle_mode,
                source=_padded(attach.source, 11),
                target=_padded(attach.target, 7),
                initial_delivery_count=0 if attach.role else None,
                max_message_size=MESSAGE_BYTES_MAX,
                properties=self.properties(),
            )
        )

    def properties(self) -> dict[object, object] | None:
        """The link properties of the broker's attach."""
        return None

    def refuse(self, condition: str, description: str) -> None:
        """Close the link with an error."""
        if self.detached:
            return
        self.gone()
        self.detached = True
        error = error_of(condition, description)
        self.session.send(Detach(handle=self.handle, closed=True, error=error))

    def on_flow(self, flow: Flow) -> None:
        """The peer granted credit or asks for state."""

    def on_transfer(self, transfer: Transfer, payload: bytes) -> None:
        """The peer sent a delivery or a part of one."""

    def gone(self) -> None:
        """The link has ended, by whomever; called once or more."""


def _padded(terminus: Described | None, length: int) -> Described | None:
    """A source or target with its full field list."""
    if terminus is None or not isinstance(terminus.value, list):
        return terminus
    missing = length - len(terminus.value)
    return Described(terminus.descriptor, terminus.value + [None] * missing)


class IncomingLink(Link):
    """A link on which the client sends, as far as the broker grants it credit."""

    def __init__(self, session: OwningSession, attach: Attach, *, address: str) -> None:
        super().__init__(session, attach, address=address)
        self._delivery_count = attach.initial_delivery_count or 0

    def count_delivery(self) -> None:
        """A delivery has come to its end."""
        self._delivery_count = (self._delivery_count + 1) % _SERIAL

    def grant(self, credit: int) -> None:
        """Let the client send this many deliveries from here on."""
        self.session.send(
            self.session.flow(
                handle=self.handle, delivery_count=self._delivery_count, link_credit=credit
            )
        )

    def settle(self, transfer: Transfer, error: AmqpError | None) -> None:
        """Accept a delivery, or reject it with an error, where the client waits for an outcome."""
        if transfer.settled or transfer.delivery_id is None:
            return
        state = rejected(error.condition, error.description) if error else accepted()
        self.session.send(
            Disposition(
                role=True,
                first=transfer.delivery_id,
                last=transfer.delivery_id,
                settled=True,
                state=state,
                batchable=False,
            )
        )


class OutgoingLink(Link):
    """A link on which the broker sends. Deliveries are settled: nothing answers them."""

    def __init__(self, session: OwningSession, attach: Attach, *, address: str) -> None:
        super().__init__(session, attach, address=address)
        self.credit = 0
        self.delivery_count = 0

    def on_flow(self, flow: Flow) -> None:
        if flow.link_credit is not None:
            seen = flow.delivery_count or 0
            self.credit = (seen + flow.link_credit - self.delivery_count) % _SERIAL
            if self.credit > _SERIAL // 2:
                self.credit = 0
        self.pump()
        if flow.drain and self.credit:
            self.delivery_count = (self.delivery_count + self.credit) % _SERIAL
            self.credit = 0
            self.report(drain=True)
        elif flow.echo:
            self.report(drain=False)

    def report(self, *, drain: bool) -> None:
        """Tell the peer the link's state."""
        self.session.send(
            self.session.flow(
                handle=self.handle,
                delivery_count=self.delivery_count,
                link_credit=self.credit,
                drain=drain,
            )
        )

    def pump(self) -> None:
        """Send what there is, as far as credit, window and socket allow."""

    def _single_frame(self, size: int) -> bytes:
        """The start of a frame that holds a whole message of this size; counts the delivery."""
        count = self.delivery_count
        self.delivery_count = (count + 1) % _SERIAL
        self.credit -= 1
        return _SINGLE.pack(
            SINGLE_FRAME_OVERHEAD + size,
            2,
            0,
            self.session.channel,
            _TRANSFER,
            self.handle,
            0x70,
            self.session.take_delivery_id(),
            0xA0,
            8,
            count,
            _SETTLED_AND_WHOLE,
        )

    def send_message(self, message: bytes, frame_bytes_max: int) -> None:
        """One delivery in as many frames as it needs; the session holds back what has no window."""
        size = frame_bytes_max - SINGLE_FRAME_OVERHEAD
        delivery_id = self.session.take_delivery_id()
        tag = struct.pack(">Q", self.delivery_count)
        self.delivery_count = (self.delivery_count + 1) % _SERIAL
        self.credit -= 1
        for start in range(0, len(message), size):
            transfer = Transfer(
                handle=self.handle,
                delivery_id=delivery_id,
                delivery_tag=tag,
                message_format=0,
                settled=True,
                more=start + size < len(message),
            )
            self.session.transmit(transfer, message[start : start + size])
