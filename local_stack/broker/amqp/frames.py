"""AMQP frames: the eight bytes before a performative, and cutting a byte stream into frames."""

import struct

from local_stack.broker.amqp.performatives import Performative
from local_stack.broker.errors import AmqpError

FRAME_BYTES_MAX = 65_536
"""What the broker announces as its largest frame, and the largest it writes."""

AMQP_FRAME = 0
SASL_FRAME = 1
EMPTY_FRAME = b"\x00\x00\x00\x08\x02\x00\x00\x00"

_HEAD = struct.Struct(">IBBH")


def frame(
    channel: int, performative: Performative, *, payload: bytes = b"", kind: int = AMQP_FRAME
) -> bytes:
    """One frame on the wire."""
    body = performative.encoded()
    return _HEAD.pack(_HEAD.size + len(body) + len(payload), 2, kind, channel) + body + payload


def take_frame(buffer: bytearray) -> tuple[int, bytes] | None:
    """Cut the first frame off the buffer: its channel and body; None while it is incomplete."""
    if len(buffer) < _HEAD.size:
        return None
    size, offset, _kind, channel = _HEAD.unpack_from(buffer)
    if not _HEAD.size <= 4 * offset <= size <= FRAME_BYTES_MAX:
        raise AmqpError(
            "amqp:connection:framing-error",
            f"a frame of {size} bytes with its body at {4 * offset}, at most {FRAME_BYTES_MAX}",
        )
    if len(buffer) < size:
        return None
    body = bytes(buffer[4 * offset : size])
    del buffer[:size]
    return channel, body
