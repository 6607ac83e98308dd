"""Rows on their way out. A day is marked when all its rows are accepted, never before.

A crash or a refusal between the two sends rows again; (entry, revision) names an item, so readers
fold the copies.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from opentelemetry.sdk._logs import ReadableLogRecord

from table_api.ledger.entries import LedgerEntry
from table_api.ledger.measures import Measures
from table_api.monthly.projected_day import Revs
from table_api.publishing.marks import DayMark, MarkRow, Marks
from table_api.publishing.send import RECORDS_MAX, NotDelivered, Sender
from telemetry.log import Log
from telemetry.metrics import CounterName, count

_log = Log("table_api")

Deltas = Sequence[tuple[str, Measures]]
"""What a row of the ledger adds, by row key of `monthly`."""


@dataclass(slots=True)
class DayWork:
    """A subject's day while it is sent: its marks as they will be."""

    number: int
    rows: dict[str, MarkRow]
    """By row key, one per model."""
    revs: dict[str, Revs]
    """The revisions up to which all is sent in the end."""
    marks: dict[str, DayMark]
    open_since: str = ""

    def sent(self, deltas: Deltas) -> None:
        """Count a row of the ledger."""
        for key, delta in deltas:
            self.marks[key] = self.marks[key].with_row(delta)

    def refused(self, deltas: Deltas) -> None:
        """Count a row that ingestion refused after all."""
        for key, delta in deltas:
            self.marks[key] = self.marks[key].with_refused(delta)

    def note(self) -> None:
        """Put the marks onto their rows, to be written."""
        for key, mark in self.marks.items():
            done = replace(mark, revs=self.revs[key], open_since=self.open_since)
            self.rows[key].mark(self.number, done)


@dataclass(frozen=True, slots=True)
class Item:
    """A record, the row of the ledger that it is made from, and the day that waits for it."""

    record: ReadableLogRecord
    entry: LedgerEntry
    deltas: Deltas
    day: DayWork


@dataclass(slots=True)
class Sent:
    """What one pass did."""

    rows: int = 0
    refused: int = 0
    again: int = 0
    """Days of which all rows were sent again, since their number was not the one marked."""


@dataclass(slots=True)
class _Finished:
    day: DayWork | None
    seen: list[tuple[MarkRow, str]] = field(default_factory=list)


class Outbox:
    """Takes rows of many days at once and sends them in full batches."""

    def __init__(self, sender: Sender, marks: Marks) -> None:
        self.sent = Sent()
        self._sender = sender
        self._marks = marks
        self._items: list[Item] = []
        self._finished: list[_Finished] = []
        self._lock = asyncio.Lock()
        self._broken = False

    async def put(self, item: Item) -> None:
        """Take a row. Raises NotDelivered or Unavailable when that fills a batch."""
        async with self._lock:
            item.day.sent(item.deltas)
            self._items.append(item)
            if len(self._items) >= RECORDS_MAX:
                await self._flush()

    def refuse(self, entry: LedgerEntry, deltas: Deltas, day: DayWork) -> None:
        """Leave out a row that was counted as sent; the rows after it go on."""
        day.refused(deltas)
        self.sent.refused += 1
        count(CounterName.PUBLISHER_REFUSED, 1)
        _log.error(
            "event_refused",
            "the event of a ledger row is refused; the rows after it are sent",
            partition=entry.partition,
            row=entry.entry_key,
            number=entry.number,
        )

    async def finish(self, day: DayWork) -> None:
        """All rows of the day are put: it is marked once they are accepted."""
        async with self._lock:
            self._finished.append(_Finished(day))

    async def all_seen(self, rows: Iterable[tuple[MarkRow, str]]) -> None:
        """All days of these rows are finished, as of these versions of `monthly`."""
        async with self._lock:
            self._finished.append(_Finished(None, list(rows)))

    async def flush(self) -> None:
        """Send and mark what is left."""
        async with self._lock:
            await self._flush()

    async def _flush(self) -> None:
        """Every row that was put is sent by this, so every finished day can be marked.

        After one failure nothing is marked any more: rows of any day may be lost.
        """
        if self._broken:
            raise NotDelivered("telemetry: an earlier batch of this pass was not delivered")
        self._broken = True
        await self._send_and_mark()
        self._broken = False

    async def _send_and_mark(self) -> None:
        items, self._items = self._items, []
        if items:
            refused = await self._sender.send([item.record for item in items])
            for index in refused:
                self.refuse(items[index].entry, items[index].deltas, items[index].day)
            self.sent.rows += len(items) - len(refused)
        finished, self._finished = self._finished, []
        groups = []
        for each in finished:
            if each.day is not None:
                each.day.note()
                groups.append(list(each.day.rows.values()))
            for row, version in each.seen:
                row.seen = version
                groups.append([row])
        await self._marks.write(groups)
