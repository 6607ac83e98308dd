"""Event messages as bytes: a batch into events, and an event with the broker's annotations.

Sections are cut and spliced; bodies and properties are never decoded here.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from local_stack.broker.amqp.decode import decode, skip
from local_stack.broker.amqp.encode import described, encode
from local_stack.broker.amqp.types import Symbol
from local_stack.broker.errors import DecodeError

BATCH_FORMAT = 0x80013700
"""The message format of a transfer whose data sections are encoded events."""

HEADER, DELIVERY_ANNOTATIONS, MESSAGE_ANNOTATIONS = 0x70, 0x71, 0x72
PROPERTIES, APPLICATION_PROPERTIES, DATA, VALUE = 0x73, 0x74, 0x75, 0x77

ANNOTATIONS_CACHED_MAX = 4096
"""Distinct annotation sections kept parsed: the events of a batch share theirs byte by byte."""

BROKER_ANNOTATIONS = ("x-opt-sequence-number", "x-opt-offset", "x-opt-enqueued-time")
PARTITION_KEY = "x-opt-partition-key"

_SEQUENCE = encode(Symbol(BROKER_ANNOTATIONS[0])) + b"\x81"
_OFFSET = encode(Symbol(BROKER_ANNOTATIONS[1])) + b"\xa1"
_ENQUEUED = encode(Symbol(BROKER_ANNOTATIONS[2])) + b"\x83"
_KEY = encode(Symbol(PARTITION_KEY))
_MAP = struct.Struct(">3sBII")
_LONG = struct.Struct(">q")


@dataclass(frozen=True, slots=True)
class SenderAnnotations:
    """What a sender's message annotations say, without those that only the broker may set."""

    partition_key: str | None
    count: int
    """Keys and values in `encoded`."""
    encoded: bytes


@dataclass(frozen=True, slots=True)
class Event:
    """An event as sent, cut where the broker's annotations go."""

    header: bytes
    annotations: SenderAnnotations
    bare: bytes
    """Everything after the annotations: properties, body, footer."""


NO_ANNOTATIONS = SenderAnnotations(None, 0, b"")


def sections(message: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Each section's descriptor, and where it, its value and what follows it start."""
    at = 0
    while at < len(message):
        if message[at : at + 2] == b"\x00\x53":
            descriptor, value_at = message[at + 2 : at + 3], at + 3
            code = descriptor[0] if descriptor else 0
        elif message[at] == 0x00:
            found, value_at = decode(message, at + 1)
            code = found if isinstance(found, int) else 0
        else:
            raise DecodeError(f"no message section in the bytes at {at} of {len(message)}")
        end = skip(message, value_at)
        yield code, at, value_at, end
        at = end


def split_event(message: bytes) -> Event:
    """Cut one event's message; its delivery annotations are dropped, they were for one hop."""
    header, annotations, bare_at = b"", NO_ANNOTATIONS, len(message)
    for code, at, value_at, end in sections(message):
        if code == HEADER:
            header = described(HEADER, message[value_at:end])
        elif code == MESSAGE_ANNOTATIONS:
            annotations = sender_annotations(message[value_at:end])
        elif code != DELIVERY_ANNOTATIONS:
            bare_at = min(bare_at, at)
    return Event(header, annotations, message[bare_at:])


def split_batch(message: bytes) -> tuple[str | None, list[Event]]:
    """The partition key of a whole batch, and its events."""
    key, events = None, []
    for code, _at, value_at, end in sections(message):
        if code == MESSAGE_ANNOTATIONS:
            key = sender_annotations(message[value_at:end]).partition_key
        elif code == DATA:
            body, _ = decode(message, value_at)
            if not isinstance(body, bytes):
                raise DecodeError(f"a batch holds {body!r} for an encoded event")
            events.append(split_event(body))
    return key, events


@lru_cache(maxsize=ANNOTATIONS_CACHED_MAX)
def sender_annotations(section: bytes) -> SenderAnnotations:
    """Parse the map of a message annotations section."""
    found, _ = decode(section)
    if not isinstance(found, dict):
        raise DecodeError(f"message annotations are {found!r}, expected a map")
    key = found.pop(Symbol(PARTITION_KEY), None)
    for name in BROKER_ANNOTATIONS:
        found.pop(Symbol(name), None)
    encoded = b"".join(encode(part) for pair in found.items() for part in pair)
    return SenderAnnotations(str(key) if key is not None else None, 2 * len(found), encoded)


def stored_message(
    event: Event, *, sequence_number: int, offset: int, enqueued_ms: int, key: str | None
) -> bytes:
    """The event as every receiver gets it: with its place in the partition."""
    text = str(offset).encode("ascii")
    parts = [_SEQUENCE, _LONG.pack(sequence_number), _OFFSET, bytes((len(text),)), text]
    parts += (_ENQUEUED, _LONG.pack(enqueued_ms))
    count = 6 + event.annotations.count
    if key is not None:
        parts += (_KEY, encode(key))
        count += 2
    parts.append(event.annotations.encoded)
    body = b"".join(parts)
    head = _MAP.pack(b"\x00\x53\x72", 0xD1, len(body) + 4, count)
    return b"".join((event.header, head, body, event.bare))


def with_delivery_annotations(message: bytes, annotations: dict[object, object]) -> bytes:
    """A stored message with annotations for this hop, which stand after its header."""
    at = skip(message, 0) if message.startswith(b"\x00\x53\x70") else 0
    return message[:at] + described(DELIVERY_ANNOTATIONS, encode(annotations)) + message[at:]


def decoded_sections(message: bytes) -> dict[int, object]:
    """Every section's value by its descriptor; of several data sections, their bytes joined."""
    found: dict[int, object] = {}
    for code, _at, value_at, _end in sections(message):
        value, _ = decode(message, value_at)
        earlier = found.get(code)
        joins = code == DATA and isinstance(earlier, bytes) and isinstance(value, bytes)
        found[code] = earlier + value if joins else value  # type: ignore[operator]
    return found


def event_of(body: bytes, properties: Mapping[str, str] | None = None) -> Event:
    """An event with one data section, as a client that sets nothing else would send it."""
    encoded = described(DATA, encode(body))
    if properties:
        encoded = described(APPLICATION_PROPERTIES, encode(dict(properties))) + encoded
    return Event(b"", NO_ANNOTATIONS, encoded)
