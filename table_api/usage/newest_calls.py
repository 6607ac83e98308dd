"""A subject's calls from the newest backwards, read from the ledger."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date, timedelta

from table_api.ledger.day_range import DayRange
from table_api.ledger.entries import LedgerEntry, read_entry
from table_api.ledger.keys import LEDGER_TABLE, CallAddress, month_of, subject_span, time_of_call
from table_api.storage.keys import KeyRange
from table_api.storage.table_storage import Row, TableStorage
from table_api.usage.call_reads import ROWS_SCANNED_MAX, CallPage, whole_chains
from table_api.usage.cell_reads import LedgerReads, partition_of
from table_api.usage.spans import SPAN_MIN, Backwards, instants_of

CALLS_WANTED = 200
"""Of one read."""
Wanted = Callable[[LedgerEntry], bool]


class NewestCalls:
    """Reads calls of one ledger. Methods may raise Unavailable and NoLedger."""

    def __init__(self, storage: TableStorage, reads: LedgerReads) -> None:
        self._storage = storage
        self._reads = reads

    async def page(
        self,
        subject: str,
        ranges: Sequence[DayRange],
        *,
        limit: int,
        wanted: Wanted,
        before: CallAddress | None = None,
    ) -> CallPage:
        """Up to `limit` calls before an address; fewer when ROWS_SCANNED_MAX rows did not hold
        more. The ranges are in order and apart. Each call is the last row of its chain.
        """
        calls: list[LedgerEntry] = []
        scanned, last = 0, None
        async for entry, rows in self._backwards(subject, ranges, before):
            if len(calls) == limit or scanned >= ROWS_SCANNED_MAX:
                return CallPage(tuple(calls), last)
            scanned += rows
            last = CallAddress(entry.partition, entry.entry_key)
            if wanted(entry):
                calls.append(entry)
        return CallPage(tuple(calls), None)

    async def of_day(self, subject: str, day: date) -> list[LedgerEntry]:
        """All calls of a day, the oldest first."""
        partition = await self._partition(subject, day)
        keys = subject_span(subject, day)
        chains = whole_chains(self._rows(partition, keys))
        return [read_entry(chain[-1]) async for chain in chains]

    async def _backwards(
        self, subject: str, ranges: Sequence[DayRange], before: CallAddress | None
    ) -> AsyncIterator[tuple[LedgerEntry, int]]:
        """(last row, number of rows) of each chain."""
        for days in reversed(ranges):
            for day, calls in await self._days_with_calls(subject, days):
                partition = await self._partition(subject, day)
                if before is not None and partition > before.partition:
                    continue
                # Of an earlier month every key is before the address.
                until = before if before and before.partition == partition else None
                async for found in self._of_day(partition, subject, day, calls, until):
                    yield found

    async def _of_day(
        self, partition: str, subject: str, day: date, calls: int, before: CallAddress | None
    ) -> AsyncIterator[tuple[LedgerEntry, int]]:
        start, stop = instants_of(day, (await self._reads.meta()).calendar)
        if before is not None:
            stop = min(stop, time_of_call(before.entry_key) + timedelta(microseconds=1))
        length = (stop - start) * CALLS_WANTED / max(calls, CALLS_WANTED)
        spans = Backwards(
            start=start, stop=stop, length=max(length, SPAN_MIN), longest=stop - start,
            wanted=CALLS_WANTED,
        )  # fmt: skip
        while (span := spans.next()) is not None:
            rows = self._rows(partition, subject_span(subject, day, *span))
            chains = [chain async for chain in whole_chains(rows)]
            spans.found(len(chains))
            for chain in reversed(chains):
                entry = read_entry(chain[-1])
                if before is None or entry.entry_key < before.entry_key:
                    yield entry, len(chain)

    async def _days_with_calls(self, subject: str, days: DayRange) -> list[tuple[date, int]]:
        """Each day that has a cell and how many calls it counts, the last day first."""
        counts: Counter[date] = Counter()
        for cell in await self._reads.subject_usage(subject, days):
            counts[cell.day] += cell.totals.calls
        return sorted(counts.items(), reverse=True)

    async def _partition(self, subject: str, day: date) -> str:
        meta = await self._reads.meta()
        return partition_of(month_of(day), subject, meta.settings.shards)

    async def _rows(self, partition: str, keys: KeyRange) -> AsyncIterator[Row]:
        async for page in self._storage.query(LEDGER_TABLE, partition, keys):
            for row in page:
                yield row
