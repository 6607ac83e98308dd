"""Partition keys and row keys of the ledger. Open calls and `monthly` spell their own.

`|` separates the parts of a key. A part keeps `[A-Za-z0-9@._+-]`; every other byte of its UTF-8
form is written `=XX`, so no subject or id can inject a separator or a character that Table Storage
refuses, and no percent sign ever stands in a key. A part that would be longer than 150 characters
becomes `=h` + base32(sha256): a call's key stays under 400 of the 512 characters a key may have.
"""

import hashlib
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from heapq import nlargest
from itertools import pairwise
from typing import NamedTuple

from table_api.storage.keys import KeyRange, encode_part, starting_with
from table_api.storage.timestamp import timestamp

LEDGER_TABLE = "ledger"

CORRECTION_DIGITS = 4
KEYS_KEPT_MAX = 65_536
"""Keys of subjects and days that are kept as made: about 15 MB."""

CHAINS_READ_ONE_BY_ONE_MAX = 2
"""Up to so many calls of a subject are looked up by key; of more, neighbours by one read."""
GAP_READ_OVER = timedelta(minutes=1)
CHAIN_RANGES_MAX = 100
"""Reads for one subject. A transaction has fewer calls; a re-rating's list of 500 calls, which
follow each other in the ledger, is read over its smaller gaps.
"""


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
    return call_key_at(subject, day, timestamp(time), call_id)


def call_key_at(subject: str, day: date, time: str, call_id: str) -> str:
    """The same of a time as rows write it."""
    stamp = time.replace("-", "").replace(":", "")
    return f"{_day_prefix('c', subject, day)}{stamp}|{encode_part(call_id)}"


def subject_span(
    subject: str, day: date, start: datetime | None = None, stop: datetime | None = None
) -> KeyRange:
    """The calls of a subject's day from `start` (inclusive) to `stop`; all of them without."""
    prefix = _day_prefix("c", subject, day)
    low = _stamp(start) if start is not None else ""
    return KeyRange(prefix + low, prefix + (_stamp(stop) if stop is not None else "~"))


def time_of_call(entry_key: str) -> datetime:
    """The time that the key of a call has."""
    return datetime.strptime(entry_key.split("|")[3], "%Y%m%dT%H%M%S.%f%z")


def _stamp(time: datetime) -> str:
    return timestamp(time).replace("-", "").replace(":", "")


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


def chain_range(entry_key: str) -> KeyRange:
    """The entry and its corrections. Ids that extend this id also fall in: split and compare."""
    return KeyRange(entry_key, entry_key + "|~")


def chain_ranges(entry_keys: Iterable[str]) -> list[KeyRange]:
    """What to read for the chains of calls of one subject in one partition.

    Up to CHAINS_READ_ONE_BY_ONE_MAX calls have a range each. Of more, those that follow each other
    within GAP_READ_OVER share one, for a robot may have thousands of calls in a wider gap.
    """
    keys = sorted(entry_keys)
    if len(keys) <= CHAINS_READ_ONE_BY_ONE_MAX:
        return [chain_range(key) for key in keys]
    times = [time_of_call(key) for key in keys]
    gaps = [(later - before, n) for n, (before, later) in enumerate(pairwise(times), 1)]
    wide = nlargest(CHAIN_RANGES_MAX - 1, (gap for gap in gaps if gap[0] > GAP_READ_OVER))
    bounds = [0, *sorted(n for _, n in wide), len(keys)]
    return [_over_chains(keys[start:stop]) for start, stop in pairwise(bounds)]


def _over_chains(keys: list[str]) -> KeyRange:
    # `|` sorts after letters and digits: the corrections of `call-1` are behind `call-10`.
    return KeyRange(keys[0], max(chain_range(key).stop for key in keys))


CALL_ROWS = starting_with("c|")
CELL_ROWS = starting_with("d|")


def subject_rows(kind: str, subject: str, days: tuple[int, int] | None = None) -> KeyRange:
    """A subject's rows of kind `c` or `d` in a month; `days` is a half-open pair of day numbers."""
    prefix = f"{kind}|{encode_part(subject)}|"
    if days is None:
        return starting_with(prefix)
    return KeyRange(f"{prefix}{days[0]:02d}|", f"{prefix}{days[1]:02d}|")


class CallAddress(NamedTuple):
    """Partition and entry key of a call."""

    partition: str
    entry_key: str

    @property
    def month(self) -> str:
        """`yyyymm` of the partition."""
        return self.partition[:6]

    @property
    def opaque_id(self) -> str:
        """The call's id in URLs: base64url of `{partition}/{entry key}`; `/` is in no key."""
        raw = f"{self.partition}/{self.entry_key}".encode("ascii")
        return urlsafe_b64encode(raw).decode("ascii").rstrip("=")
