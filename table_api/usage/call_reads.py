"""The ledger's reads of calls: a subject's calls page by page, and one call's chain. No writes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from table_api.ledger.day_range import DayRange, MonthDays
from table_api.ledger.entries import LedgerEntry, read_entry
from table_api.ledger.keys import (
    LEDGER_TABLE,
    CallAddress,
    chain_range,
    split_call_key,
    subject_rows,
)
from table_api.storage.keys import KeyRange
from table_api.storage.table_storage import Row, TableStorage
from table_api.usage.cell_reads import LedgerReads, partition_of

ROWS_SCANNED_MAX = 2_000
"""Rows one page may read while it looks for calls of one model."""


@dataclass(frozen=True, slots=True)
class CallPage:
    """Calls in the order of their time, each in its last state."""

    calls: tuple[LedgerEntry, ...]
    last: CallAddress | None
    """Where the next page goes on; None when nothing follows."""


class CallReads:
    """Reads calls of one ledger. Every method may raise Unavailable and NoLedger."""

    def __init__(self, storage: TableStorage, reads: LedgerReads) -> None:
        self._storage = storage
        self._reads = reads

    async def page(
        self,
        subject: str,
        ranges: Sequence[DayRange],
        *,
        limit: int,
        model: str | None = None,
        after: CallAddress | None = None,
    ) -> CallPage:
        """Up to `limit` calls after an address; fewer when ROWS_SCANNED_MAX rows did not hold more.

        The ranges are in order and apart. Each call is the last row of its chain. Reads one call
        more than it gives, to know of a next.
        """
        calls: list[LedgerEntry] = []
        scanned, last = 0, None
        async for entry, rows in self._last_entries(subject, ranges, after, limit + 1):
            if len(calls) == limit or scanned >= ROWS_SCANNED_MAX:
                return CallPage(tuple(calls), last)
            scanned += rows
            last = CallAddress(entry.partition, entry.entry_key)
            if model is None or entry.model == model:
                calls.append(entry)
        return CallPage(tuple(calls), None)

    async def chain(self, address: CallAddress) -> list[LedgerEntry]:
        """All rows of a call in their order; empty when it does not stand."""
        entries: list[LedgerEntry] = []
        pages = self._storage.query(LEDGER_TABLE, address.partition, chain_range(address.entry_key))
        async for page in pages:
            # An id that extends this one lies in the same key range.
            entries.extend(
                read_entry(row)
                for row in page
                if split_call_key(str(row["RowKey"]))[0] == address.entry_key
            )
        return entries

    async def _last_entries(
        self, subject: str, ranges: Sequence[DayRange], after: CallAddress | None, size: int
    ) -> AsyncIterator[tuple[LedgerEntry, int]]:
        """(last row, number of rows) of each chain in the order of the entry keys."""
        shards = (await self._reads.meta()).settings.shards
        for month in (month for days in ranges for month in days.months()):
            if after is not None and month.month < after.month:
                continue
            partition = partition_of(month.month, subject, shards)
            resume = after if after is not None and after.month == month.month else None
            keys = _keys(subject, month, resume)
            if keys.start >= keys.stop:
                continue  # the page before ended after this range
            async for chain in whole_chains(self._rows(partition, keys, size), resume):
                yield read_entry(chain[-1]), len(chain)

    async def _rows(self, partition: str, keys: KeyRange, size: int) -> AsyncIterator[Row]:
        """The rows of a range, read `size` at a time."""
        while True:
            seen, start = 0, keys.start
            async for page in self._storage.query(LEDGER_TABLE, partition, keys, rows_max=size):
                for row in page:
                    yield row
                    seen, start = seen + 1, after_key(str(row["RowKey"]))
            if seen < size:
                return
            keys = KeyRange(start, keys.stop)


def _keys(subject: str, month: MonthDays, after: CallAddress | None) -> KeyRange:
    of_days = subject_rows("c", subject, (month.start, month.stop))
    if after is None:
        return of_days
    return KeyRange(max(of_days.start, after_key(after.entry_key)), of_days.stop)


def after_key(row_key: str) -> str:
    """The start of a range that begins after a key: `!` sorts before every character of a key."""
    return row_key + "!"


async def whole_chains(
    rows: AsyncIterator[Row], after: CallAddress | None = None
) -> AsyncIterator[list[Row]]:
    """Whole chains in the order of their entry keys.

    Between an entry and its corrections may stand calls whose id extends its id: `|`, which
    starts a correction's number, sorts after every character of an id.
    """
    open_chains: dict[str, list[Row]] = {}
    async for row in rows:
        row_key = str(row["RowKey"])
        entry_key, _ = split_call_key(row_key)
        if after is not None and entry_key <= after.entry_key:
            continue
        open_chains.setdefault(entry_key, []).append(row)
        while (first := min(open_chains)) and row_key >= chain_range(first).stop:
            yield open_chains.pop(first)
    for entry_key in sorted(open_chains):
        yield open_chains[entry_key]
