"""A connection: header and SASL exchange, open and close, channels, keep-alive, the socket."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import cast
from uuid import uuid4

from local_stack.broker.amqp.frames import (
    EMPTY_FRAME,
    FRAME_BYTES_MAX,
    SASL_FRAME,
    frame,
    take_frame,
)
from local_stack.broker.amqp.performatives import (
    Begin,
    Close,
    End,
    Open,
    Performative,
    SaslInit,
    SaslMechanisms,
    SaslOutcome,
    decode_performative,
    error_of,
)
from local_stack.broker.amqp.types import Array, Symbol
from local_stack.broker.errors import AmqpError, DecodeError
from local_stack.broker.faults.faults import BlackHole
from local_stack.broker.serving.links import Link
from local_stack.broker.serving.namespace import Namespace
from local_stack.broker.serving.session import Session

AMQP_HEADER = b"AMQP\x00\x01\x00\x00"
SASL_HEADER = b"AMQP\x03\x01\x00\x00"
SASL_MECHANISMS = ("MSSBCBS", "ANONYMOUS", "PLAIN", "EXTERNAL")
"""All are let in without a question: authorization is the token's."""

CHANNEL_MAX = 255
FRAME_BYTES_LEAST = 512
"""The smallest largest frame a peer may announce."""

WRITE_BUFFER_BYTES_MAX = 512 * 1024
"""Bytes the socket may owe before deliveries wait."""

KEEP_ALIVE_LEAST_S = 0.01
"""Between empty frames, however short the peer's idle timeout."""

_LINGER_ZERO = struct.pack("ii", 1, 0)


class Connection(asyncio.Protocol):
    """One client's connection. All of it runs in the event loop's callbacks, without a task."""

    def __init__(self, namespace: Namespace, connections: set["Connection"]) -> None:
        """It is one of `connections` while it is open."""
        self.namespace = namespace
        self.authorized = False
        self.blocked = False
        """The socket is full."""
        self.silent = False
        """A fault swallows all that comes and goes."""
        self.peer_frame_bytes_max = FRAME_BYTES_LEAST
        self._connections = connections
        self._transport: asyncio.Transport
        self._buffer = bytearray()
        self._expects_header = True
        self._opened = self._closed = False
        self._sessions: dict[int, Session] = {}
        self._last_received_s = time.monotonic()
        self._timers: list[asyncio.TimerHandle] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES_MAX)
        self.silent = any(
            isinstance(fault, BlackHole) and fault.new for fault in self.namespace.faults.waiting
        )
        self._connections.add(self)
        self.namespace.stats.connections += 1
        self._every(self.namespace.config.idle_timeout_s / 2, self._check_silence)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._end_sessions()
        for timer in self._timers:
            timer.cancel()

    def pause_writing(self) -> None:
        self.blocked = True

    def resume_writing(self) -> None:
        self.blocked = False
        self.pump()

    def pump(self) -> None:
        """Send what waited for the socket or for a fault's end."""
        for session in tuple(self._sessions.values()):
            session.pump()

    def data_received(self, data: bytes) -> None:
        if self.silent or self._closed:
            return
        self._last_received_s = time.monotonic()
        self._buffer += data
        try:
            while not self._closed and self._take_one():
                pass
        except AmqpError as error:
            self.close(error)

    def write(self, data: bytes) -> None:
        if not self.silent and not self._closed:
            self._transport.write(data)

    def links(self) -> Iterator[Link]:
        """Every link there is."""
        for session in self._sessions.values():
            yield from session.links.values()

    def close(self, error: AmqpError | None = None) -> None:
        """Close politely, as an answer or for an error."""
        if self._closed:
            return
        told = error_of(error.condition, error.description) if error is not None else None
        if self._opened:
            self.write(frame(0, Close(error=told)))
        self._end_sessions()
        self._transport.close()

    def reset(self) -> None:
        """Cut the connection so that the peer sees a TCP reset."""
        self._end_sessions()
        own = self._transport.get_extra_info("socket")
        # uvloop's sockets take no options, a duplicate of the descriptor does
        with socket.fromfd(own.fileno(), own.family, own.type) as duplicate:
            duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self._transport.abort()

    def _end_sessions(self) -> None:
        """At once: a peer that reads nothing could hold its epochs while the socket empties."""
        self._closed = True
        for session in self._sessions.values():
            session.gone()
        self._sessions.clear()

    def _take_one(self) -> bool:
        """Handle a header or a frame; False while the next is incomplete."""
        if self._expects_header:
            if len(self._buffer) < len(AMQP_HEADER):
                return False
            header = bytes(self._buffer[: len(AMQP_HEADER)])
            del self._buffer[: len(AMQP_HEADER)]
            self._on_header(header)
            return True
        taken = take_frame(self._buffer)
        if taken is None:
            return False
        channel, body = taken
        if body:
            performative, payload_at = decode_performative(body)
            self._on_frame(channel, performative, payload=body[payload_at:])
        return True

    def _on_header(self, header: bytes) -> None:
        self._expects_header = False
        if header == SASL_HEADER:
            mechanisms = Array(Symbol(each) for each in SASL_MECHANISMS)
            offer = SaslMechanisms(sasl_server_mechanisms=mechanisms)
            self.write(SASL_HEADER + frame(0, offer, kind=SASL_FRAME))
        elif header == AMQP_HEADER:
            self.write(AMQP_HEADER)
        else:
            self.write(SASL_HEADER)
            raise DecodeError(f"{header!r} is no AMQP 1.0 header")

    def _on_frame(self, channel: int, performative: Performative, *, payload: bytes) -> None:
        match performative:
            case SaslInit():
                self.write(frame(0, SaslOutcome(code=0), kind=SASL_FRAME))
                self._expects_header = True
            case Open():
                self._on_open(performative)
            case Begin():
                self._on_begin(channel, performative)
            case End():
                if session := self._sessions.pop(channel, None):
                    session.end()
            case Close():
                self.close()
            case _:
                self._on_session_frame(channel, performative, payload=payload)

    def _on_session_frame(
        self, channel: int, performative: Performative, *, payload: bytes
    ) -> None:
        """Frames on an ended channel are ignored: pyamqp detaches its links after the end."""
        session = self._sessions.get(channel)
        if session is None:
            return
        try:
            session.on_frame(performative, payload)
        except AmqpError as error:
            self._sessions.pop(channel, None)
            session.end(error)

    def _on_open(self, peer: Open) -> None:
        if self._opened:
            raise AmqpError("amqp:not-allowed", "a second open")
        if peer.max_frame_size is not None and peer.max_frame_size < FRAME_BYTES_LEAST:
            raise AmqpError(
                "amqp:invalid-field",
                f"max-frame-size {peer.max_frame_size}, at least {FRAME_BYTES_LEAST} expected",
            )
        self._opened = True
        self.peer_frame_bytes_max = min(peer.max_frame_size or FRAME_BYTES_MAX, FRAME_BYTES_MAX)
        self.write(
            frame(
                0,
                Open(
                    container_id=f"broker-{uuid4()}",
                    max_frame_size=FRAME_BYTES_MAX,
                    channel_max=CHANNEL_MAX,
                    idle_timeout=1000 * self.namespace.config.idle_timeout_s,
                    properties={Symbol("product"): "local_stack.broker"},
                ),
            )
        )
        if peer.idle_timeout:
            half_s = max(peer.idle_timeout / 2000, KEEP_ALIVE_LEAST_S)
            self._every(half_s, lambda: self.write(EMPTY_FRAME))

    def _on_begin(self, channel: int, begin: Begin) -> None:
        if not self._opened or channel in self._sessions or channel > CHANNEL_MAX:
            raise AmqpError("amqp:not-allowed", f"a begin on channel {channel}")
        self._sessions[channel] = Session(self, channel=channel, begin=begin)

    def _check_silence(self) -> None:
        limit_s = self.namespace.config.idle_timeout_s
        if not self.silent and time.monotonic() - self._last_received_s > limit_s:
            self.close(AmqpError("amqp:connection:forced", f"nothing was received for {limit_s} s"))

    def _every(self, seconds: float, call: Callable[[], None]) -> None:
        """Repeat a call until the connection is lost."""
        loop = asyncio.get_running_loop()
        index = len(self._timers)

        def tick() -> None:
            call()
            if not self._closed:
                self._timers[index] = loop.call_later(seconds, tick)

        self._timers.append(loop.call_later(seconds, tick))
