"""Keys: injective, readable, safe in Table Storage, in the order of time."""

import re
import unicodedata
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from table_api.ledger.keys import (
    call_key,
    cell_key,
    chain_range,
    correction_key,
    partition_key,
    shard_of,
    split_call_key,
    subject_rows,
)
from table_api.storage.keys import encode_part, starting_with

TIME = datetime(2026, 11, 23, 12, 3, 1, 123456, tzinfo=UTC)
PINNED_SHARDS = [7, 2, 11, 8, 12, 0, 6, 5]
SAFE = re.compile(r"[A-Za-z0-9@._+=-]*").fullmatch


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("7c9f2f0e-6a4b-4e0f-9c55-0d1e2f3a4b5c", "7c9f2f0e-6a4b-4e0f-9c55-0d1e2f3a4b5c"),
        ("subscription:team-search", "subscription=3Ateam-search"),
        ("a|b", "a=7Cb"),
        ("a=7Cb", "a=3D7Cb"),
        ("guest_x.com#EXT#@contoso", "guest_x.com=23EXT=23@contoso"),
        ("100%/?\\'", "100=25=2F=3F=5C=27"),
        ("é", "=C3=A9"),
        ("e\u0301", "=C3=A9"),  # NFC: the same name typed in two ways is one subject
        ("", ""),
    ],
)
def test_a_part_keeps_plain_characters_and_escapes_the_rest(text: str, part: str) -> None:
    assert encode_part(text) == part


def test_150_characters_are_kept_and_151_become_a_digest() -> None:
    assert encode_part("x" * 150) == "x" * 150
    digest = encode_part("x" * 151)
    assert digest.startswith("=h")
    assert len(digest) == 54
    assert digest != encode_part("x" * 152)


@given(st.text(max_size=300), st.text(max_size=300))
def test_different_texts_have_different_safe_parts(left: str, right: str) -> None:
    assert SAFE(encode_part(left))
    same = unicodedata.normalize("NFC", left) == unicodedata.normalize("NFC", right)
    assert (encode_part(left) == encode_part(right)) is same


def test_a_call_key_holds_subject_day_instant_and_id() -> None:
    key = call_key("a|b", date(2026, 11, 23), TIME, "ID-1")
    assert key == "c|a=7Cb|23|20261123T120301.123456Z|ID-1"
    assert correction_key(key, 12) == key + "|0012"
    assert split_call_key(key) == (key, 0)
    assert split_call_key(key + "|0012") == (key, 12)


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_call_keys_sort_by_time(left: datetime, right: datetime) -> None:
    day = date(2026, 11, 23)
    keys = [call_key("s", day, time, "id") for time in (left, right)]
    assert (keys[0] < keys[1]) is (left < right)


def test_the_longest_key_fits() -> None:
    key = correction_key(call_key("ü" * 500, date(2026, 1, 1), TIME, "/" * 500), 9999)
    assert len(key) < 400
    assert len(cell_key("ü" * 500, date(2026, 1, 1), "m" * 500, "0" * 12)) < 400


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_subjects_range_holds_its_rows_and_no_others(subject: str, other: str) -> None:
    span = subject_rows("c", subject)
    mine = call_key(subject, date(2026, 11, 1), TIME, "id")
    theirs = call_key(other, date(2026, 11, 1), TIME, "id")
    assert span.start <= mine < span.stop
    if encode_part(subject) != encode_part(other):
        assert not span.start <= theirs < span.stop


def test_a_range_of_days_is_half_open() -> None:
    span = subject_rows("d", "s", (3, 5))
    keys = [cell_key("s", date(2026, 11, day), "m", "line") for day in (2, 3, 4, 5)]
    assert [span.start <= key < span.stop for key in keys] == [False, True, True, False]


def test_a_chain_range_holds_the_entry_and_its_corrections() -> None:
    key = call_key("s", date(2026, 11, 1), TIME, "id")
    span = chain_range(key)
    assert all(span.start <= row < span.stop for row in (key, f"{key}|0001", f"{key}|9999"))
    assert starting_with("c|").stop == "c|~"


def test_the_shard_of_a_subject_never_changes() -> None:
    """A change here would put known subjects into other partitions: pinned for ever."""
    assert [shard_of(f"user-{n}", 16) for n in range(8)] == PINNED_SHARDS
    assert partition_key(date(2026, 11, 23), "user-0", 16) == f"202611|{PINNED_SHARDS[0]:02d}"
