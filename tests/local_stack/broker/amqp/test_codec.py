"""The AMQP codec: what is encoded comes back with its value and its type."""

import struct
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_stack.broker.amqp.decode import decode, skip
from local_stack.broker.amqp.encode import encode
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
from local_stack.broker.errors import DecodeError, EncodeError


def ints(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


ASCII = st.text(st.characters(max_codepoint=127), max_size=300)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    ints(0, 2**8 - 1).map(UByte),
    ints(0, 2**16 - 1).map(UShort),
    ints(0, 2**32 - 1).map(UInt),
    ints(0, 2**64 - 1).map(ULong),
    ints(-(2**7), 2**7 - 1).map(Byte),
    ints(-(2**15), 2**15 - 1).map(Short),
    ints(-(2**31), 2**31 - 1).map(Int),
    ints(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, width=32).map(Float32),
    st.floats(allow_nan=False),
    ints(-(2**63), 2**63 - 1).map(Timestamp),
    st.characters(exclude_categories=["Cs"]).map(Char),
    st.uuids(),
    st.binary(max_size=300),
    st.text(max_size=300),
    ASCII.map(Symbol),
    st.binary(min_size=4, max_size=4).map(Decimal32),
    st.binary(min_size=8, max_size=8).map(Decimal64),
    st.binary(min_size=16, max_size=16).map(Decimal128),
)
ARRAYS = st.one_of(
    st.lists(ints(0, 2**32 - 1).map(UInt), max_size=20),
    st.lists(st.text(max_size=20), max_size=20),
    st.lists(ASCII.map(Symbol), max_size=20),
    st.lists(st.booleans(), max_size=20),
    st.lists(st.uuids(), max_size=20),
    st.lists(st.characters(exclude_categories=["Cs"]).map(Char), max_size=20),
    st.lists(st.binary(min_size=8, max_size=8).map(Decimal64), max_size=20),
).map(Array)
VALUES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(st.text(max_size=5), inner, max_size=5),
        st.builds(Described, ints(0, 2**64 - 1).map(ULong) | ASCII.map(Symbol), inner),
    ),
    max_leaves=20,
)


def kinds(value: object) -> object:
    """The types of a value and of all in it."""
    if isinstance(value, Described):
        return (Described, kinds(value.descriptor), kinds(value.value))
    if isinstance(value, dict):
        return (dict, [(kinds(key), kinds(item)) for key, item in value.items()])
    if isinstance(value, list):
        return (type(value), [kinds(item) for item in value])
    return type(value)


@given(VALUES, st.binary(max_size=5))
def test_a_value_survives_with_its_types_and_skip_finds_its_end(value: object, rest: bytes) -> None:
    encoded = encode(value)
    decoded, end = decode(encoded + rest)
    assert decoded == value
    assert kinds(decoded) == kinds(value)
    assert end == skip(encoded + rest, 0) == len(encoded)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_a_decode_error(data: bytes) -> None:
    try:
        _, end = decode(data)
    except DecodeError:
        return
    assert 0 < end <= len(data)


@given(VALUES, st.data())
def test_a_truncated_value_is_an_error(value: object, data: st.DataObject) -> None:
    encoded = encode(value)
    cut = encoded[: data.draw(st.integers(0, len(encoded) - 1))]
    with pytest.raises(DecodeError):
        decode(cut)
    with pytest.raises(DecodeError):
        skip(cut, 0)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\x43", UInt(0)),
        (b"\x52\x05", UInt(5)),
        (b"\x70\x00\x00\x00\x05", UInt(5)),
        (b"\x45", []),
        (b"\x56\x01", True),
        (b"\x55\xff", -1),
        (b"\x98" + bytes(16), UUID(int=0)),
        (b"\xe0\x04\x02\x52\x01\x02", Array([UInt(1), UInt(2)])),
        (b"\xe0\x02\x03\x41", Array([True, True, True])),
        (b"\xe0\x07\x02\x00\x53\x10\x52\x01\x02", Array([Described(16, 1), Described(16, 2)])),
    ],
)
def test_every_form_the_standard_allows_is_read(data: bytes, value: object) -> None:
    assert decode(data) == (value, len(data))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xf0" + struct.pack(">II", 5, 2**32 - 1) + b"\x41", id="huge array"),
        pytest.param(b"\xc1\x02\x01\x41", id="key without value"),
        pytest.param(b"\x00" * 100_000, id="nested without end"),
        pytest.param(b"\x3f", id="no constructor"),
        pytest.param(b"\xc0\x03\x01\x41\x41", id="a size beyond the items"),
        pytest.param(b"\xe0\x04\x01\x52\x05\x06", id="a size beyond the array's items"),
        pytest.param(b"\xa1\x01\xff", id="not UTF-8"),
        pytest.param(b"\xc1\x03\x02\x45\x40", id="list as a key"),
    ],
)
def test_bytes_that_are_no_value_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(data)


def test_what_amqp_has_no_type_for_is_refused() -> None:
    with pytest.raises(EncodeError, match="no AMQP type"):
        encode(object())
    with pytest.raises(EncodeError, match="one scalar type"):
        encode(Array([UInt(1), "two"]))
