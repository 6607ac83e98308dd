"""Parts of row keys and ranges of them, whatever the table."""

import base64
import hashlib
import re
import unicodedata
from dataclasses import dataclass

KEY_PART_CHARS_MAX = 150
SHARDS_MAX = 100
"""A partition key of the ledger spells a shard with two digits, and so does the id of a call."""
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


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Row keys `start <= key < stop` of one partition."""

    start: str
    stop: str


def starting_with(prefix: str) -> KeyRange:
    """All keys that start with `prefix`. Keys are ASCII, so `~` sorts after every key part."""
    return KeyRange(prefix, prefix + "~")


EVERY_ROW = starting_with("")
"""All rows of a partition."""


def in_range(partition_key: str, keys: KeyRange) -> str:
    """The filter for a key range."""
    return (
        f"PartitionKey eq {text_literal(partition_key)} and "
        f"RowKey ge {text_literal(keys.start)} and RowKey lt {text_literal(keys.stop)}"
    )


def text_literal(key: str) -> str:
    """A key as text in a filter: a quote in it is doubled, so that it ends nothing."""
    return "'" + key.replace("'", "''") + "'"
