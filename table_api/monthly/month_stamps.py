"""Time stamps of the rows of a month: what tells which of them have changed.

To look through all rows takes a request for each thousand. So most reads ask only for the rows that
were written in the last seconds, and keep what is known of the others. Such a read misses a row
that a slow clock stamped more than MARGIN too early, and one that is gone. Therefore a read that
begins LOOK_S after the last look began is a look again, by this process's clock alone.
"""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from table_api.monthly.projected_day import MONTHLY_TABLE
from table_api.monthly.shared_read import SharedRead
from table_api.storage.keys import EVERY_ROW
from table_api.storage.table_storage import Row, TableStorage
from table_api.storage.timestamp import parse_time

LOOK_S = 60
"""What a read gives is at most so old."""
MARGIN = timedelta(seconds=30)
"""A row is asked for once more until it is so much older than the newest one: the service may take
that long for a write that has its stamp already, and the clocks of its servers differ.
"""
_COLUMNS = ("RowKey", "Timestamp")
_SECOND = 1_000_000_000

Stamps = dict[str, str]
"""Time stamps by key. Nobody may change them."""
Clock = Callable[[], datetime]
Ticks = Callable[[], int]
"""Nanoseconds that never run backwards, as `time.monotonic_ns` gives them."""

_key_of: Callable[[Row], Any] = itemgetter("RowKey")
_stamp_of: Callable[[Row], Any] = itemgetter("Timestamp")


class MonthStamps:
    """Those of one month. All who ask at the same moment share a read. Raises Unavailable."""

    def __init__(self, storage: TableStorage, month: str, *, now: Clock, ticks: Ticks) -> None:
        self._storage = storage
        self._month = month
        self._now = now
        self._ticks = ticks
        self._known: Stamps = {}
        self._newest: datetime | None = None
        """The newest stamp in the first page of a read that was read to its end, and no later than
        that read began by the time on this machine: a stamp of the future would hide what is
        written until then. What is written while further pages are read has a newer one.
        """
        self._looked_at: int | None = None
        """When the last look began; None where the next read is to be one."""
        self._shared = SharedRead(self._read)

    async def recent(self) -> Stamps:
        """Read from now on, by a look or without."""
        return await self._shared.value()

    async def looked_through(self) -> Stamps:
        """Those of all rows, read from now on."""
        self._looked_at = None
        return await self._shared.value()

    async def _read(self) -> Stamps:
        began = self._ticks()
        since = self._since(began)
        if since is None:
            self._looked_at = began
            try:
                self._known = await self._look()
            except BaseException:
                self._looked_at = None
                raise
            return self._known
        found = await self._written(since)
        if not found.items() <= self._known.items():
            self._known = {**self._known, **found}
        return self._known

    def _since(self, began: int) -> str | None:
        """From when on rows are asked for; None where all are."""
        if self._newest is None or self._looked_at is None:
            return None
        if began - self._looked_at >= LOOK_S * _SECOND:
            return None
        newest = min(self._newest, self._now())  # somebody may have set the clock back
        return f"{newest - MARGIN:%Y-%m-%dT%H:%M:%S}.0000000Z"

    async def _look(self) -> Stamps:
        query = self._storage.query(MONTHLY_TABLE, self._month, EVERY_ROW, select=_COLUMNS)
        return await self._taken(query)

    async def _written(self, since: str) -> Stamps:
        query = self._storage.changed(MONTHLY_TABLE, self._month, since, select=_COLUMNS)
        return await self._taken(query)

    async def _taken(self, pages: AsyncIterator[list[Row]]) -> Stamps:
        found: Stamps = {}
        first: list[str] | None = None
        began = self._now()
        async for page in pages:
            stamps = list(map(_stamp_of, page))
            if first is None:
                first = stamps
            found.update(zip(map(_key_of, page), stamps, strict=True))
        if first:
            newest = min(parse_time(max(first, key=sortable)), began)
            if self._newest is None or newest > self._newest:
                self._newest = newest
        return found


def sortable(stamp: str) -> str:
    """As it sorts: not all have the same number of digits."""
    return stamp.rstrip("Z")
