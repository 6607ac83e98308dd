"""What a link needs of its session, and a session or link of its connection.

A connection imports its sessions and a session its links. These protocols are how they see their
owner without importing it back.
"""

from collections.abc import Iterator
from typing import Protocol

from local_stack.broker.amqp.performatives import Flow, Performative, Transfer
from local_stack.broker.serving.namespace import Namespace


class OwningConnection(Protocol):
    """A connection, as its sessions and links see it."""

    namespace: Namespace
    authorized: bool
    """Whether the client has put a token."""
    blocked: bool
    """Whether the socket is full."""
    peer_frame_bytes_max: int

    def links(self) -> Iterator[object]:
        """Every link of every session; a link looks for its own kind among them."""

    def write(self, data: bytes) -> None: ...

    def reset(self) -> None:
        """Cut the connection so that the client sees a TCP reset."""


class OwningSession(Protocol):
    """A session, as its links see it."""

    connection: OwningConnection
    channel: int
    window: int
    """Transfer frames the client will take now."""

    @property
    def blocked(self) -> bool:
        """Whether a link must wait before its next delivery."""

    def send(self, performative: Performative) -> None: ...

    def flow(
        self,
        *,
        handle: int | None = None,
        delivery_count: int | None = None,
        link_credit: int | None = None,
        drain: bool = False,
    ) -> Flow:
        """The session's state, with that of a link where there is a handle."""

    def take_delivery_id(self) -> int: ...

    def write_transfers(self, frames: bytes, count: int) -> None:
        """Frames already encoded, for which the link has seen the window to be open."""

    def transmit(self, transfer: Transfer, payload: bytes) -> None:
        """A transfer frame now, or as soon as the client opens its window."""
