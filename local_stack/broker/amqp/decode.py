"""AMQP 1.0 bytes to values (`decode`) and to the end of a value without decoding it (`skip`)."""

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
from local_stack.broker.errors import DecodeError

ARRAY_ITEMS_MAX = 65_536
"""Items of an array; without it a few bytes could claim four billion items of width zero."""

Reader = Callable[[bytes, int], tuple[object, int]]

_U32 = struct.Struct(">I")


def decode(data: bytes, at: int = 0) -> tuple[object, int]:
    """The value that starts at `at`, and where the next one starts."""
    try:
        return _read(data, at)
    except (struct.error, IndexError, ValueError, TypeError, OverflowError) as error:
        raise DecodeError(f"no AMQP value in the bytes at {at} of {len(data)}: {error}") from error
    except RecursionError as error:
        raise DecodeError(f"the value at {at} is nested too deeply") from error


def skip(data: bytes, at: int) -> int:
    """Where the value that starts at `at` ends, by its constructor's width class alone."""
    try:
        end = _skip(data, at)
    except (struct.error, IndexError, RecursionError) as error:
        raise DecodeError(f"no AMQP value in the bytes at {at} of {len(data)}") from error
    if end > len(data):
        raise DecodeError(f"the value at {at} ends at {end}, past the {len(data)} bytes there are")
    return end


def _skip(data: bytes, at: int) -> int:
    code = data[at]
    if code == 0x00:
        return _skip(data, _skip(data, at + 1))
    width = code >> 4
    if width in (0xA, 0xC, 0xE):
        return at + 2 + data[at + 1]
    if width in (0xB, 0xD, 0xF):
        size: int = _U32.unpack_from(data, at + 1)[0]
        return at + 5 + size
    return at + 1 + _FIXED_WIDTHS[width - 4]


_FIXED_WIDTHS = (0, 1, 2, 4, 8, 16)


def _read(data: bytes, at: int) -> tuple[object, int]:
    reader = _READERS.get(data[at])
    if reader is None:
        raise DecodeError(f"0x{data[at]:02x} at {at} is no AMQP constructor")
    return reader(data, at + 1)


def _constant(value: object) -> Reader:
    return lambda data, at: (value, at)


def _fixed(layout: str, make: Callable[..., object]) -> Reader:
    packed = struct.Struct(layout)

    def read(data: bytes, at: int) -> tuple[object, int]:
        return make(packed.unpack_from(data, at)[0]), at + packed.size

    return read


def _sized(prefix: str, make: Callable[[bytes], object]) -> Reader:
    packed = struct.Struct(prefix)

    def read(data: bytes, at: int) -> tuple[object, int]:
        start = at + packed.size
        end = start + packed.unpack_from(data, at)[0]
        if end > len(data):
            raise DecodeError(f"{end - start} bytes expected at {start}, {len(data) - start} left")
        return make(data[start:end]), end

    return read


def _items(prefix: str) -> Callable[[bytes, int], tuple[list[object], int]]:
    packed = struct.Struct(prefix)

    def read(data: bytes, at: int) -> tuple[list[object], int]:
        size, count = packed.unpack_from(data, at)
        end = at + packed.size // 2 + size
        at += packed.size
        values: list[object] = []
        for _ in range(count):
            value, at = _read(data, at)
            values.append(value)
        return values, _checked(at, end)

    return read


def _map(prefix: str) -> Reader:
    items = _items(prefix)

    def read(data: bytes, at: int) -> tuple[object, int]:
        values, end = items(data, at)
        if len(values) % 2:
            raise DecodeError(f"the map at {at} has a key without a value")
        return dict(zip(values[::2], values[1::2], strict=True)), end

    return read


def _array(prefix: str) -> Reader:
    packed = struct.Struct(prefix)

    def read(data: bytes, at: int) -> tuple[object, int]:
        size, count = packed.unpack_from(data, at)
        end = at + packed.size // 2 + size
        if count > ARRAY_ITEMS_MAX:
            raise DecodeError(f"the array at {at} has {count} items, at most {ARRAY_ITEMS_MAX}")
        if end > len(data):
            raise DecodeError(f"the array at {at} ends at {end}, past the {len(data)} bytes")
        if not count:
            return Array(), end
        values, at = _array_items(data, at + packed.size, count=count)
        return values, _checked(at, end)

    return read


def _checked(end: int, announced: int) -> int:
    """Skipping goes by the announced size, so a size that lies would cut a message elsewhere."""
    if end != announced:
        raise DecodeError(f"items end at {end}, their size says {announced}")
    return end


def _array_items(data: bytes, at: int, *, count: int) -> tuple[Array, int]:
    code, descriptor = data[at], None
    if code == 0x00:
        descriptor, at = _read(data, at + 1)
        code = data[at]
    reader = _READERS[code] if code in _READERS else _constant(None)
    at += 1
    values = Array()
    for _ in range(count):
        value, at = reader(data, at)
        values.append(value if descriptor is None else Described(descriptor, value))
    return values, at


def _described(data: bytes, at: int) -> tuple[object, int]:
    descriptor, at = _read(data, at)
    value, at = _read(data, at)
    return Described(descriptor, value), at


def _text(raw: bytes) -> str:
    return raw.decode("utf-8")


def _symbol(raw: bytes) -> Symbol:
    return Symbol(raw.decode("ascii"))


_READERS: dict[int, Reader] = {
    0x00: _described,
    0x40: _constant(None),
    0x41: _constant(True),
    0x42: _constant(False),
    0x43: _constant(UInt(0)),
    0x44: _constant(ULong(0)),
    0x45: lambda data, at: ([], at),
    0x50: _fixed(">B", UByte),
    0x51: _fixed(">b", Byte),
    0x52: _fixed(">B", UInt),
    0x53: _fixed(">B", ULong),
    0x54: _fixed(">b", Int),
    0x55: _fixed(">b", int),
    0x56: _fixed(">B", bool),
    0x60: _fixed(">H", UShort),
    0x61: _fixed(">h", Short),
    0x70: _fixed(">I", UInt),
    0x71: _fixed(">i", Int),
    0x72: _fixed(">f", Float32),
    0x73: _fixed(">I", lambda code: Char(chr(code))),
    0x74: _fixed(">4s", Decimal32),
    0x80: _fixed(">Q", ULong),
    0x81: _fixed(">q", int),
    0x82: _fixed(">d", float),
    0x83: _fixed(">q", Timestamp),
    0x84: _fixed(">8s", Decimal64),
    0x94: _fixed(">16s", Decimal128),
    0x98: _fixed(">16s", lambda raw: UUID(bytes=raw)),
    0xA0: _sized(">B", bytes),
    0xA1: _sized(">B", _text),
    0xA3: _sized(">B", _symbol),
    0xB0: _sized(">I", bytes),
    0xB1: _sized(">I", _text),
    0xB3: _sized(">I", _symbol),
    0xC0: _items(">BB"),
    0xC1: _map(">BB"),
    0xD0: _items(">II"),
    0xD1: _map(">II"),
    0xE0: _array(">BB"),
    0xF0: _array(">II"),
}
