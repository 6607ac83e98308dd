"""AMQP 1.0 types that Python has no word for. A value keeps its type through decode and encode.

`int` is AMQP long, `float` double, `bytes` binary, `str` string, `datetime` does not occur.
"""

from dataclasses import dataclass


class UByte(int):
    """An AMQP ubyte."""


class UShort(int):
    """An AMQP ushort."""


class UInt(int):
    """An AMQP uint."""


class ULong(int):
    """An AMQP ulong."""


class Byte(int):
    """An AMQP byte."""


class Short(int):
    """An AMQP short."""


class Int(int):
    """An AMQP int (32 bits, signed)."""


class Timestamp(int):
    """Milliseconds since 1970 UTC."""


class Float32(float):
    """An AMQP float (32 bits)."""


class Char(str):
    """One Unicode character."""

    __slots__ = ()


class Symbol(str):
    """An ASCII name from a constrained set."""

    __slots__ = ()


class Decimal32(bytes):
    """Four bytes of IEEE 754 decimal, kept as they came."""


class Decimal64(bytes):
    """Eight bytes of IEEE 754 decimal, kept as they came."""


class Decimal128(bytes):
    """Sixteen bytes of IEEE 754 decimal, kept as they came."""


class Array(list[object]):
    """An AMQP array: its items have one type, that of the first."""


@dataclass(frozen=True, slots=True)
class Described:
    """A value with a descriptor, such as a section, a source or a filter."""

    descriptor: object
    value: object
