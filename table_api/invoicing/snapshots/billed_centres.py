"""Which cost centre was billed for a subject and day: of each closed month, from its snapshot.

A subject and day that the month's own snapshot does not name was billed first by a later close, as
a correction. A snapshot is never changed, so what was read of it is kept.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec

from table_api.errors import Altered
from table_api.invoicing.snapshots.archive import Archive, snapshot_name
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.snapshot import sha256
from table_api.ledger.day_range import DayRange
from table_api.owners.share import DaysByCentre
from table_api.storage.timestamp import is_recent

MONTHS_AGE_S_MAX = 30
"""How old the list of closed months may be: a close shows after so many seconds."""


class _Facts(msgspec.Struct):
    subject: str
    day: date


class _Cell(msgspec.Struct):
    cost_centre: str | None
    facts: _Facts


class _EarlierMonth(msgspec.Struct):
    month: str
    cells: list[_Cell]


class _Snapshot(msgspec.Struct):
    """The part of a snapshot that is read here."""

    cells: list[_Cell]
    earlier: list[_EarlierMonth]


_decode = msgspec.json.Decoder(_Snapshot).decode


class BilledCentres:
    """Reads closed months, each once. Methods may raise Unavailable and Altered."""

    def __init__(self, archive: Archive, *, now: Callable[[], datetime]) -> None:
        self._archive = archive
        self._now = now
        self._months: list[BillingMonth] = []
        self._listed_at: datetime | None = None
        self._read: dict[BillingMonth, Mapping[str, DaysByCentre]] = {}
        """By the month that was closed: what its snapshot says of itself and of earlier ones."""

    async def of(self, days: DayRange) -> Mapping[str, Sequence[DaysByCentre]]:
        """By the months of a range (`yyyymm`) that were billed; of each, the first bill first."""
        asked = [each.month for each in days.months()]
        found: defaultdict[str, list[DaysByCentre]] = defaultdict(list)
        for month in await self._closed():
            if month.key < asked[0]:
                continue
            for key, centres in (await self._of_snapshot(month)).items():
                if key in asked:
                    found[key].append(centres)
        return found

    async def _closed(self) -> list[BillingMonth]:
        """Oldest first."""
        now = self._now()
        age_max = timedelta(seconds=MONTHS_AGE_S_MAX)
        if not is_recent(self._listed_at, now=now, age_max=age_max):
            self._months, self._listed_at = await self._archive.months(), now
        return self._months

    async def _of_snapshot(self, month: BillingMonth) -> Mapping[str, DaysByCentre]:
        if month not in self._read:
            name = snapshot_name(month)
            content = await self._archive.blobs.read(name)
            if content is None:
                return {}  # the close has just begun
            manifest = await self._archive.manifest(month)
            if manifest is not None and manifest.snapshot_sha256 != sha256(content):
                raise Altered(f"{name} was altered: its sha256 is not the manifest's")
            self._read[month] = await asyncio.to_thread(_centres, month, content)
        return self._read[month]


def _centres(month: BillingMonth, content: bytes) -> Mapping[str, DaysByCentre]:
    """What a snapshot says of its month, and of each earlier month that it corrects."""
    try:
        snapshot = _decode(content)
    except msgspec.DecodeError as error:
        raise Altered(f"{snapshot_name(month)} is not a snapshot: {error}") from error
    found = {month.key: _by_subject(snapshot.cells)}
    for earlier in snapshot.earlier:
        found[BillingMonth.parse(earlier.month).key] = _by_subject(earlier.cells)
    return found


def _by_subject(cells: list[_Cell]) -> DaysByCentre:
    found: dict[str, dict[str | None, int]] = {}
    for cell in cells:
        days = found.setdefault(cell.facts.subject, {})
        days[cell.cost_centre] = days.get(cell.cost_centre, 0) | 1 << cell.facts.day.day
    return found
