"""The row `settings` of `meta`, read with code of its own, and what the ledger's rows say of it.

A changed digit in it moves no stored row: it changes where the next process looks and writes. So
every row is held against it: its shard, its charge day and its currencies.
"""

import hashlib
import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from table_api.audit.problems import Problems
from table_api.storage.named_rows import UNREADABLE
from table_api.storage.table_storage import Row, TableStorage

WHERE = "meta settings"
SHARDS_MAX = 1_000
OFFSET_S_MAX = 16 * 3_600
FIRST_SECOND = 1_420_070_400
"""2015-01-01 UTC: no call is older."""
BILLED_NOTHING_MAX = 1_000_000
"""Pico-units: so small a charge may be nothing in another currency."""

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII).fullmatch
_PARTITION = re.compile(r"[0-9]{4}(?:0[1-9]|1[0-2])\|([0-9]{2,})", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """What the rows must agree with; None where `meta` does not say it in a way that is read."""

    shards: int | None = None
    currencies: tuple[str, str] | None = None
    """Pricing, billing."""
    starts: tuple[int, ...] = ()
    offsets: tuple[int, ...] = ()

    def partition_faults(self, partition: str) -> Iterator[str]:
        """A partition key that no call of this ledger has."""
        named = _PARTITION(partition)
        if named is None:
            yield "is no month and shard"
        elif self.shards is not None and int(named[1]) >= self.shards:
            yield f"cannot be in a ledger of {self.shards} shards, as meta says"

    def shard_faults(self, partition: str, row: Row) -> Iterator[str]:
        """A row in a partition where nobody looks for its subject."""
        named = _PARTITION(partition)
        if self.shards is None or named is None or int(named[1]) >= self.shards:
            return
        shard = _shard(str(row["subject"]), self.shards)
        if int(named[1]) != shard:
            yield f"belongs to shard {shard} of the {self.shards} that meta says"

    def day_faults(self, row: Row) -> Iterator[str]:
        """A call on another charge day than the frozen transitions give."""
        if not self.starts:
            return
        time = datetime.fromisoformat(str(row["time"])).astimezone(UTC)
        index = max(bisect_right(self.starts, int(time.timestamp() // 1)) - 1, 0)
        day = (time + timedelta(seconds=self.offsets[index])).date().isoformat()
        if row["day"] != day:
            yield f"states day = {row['day']}, the transitions of meta make it {day}"

    def price_faults(self, row: Row) -> Iterator[str]:
        """The last row of a chain: an amount in currencies that are not the ledger's."""
        if self.currencies is None or row["state"] != "priced":
            return
        pricing, billing = self.currencies
        found = str(row.get("currency")), str(row.get("billing_currency", row.get("currency")))
        if found != self.currencies:
            yield (
                f"prices in {found[0]} and bills in {found[1]}, meta says {pricing} and {billing}"
            )
        elif pricing == billing:
            if any(name.partition("_")[0] == "billed" for name in row):
                yield "states `billed`, and the ledger has one currency"
        elif abs(int(row.get("charge", 0))) > BILLED_NOTHING_MAX and "billed" not in row:
            yield "states a charge and no `billed`, and the ledger has two currencies"

    def cell_faults(self, row: Row, *, empty: bool) -> Iterator[str]:
        """A cell in another currency. An empty one may be: nobody is billed for it."""
        if self.currencies is None or empty:
            return
        found = str(row.get("currency")), str(row.get("billing_currency", row.get("currency")))
        if found != self.currencies:
            yield f"is in {found[0]} and {found[1]}, meta says {' and '.join(self.currencies)}"


@lru_cache(maxsize=65_536)
def _shard(subject: str, shards: int) -> int:
    normal = unicodedata.normalize("NFC", subject).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(normal).digest()[:8], "big") % shards


async def read_settings(
    storage: TableStorage, problems: Problems, *, now: datetime
) -> LedgerSettings | None:
    """The settings, and what is wrong with each; None where there are none."""
    row = await storage.get("meta", "ledger", "settings")
    if row is None:
        return None
    shards: int | None = None
    with problems.naming(f"{WHERE} shards"):
        shards = int(row["shards"])
        if not 1 <= shards <= SHARDS_MAX:
            raise ValueError(f"{shards} is not between 1 and {SHARDS_MAX}")
    currencies: tuple[str, str] | None = None
    with problems.naming(f"{WHERE} currencies"):
        currencies = str(row["pricing_currency"]), str(row["billing_currency"])
        for currency in currencies:
            if not _CURRENCY(currency):
                problems.add(f"{WHERE} states the currency {currency!r}")
    starts: tuple[int, ...] = ()
    offsets: tuple[int, ...] = ()
    with problems.naming(f"{WHERE} transitions"):
        starts, offsets = _transitions(row)
    problems.add_all(WHERE, _plain_faults(row))
    if starts:
        problems.add_all(WHERE, _zone_faults(str(row.get("zone")), starts, offsets, now))
    return LedgerSettings(shards, currencies, starts, offsets)


def _transitions(row: Row) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """ValueError unless they rise from the first second and each is an offset of a zone."""
    pairs = json.loads(str(row["transitions"]))
    starts, offsets = tuple(int(start) for start, _ in pairs), tuple(int(each) for _, each in pairs)
    if not starts or starts[0] != FIRST_SECOND or list(starts) != sorted(set(starts)):
        raise ValueError("they do not rise from 2015-01-01")
    if any(abs(offset) > OFFSET_S_MAX for offset in offsets):
        raise ValueError("one is no offset from UTC")
    return starts, offsets


def _plain_faults(row: Row) -> Iterator[str]:
    try:
        datetime.fromisoformat(str(row["created_at"]))
        until = int(row["transitions_until_year"])
    except UNREADABLE as error:
        yield f"cannot be read: {error!r}"
        return
    if not 2015 < until < 10_000:
        yield f"states transitions_until_year = {until}"
    if not isinstance(row.get("has_monthly", False), bool):
        yield f"states has_monthly = {row['has_monthly']!r}"


def _zone_faults(
    zone: str, starts: tuple[int, ...], offsets: tuple[int, ...], now: datetime
) -> Iterator[str]:
    """The transitions until now against this machine's tzdata, on both sides of each."""
    try:
        info = ZoneInfo(zone)
    except (OSError, ValueError, LookupError):
        yield f"states the zone {zone!r}, which is no IANA zone"
        return
    until = int(now.timestamp())
    probes = [(start, offset) for start, offset in zip(starts, offsets, strict=True)]
    probes += [(start - 1, before) for start, before in zip(starts[1:], offsets, strict=False)]
    probes.append((until, offsets[max(bisect_right(starts, until) - 1, 0)]))
    for second, offset in probes:
        if second > until:
            continue
        own = datetime.fromtimestamp(second, info).utcoffset()
        if own != timedelta(seconds=offset):
            at = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S} UTC"
            yield f"states {offset} s from UTC in {zone} at {at}, this machine's tzdata {own}"
            return
