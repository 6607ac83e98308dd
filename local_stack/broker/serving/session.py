"""A session: its links by handle, its windows, and what has to wait for one."""

from collections import deque

from local_stack.broker.amqp.frames import frame
from local_stack.broker.amqp.performatives import (
    Attach,
    Begin,
    Detach,
    Disposition,
    End,
    Flow,
    Performative,
    Transfer,
    error_of,
)
from local_stack.broker.errors import AmqpError
from local_stack.broker.serving.attach import make_link
from local_stack.broker.serving.links import Link, OutgoingLink
from local_stack.broker.serving.peer import OwningConnection

INCOMING_FRAMES_MAX = 5_000
"""Transfer frames a client may send before the window is opened again, which is at half."""
OUTGOING_WINDOW = 0x7FFFFFFF
HANDLE_MAX = 255

_SERIAL = 0x1_0000_0000


class Session:
    """One session of a connection. The broker uses the client's channel and handle numbers."""

    def __init__(self, connection: OwningConnection, *, channel: int, begin: Begin) -> None:
        self.connection = connection
        self.channel = channel
        self.links: dict[int, Link] = {}
        self.window = begin.incoming_window
        """Transfer frames the client will take now."""
        self._backlog: deque[tuple[Transfer, bytes]] = deque()
        """The rest of the one delivery that the window cut short."""
        self._next_incoming_id = begin.next_outgoing_id
        self._incoming_window = INCOMING_FRAMES_MAX
        self._next_outgoing_id = 0
        self._next_delivery_id = 0
        self.send(
            Begin(
                remote_channel=channel,
                next_outgoing_id=self._next_outgoing_id,
                incoming_window=self._incoming_window,
                outgoing_window=OUTGOING_WINDOW,
                handle_max=HANDLE_MAX,
            )
        )

    @property
    def blocked(self) -> bool:
        """Whether a link must wait before its next delivery."""
        return self.window <= 0 or bool(self._backlog) or self.connection.blocked

    def send(self, performative: Performative) -> None:
        self.connection.write(frame(self.channel, performative))

    def flow(
        self,
        *,
        handle: int | None = None,
        delivery_count: int | None = None,
        link_credit: int | None = None,
        drain: bool = False,
    ) -> Flow:
        """The session's state, with that of a link where there is a handle."""
        return Flow(
            next_incoming_id=self._next_incoming_id,
            incoming_window=self._incoming_window,
            next_outgoing_id=self._next_outgoing_id,
            outgoing_window=OUTGOING_WINDOW,
            handle=handle,
            delivery_count=delivery_count,
            link_credit=link_credit,
            drain=drain,
            echo=False,
        )

    def take_delivery_id(self) -> int:
        taken = self._next_delivery_id
        self._next_delivery_id = (taken + 1) % _SERIAL
        return taken

    def write_transfers(self, frames: bytes, count: int) -> None:
        """Frames already encoded, for which the caller has seen the window to be open."""
        self.window -= count
        self._next_outgoing_id = (self._next_outgoing_id + count) % _SERIAL
        self.connection.write(frames)

    def transmit(self, transfer: Transfer, payload: bytes) -> None:
        """A transfer frame now, or as soon as the client opens its window."""
        if self.window <= 0:
            self._backlog.append((transfer, payload))
            return
        self.write_transfers(frame(self.channel, transfer, payload=payload), 1)

    def pump(self) -> None:
        """Let every link send what it has."""
        for link in tuple(self.links.values()):
            if isinstance(link, OutgoingLink) and not link.detached:
                link.pump()

    def on_frame(self, performative: Performative, payload: bytes) -> None:
        """A frame of the client on this session's channel."""
        match performative:
            case Transfer():
                self._on_transfer(performative, payload)
            case Flow():
                self._on_flow(performative)
            case Attach():
                self._on_attach(performative)
            case Detach():
                self._on_detach(performative)
            case Disposition():
                pass  # the broker settles what it sends and awaits no outcome
            case _:
                raise AmqpError(
                    "amqp:not-allowed", f"{type(performative).__name__} on a session's channel"
                )

    def end(self, error: AmqpError | None = None) -> None:
        """End the session, as an answer or for an error."""
        self.gone()
        told = error_of(error.condition, error.description) if error is not None else None
        self.send(End(error=told))

    def gone(self) -> None:
        for link in self.links.values():
            link.gone()
        self.links.clear()
        self._backlog.clear()

    def _on_attach(self, attach: Attach) -> None:
        if attach.handle > HANDLE_MAX or attach.handle in self.links:
            raise AmqpError(
                "amqp:session:handle-in-use",
                f"handle {attach.handle} is in use or above {HANDLE_MAX}",
            )
        try:
            link = make_link(self, attach)
        except AmqpError as error:
            self._refuse(attach, error)
            return
        self.links[attach.handle] = link
        link.accept()

    def _refuse(self, attach: Attach, error: AmqpError) -> None:
        """An attach without source and target, then the error: AMQP's way to say no."""
        self.connection.namespace.stats.attaches_refused += 1
        link = Link(self, attach, address="")
        self.links[attach.handle] = link
        self.send(
            Attach(
                name=attach.name,
                handle=attach.handle,
                role=not attach.role,
                initial_delivery_count=0 if attach.role else None,
            )
        )
        link.refuse(error.condition, error.description)

    def _on_detach(self, detach: Detach) -> None:
        link = self.links.pop(detach.handle, None)
        if link is not None and not link.detached:
            link.gone()
            self.send(Detach(handle=detach.handle, closed=bool(detach.closed)))

    def _on_flow(self, flow: Flow) -> None:
        seen = flow.next_incoming_id or 0
        window = (seen + flow.incoming_window - self._next_outgoing_id) % _SERIAL
        self.window = window if window <= _SERIAL // 2 else 0
        self._finish_delivery()
        if flow.handle is not None:
            link = self.links.get(flow.handle)
            if link is not None and not link.detached:
                link.on_flow(flow)
        elif flow.echo:
            self.send(self.flow())
        self.pump()

    def _finish_delivery(self) -> None:
        """Send the rest of the delivery that the window had cut, before any link sends more."""
        while self._backlog and self.window > 0:
            transfer, payload = self._backlog.popleft()
            self.write_transfers(frame(self.channel, transfer, payload=payload), 1)

    def _on_transfer(self, transfer: Transfer, payload: bytes) -> None:
        self._next_incoming_id = (self._next_incoming_id + 1) % _SERIAL
        self._incoming_window -= 1
        if self._incoming_window <= INCOMING_FRAMES_MAX // 2:
            self._incoming_window = INCOMING_FRAMES_MAX
            self.send(self.flow())
        link = self.links.get(transfer.handle)
        if link is None:
            raise AmqpError(
                "amqp:session:unattached-handle", f"a transfer on handle {transfer.handle}"
            )
        if not link.detached:
            link.on_transfer(transfer, payload)
