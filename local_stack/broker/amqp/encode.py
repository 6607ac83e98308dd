"""Values to AMQP 1.0 bytes. Lists are always list8 or list32: real clients index into them."""

import struct
from collections.abc import Callable
from uuid import UUID

from local_stack.broker.amqp.types import (
    Array,
    Byte,
    Char,
    Decimal32,
    Decimal64,
    Decimal128,
    Described,
    Float32,
    Int,
    Short,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
    UShort,
)
from local_stack.broker.errors import EncodeError


def encode(value: object) -> bytes:
    """The shortest encoding of a value, chosen by its exact type."""
    encoder = _ENCODERS.get(type(value))
    if encoder is None:
        raise EncodeError(f"no AMQP type for {value!r} of {type(value).__name__}")
    return encoder(value)


def described(descriptor: int, body: bytes) -> bytes:
    """An encoded value under a numeric descriptor below 256 (all that AMQP itself defines)."""
    return b"\x00\x53" + bytes((descriptor,)) + body


def _bool(value: bool) -> bytes:
    return b"\x41" if value else b"\x42"


def _uint(value: int) -> bytes:
    if value == 0:
        return b"\x43"
    return b"\x52" + bytes((value,)) if value < 256 else struct.pack(">BI", 0x70, value)


def _ulong(value: int) -> bytes:
    if value == 0:
        return b"\x44"
    return b"\x53" + bytes((value,)) if value < 256 else struct.pack(">BQ", 0x80, value)


def _int(value: int) -> bytes:
    small = -128 <= value < 128
    return struct.pack(">Bb", 0x54, value) if small else struct.pack(">Bi", 0x71, value)


def _long(value: int) -> bytes:
    small = -128 <= value < 128
    return struct.pack(">Bb", 0x55, value) if small else struct.pack(">Bq", 0x81, value)


def _packed(code: int, layout: str) -> Callable[..., bytes]:
    pack = struct.Struct(">B" + layout).pack
    return lambda value: pack(code, value)


_WIDE = 0x10
"""What a constructor with one byte of size lacks to that with four."""


def _sized(code: int, raw: bytes) -> bytes:
    size = len(raw)
    head = struct.pack(">BB", code, size) if size < 256 else struct.pack(">BI", code + _WIDE, size)
    return head + raw


def _compound(code: int, *, count: int, body: bytes) -> bytes:
    """The announced size includes the count, of one byte or of four."""
    if len(body) < 255 and count < 256:
        return struct.pack(">BBB", code, len(body) + 1, count) + body
    return struct.pack(">BII", code + _WIDE, len(body) + 4, count) + body


def _list(value: list[object]) -> bytes:
    return _compound(0xC0, count=len(value), body=b"".join(map(encode, value)))


def _map(value: dict[object, object]) -> bytes:
    body = b"".join(encode(key) + encode(item) for key, item in value.items())
    return _compound(0xC1, count=2 * len(value), body=body)


def _array(value: Array) -> bytes:
    if not value:
        return _compound(0xE0, count=0, body=b"\x40")
    kind = type(value[0])
    if kind not in _ARRAY_ITEMS or any(type(item) is not kind for item in value):
        raise EncodeError(f"no AMQP array for {value!r}: one scalar type expected")
    code, item_body = _ARRAY_ITEMS[kind]
    items = b"".join(map(item_body, value))
    return _compound(0xE0, count=len(value), body=bytes((code,)) + items)


def _described(value: Described) -> bytes:
    return b"\x00" + encode(value.descriptor) + encode(value.value)


def _wide(layout: str) -> Callable[..., bytes]:
    return struct.Struct(">" + layout).pack


def _wide_bytes(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _wide_text(value: str) -> bytes:
    return _wide_bytes(value.encode("utf-8"))


# In an array all items share one constructor, so each takes the widest form of its type.
_ARRAY_ITEMS: dict[type, tuple[int, Callable[..., bytes]]] = {
    bool: (0x56, _wide("B")),
    UByte: (0x50, _wide("B")),
    UShort: (0x60, _wide("H")),
    UInt: (0x70, _wide("I")),
    ULong: (0x80, _wide("Q")),
    Byte: (0x51, _wide("b")),
    Short: (0x61, _wide("h")),
    Int: (0x71, _wide("i")),
    int: (0x81, _wide("q")),
    Float32: (0x72, _wide("f")),
    float: (0x82, _wide("d")),
    Timestamp: (0x83, _wide("q")),
    Char: (0x73, lambda value: struct.pack(">I", ord(value))),
    Decimal32: (0x74, bytes),
    Decimal64: (0x84, bytes),
    Decimal128: (0x94, bytes),
    UUID: (0x98, lambda value: value.bytes),
    bytes: (0xB0, _wide_bytes),
    str: (0xB1, _wide_text),
    Symbol: (0xB3, _wide_text),
}

_ENCODERS: dict[type, Callable[..., bytes]] = {
    type(None): lambda value: b"\x40",
    bool: _bool,
    UByte: _packed(0x50, "B"),
    UShort: _packed(0x60, "H"),
    UInt: _uint,
    ULong: _ulong,
    Byte: _packed(0x51, "b"),
    Short: _packed(0x61, "h"),
    Int: _int,
    int: _long,
    Float32: _packed(0x72, "f"),
    float: _packed(0x82, "d"),
    Timestamp: _packed(0x83, "q"),
    Char: lambda value: struct.pack(">BI", 0x73, ord(value)),
    Decimal32: lambda value: b"\x74" + value,
    Decimal64: lambda value: b"\x84" + value,
    Decimal128: lambda value: b"\x94" + value,
    UUID: lambda value: b"\x98" + value.bytes,
    bytes: lambda value: _sized(0xA0, value),
    str: lambda value: _sized(0xA1, value.encode("utf-8")),
    Symbol: lambda value: _sized(0xA3, value.encode("ascii")),
    list: _list,
    dict: _map,
    Array: _array,
    Described: _described,
}
