"""The newest calls of everybody: found in the index of open calls, read from the ledger.

The ledger's keys begin with the subject, so it cannot say which calls are the newest of all. Table
`opencalls` has an index by the hour, and keeps it for some weeks.
"""

from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pricing_rules.types import CallState
from table_api.ledger.day_range import DayRange
from table_api.ledger.entries import LedgerEntry, read_entry
from table_api.ledger.keys import (
    LEDGER_TABLE,
    CallAddress,
    call_key,
    chain_range,
    month_of,
    split_call_key,
)
from table_api.storage.parallel import at_most, chunks
from table_api.storage.table_storage import TableStorage
from table_api.usage.cell_reads import LedgerReads, partition_of
from table_api.usage.newest_calls import Wanted
from table_api.usage.newest_open_calls import CountedCall, CountedSpan, NewestOpenCalls
from table_api.usage.spans import Backwards, instants_of

CHAINS_READ_MAX = 500
"""Chains one page may read while it looks for calls that are wanted."""
ROWS_READ_MAX = 50_000
"""Rows of the index one page may read: about 25 µs of CPU each."""
CHAINS_AT_ONCE = 16
ROWS_A_CALL = 4
"""About so many rows the index has of a call."""
ROWS_SEARCHED = 5_000
"""Of one span, when a text is looked for: most rows do not have it."""
AHEAD = timedelta(hours=1)
"""A gateway's clock may be ahead of ours."""
FIRST_SPAN, LONGEST_SPAN = timedelta(minutes=10), timedelta(hours=6)

Position = tuple[datetime, str]
"""Time and id of a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Which calls are looked for."""

    sees: Callable[[str, date], bool]
    """Whether the calls of a subject on a day are shown at all."""
    possible: Callable[[date], Awaitable[Container[str] | None]]
    """Subjects that may have a wanted call on a day; None: all of them."""
    wanted: Wanted
    text: str | None = None
    """What a call's facts must name."""


@dataclass(frozen=True, slots=True)
class RecentPage:
    """Calls, the newest first."""

    calls: Sequence[LedgerEntry]
    last: Position | None
    """Where the next page goes on; None when nothing follows."""
    facts_from: datetime | None
    """The oldest hour that was looked into, whatever the range; None where nothing is known."""


class RecentCalls:
    """Reads one storage. Methods may raise Unavailable and NoLedger."""

    def __init__(self, storage: TableStorage, reads: LedgerReads) -> None:
        self._storage = storage
        self._reads = reads
        self._open_calls = NewestOpenCalls(storage)

    async def first_hour(self) -> datetime | None:
        """The oldest hour of which everybody's calls are known."""
        return await self._open_calls.first_hour()

    async def page(
        self, days: DayRange, look: Look, *, limit: int, now: datetime, before: Position | None
    ) -> RecentPage:
        """Up to `limit` calls before a position; fewer when one page has read its limit."""
        first = await self._open_calls.first_hour()
        if first is None:
            return RecentPage((), None, None)
        calendar = (await self._reads.meta()).calendar
        start = max(first, instants_of(days.start, calendar)[0])
        stop = min(now + AHEAD, instants_of(days.last, calendar)[1])
        if before is not None:
            stop = min(stop, before[0] + timedelta(microseconds=1))
        rows_wanted = ROWS_SEARCHED if look.text else 2 * ROWS_A_CALL * limit
        spans = Backwards(
            start=start, stop=stop, length=FIRST_SPAN, longest=LONGEST_SPAN, wanted=rows_wanted
        )
        page, rows = _Page(limit), 0
        while (span := spans.next()) is not None:
            found = await self._span(look.text, *span)
            spans.found(found.rows)
            rows += found.rows
            seen = await self._seen(found, days, look, before)
            for part in chunks(seen, CHAINS_AT_ONCE):
                page.take(part, await self._entries(part), look.wanted)
                if page.is_done:
                    return RecentPage(page.calls, page.last, first)
            page.last = (span[0], "")
            if rows >= ROWS_READ_MAX:
                return RecentPage(page.calls, page.last, first)
        return RecentPage(page.calls, None, first)

    async def by_id(self, call_id: str, look: Look) -> LedgerEntry | None:
        """The call with a request id, if it is one that is looked for."""
        found = await self._open_calls.by_id(call_id)
        if found is None:
            return None
        [entry] = await self._entries([found])
        if entry is None or not look.sees(entry.subject, entry.day):
            return None
        return entry if look.wanted(entry) else None

    async def _span(self, text: str | None, start: datetime, stop: datetime) -> CountedSpan:
        if text is not None:
            return await self._open_calls.naming(text, start, stop)
        return await self._open_calls.counted(start, stop)

    async def _seen(
        self, found: CountedSpan, days: DayRange, look: Look, before: Position | None
    ) -> list[CountedCall]:
        """Those that may be shown, the newest first."""
        calendar = (await self._reads.meta()).calendar
        seen = []
        for call in sorted(found.calls, key=_position, reverse=True):
            day = calendar.day(call.place.time)
            if before is not None and _position(call) >= before:
                continue
            if not days.start <= day < days.stop or not look.sees(call.place.subject, day):
                continue
            possible = await look.possible(day)
            if possible is None or call.place.subject in possible:
                seen.append(call)
        return seen

    async def _entries(self, calls: Sequence[CountedCall]) -> list[LedgerEntry | None]:
        """The last row of each call; None of one that is not posted, or no longer counted there."""
        entries: list[LedgerEntry | None] = [None] * len(calls)

        async def read(at: int, call: CountedCall) -> None:
            entries[at] = await self._entry(call)

        await at_most(CHAINS_AT_ONCE, (read(at, call) for at, call in enumerate(calls)))
        return entries

    async def _entry(self, call: CountedCall) -> LedgerEntry | None:
        meta = await self._reads.meta()
        subject, time = call.place.subject, call.place.time
        day = meta.calendar.day(time)
        address = CallAddress(
            partition_of(month_of(day), subject, meta.settings.shards),
            call_key(subject, day, time, call.call_id),
        )
        last = None
        keys = chain_range(address.entry_key)
        async for rows in self._storage.query(LEDGER_TABLE, address.partition, keys):
            for row in rows:
                if split_call_key(str(row["RowKey"]))[0] == address.entry_key:
                    last = read_entry(row)
        return None if last is None or last.state is CallState.MOVED else last


class _Page:
    """A page while it fills."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.calls: list[LedgerEntry] = []
        self.last: Position | None = None
        self._chains = 0
        self._is_full = False

    @property
    def is_done(self) -> bool:
        """Whether it is full, or has read the chains that one page may."""
        return self._is_full or self._chains >= CHAINS_READ_MAX

    def take(
        self, calls: Sequence[CountedCall], entries: Sequence[LedgerEntry | None], wanted: Wanted
    ) -> None:
        """Add the wanted ones. A page is full when one more follows."""
        self._chains += len(calls)
        for call, entry in zip(calls, entries, strict=True):
            is_wanted = entry is not None and wanted(entry)
            if is_wanted and len(self.calls) == self._limit:
                self._is_full = True
                return
            self.last = _position(call)
            if entry is not None and is_wanted:
                self.calls.append(entry)


def _position(call: CountedCall) -> Position:
    return call.place.time, call.call_id
