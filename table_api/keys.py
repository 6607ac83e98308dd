"""Partition keys and row keys: the only place where they are spelled.

`|` separates the parts of a key. A part keeps `[A-Za-z0-9@._+-]`; every other byte of its UTF-8
form is written `=XX`, so no subject or id can inject a separator or a character that Table Storage
refuses, and no percent sign ever stands in a key. A part that would be longer than 150 characters
becomes `=h` + base32(sha256): a call's key stays under 400 of the 512 characters a key may have.
"""

import base64
import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from table_api.timestamp import timestamp

KEY_PART_CHARS_MAX = 150
CORRECTION_DIGITS = 4
KEYS_KEPT_MAX = 65_536
"""Keys of subjects and days that are kept as made: about 15 MB."""

_PLAIN = re.compile(r"[A-Za-z0-9@._+-]*").fullmatch
_KEEP = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@._+-")


def encode_part(text: str) -> str:
    """One key part: injective up to NFC, readable where it can be."""
    if len(text) <= KEY_PART_CHARS_MAX and _PLAIN(text):
        return text
    raw = unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
    escaped = "".join(chr(byte) if byte in _KEEP else f"={byte:02X}" for byte in raw)
    if len(escaped) <= KEY_PART_CHARS_MAX:
        return escaped
    digest = base64.b32encode(hashlib.sha256(raw).digest()).decode("ascii").rstrip("=")
    return f"=h{digest}"


def shard_of(subject: str, shards: int) -> int:
    """The shard of a subject: stable over processes and versions."""
    digest = hashlib.sha256(unicodedata.normalize("NFC", subject).encode("utf-8", "surrogatepass"))
    return int.from_bytes(digest.digest()[:8], "big") % shards


def month_of(day: date) -> str:
    """`202611`, the first part of a partition key."""
    return f"{day.year:04d}{day.month:02d}"


@lru_cache(maxsize=KEYS_KEPT_MAX)
def partition_key(day: date, subject: str, shards: int) -> str:
    """`{yyyymm}|{shard}`: all rows of the subject in the month of the charge day."""
    return f"{month_of(day)}|{shard_of(subject, shards):02d}"


def month_partitions(month: str, shards: int) -> list[str]:
    """Every partition of one month."""
    return [f"{month}|{shard:02d}" for shard in range(shards)]


@lru_cache(maxsize=KEYS_KEPT_MAX)
def _day_prefix(kind: str, subject: str, day: date) -> str:
    """How the rows of a subject's day begin: many calls share it."""
    return f"{kind}|{encode_part(subject)}|{day.day:02d}|"


def call_key(subject: str, day: date, time: datetime, call_id: str) -> str:
    """RowKey of a call's LedgerEntry; its corrections have `correction_key` of it."""
    stamp = timestamp(time).replace("-", "").replace(":", "")
    return f"{_day_prefix('c', subject, day)}{stamp}|{encode_part(call_id)}"


def correction_key(entry_key: str, number: int) -> str:
    """RowKey of the `number`-th correction (from 1) of the call with `entry_key`."""
    return f"{entry_key}|{number:0{CORRECTION_DIGITS}d}"


def split_call_key(row_key: str) -> tuple[str, int]:
    """(entry key, number in the chain) of any row of a call: 0 is the entry itself."""
    parts = row_key.split("|")
    if len(parts) == 6:
        return row_key[: -CORRECTION_DIGITS - 1], int(parts[5])
    return row_key, 0


def cell_key(subject: str, day: date, model: str, line: str) -> str:
    """RowKey of a DailyUsage cell."""
    return f"{_day_prefix('d', subject, day)}{encode_part(model)}|{line}"


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Row keys `start <= key < stop` of one partition."""

    start: str
    stop: str


def starting_with(prefix: str) -> KeyRange:
    """All keys that start with `prefix`. Keys are ASCII, so `~` sorts after every key part."""
    return KeyRange(prefix, prefix + "~")


def chain_range(entry_key: str) -> KeyRange:
    """The entry and its corrections. Ids that extend this id also fall in: split and compare."""
    return KeyRange(entry_key, entry_key + "|~")


CALL_ROWS = starting_with("c|")
CELL_ROWS = starting_with("d|")


def subject_rows(kind: str, subject: str, days: tuple[int, int] | None = None) -> KeyRange:
    """A subject's rows of kind `c` or `d` in a month; `days` is a half-open pair of day numbers."""
    prefix = f"{kind}|{encode_part(subject)}|"
    if days is None:
        return starting_with(prefix)
    return KeyRange(f"{prefix}{days[0]:02d}|", f"{prefix}{days[1]:02d}|")
