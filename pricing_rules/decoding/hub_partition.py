"""Which partition a key belongs to, as the service and its .NET, Java and JS clients have it."""

import struct

_U32 = 0xFFFFFFFF


def partition_of(key: str, partition_count: int) -> int:
    """Jenkins' lookup3 of the UTF-8 bytes, folded to a signed 16 bits. The modulo truncates toward
    zero and its sign is dropped: Python's own `%` would give another partition for negative folds.
    """
    first, second = _lookup3(key.encode("utf-8"))
    folded = (first ^ second) & 0xFFFF
    signed = folded - 0x10000 if folded >= 0x8000 else folded
    return abs(signed) % partition_count


def _rotated(value: int, bits: int) -> int:
    return (value << bits | value >> (32 - bits)) & _U32


def _lookup3(data: bytes) -> tuple[int, int]:
    """Bob Jenkins' `hashlittle2` with zero seeds: his b and c."""
    a = b = c = (0xDEADBEEF + len(data)) & _U32
    while len(data) > 12:
        x, y, z = struct.unpack_from("<III", data)
        a, b, c = _mixed((a + x) & _U32, (b + y) & _U32, (c + z) & _U32)
        data = data[12:]
    if not data:
        return b, c
    x, y, z = struct.unpack("<III", data.ljust(12, b"\0"))
    return _final((a + x) & _U32, (b + y) & _U32, (c + z) & _U32)


def _mixed(a: int, b: int, c: int) -> tuple[int, int, int]:
    for bits in (4, 6, 8, 16, 19, 4):
        a = ((a - c) & _U32) ^ _rotated(c, bits)
        c = (c + b) & _U32
        a, b, c = b, c, a
    return a, b, c


def _final(a: int, b: int, c: int) -> tuple[int, int]:
    for bits in (14, 11, 25, 16, 4, 14, 24):
        c = ((c ^ b) - _rotated(b, bits)) & _U32
        a, b, c = b, c, a
    return a, b
