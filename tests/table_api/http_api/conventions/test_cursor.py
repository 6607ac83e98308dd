"""Cursors come back as they were, and only to the list that made them."""

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from table_api.http_api.conventions.cursor import (
    CURSOR_CHARS_MAX,
    InvalidCursor,
    decode_cursor,
    encode_cursor,
    filter_digest,
    from_base64url,
    to_base64url,
)

DIGEST = filter_digest("subjects", "charge")
PLACE = ("1195200000", "user/1")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=4))
def test_cursor_comes_back_as_its_place(place: list[str]) -> None:
    cursor = encode_cursor(DIGEST, place)
    assert cursor.isascii()
    assert decode_cursor(cursor, DIGEST, parts=len(place)) == tuple(place)


def test_cursor_of_other_filters_is_refused_with_the_remedy() -> None:
    cursor = encode_cursor(DIGEST, PLACE)
    with pytest.raises(InvalidCursor, match="other filters: ask for the first page"):
        decode_cursor(cursor, filter_digest("subjects", "calls"), parts=2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "YQ==",
        "YR",  # the unused bits of the last character are not zero
        to_base64url(b"not json"),
        to_base64url(b"{}"),
        to_base64url(b'[1,"x"]'),
        to_base64url(f'[2,"{DIGEST}",["1","user/1"]]'.encode()),
        to_base64url(f'[1,"{DIGEST}",["1"]]'.encode()),
        to_base64url(f'[1,"{DIGEST}",[1,"user/1"]]'.encode()),
        encode_cursor(DIGEST, ("1", "x" * CURSOR_CHARS_MAX)),
    ],
)
def test_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(text, DIGEST, parts=2)


@given(st.integers(0, 60), st.characters(codec="ascii"))
def test_a_changed_character_never_passes_for_the_same_cursor(index: int, char: str) -> None:
    cursor = encode_cursor(DIGEST, PLACE)
    index %= len(cursor)
    changed = cursor[:index] + char + cursor[index + 1 :]
    if changed == cursor:
        return
    with contextlib.suppress(InvalidCursor):
        assert decode_cursor(changed, DIGEST, parts=2) != PLACE


@given(st.binary(max_size=50))
def test_base64url_is_taken_in_one_spelling_only(raw: bytes) -> None:
    text = to_base64url(raw)
    assert from_base64url(text) == (raw if raw else None)
    assert from_base64url(base64.urlsafe_b64encode(raw).decode() + "=") is None
