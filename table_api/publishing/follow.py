"""The publisher: one pass over `monthly` sends every ledger row that is not sent.

A row of `monthly` that changed since it was sent has another version; only such rows are looked
into. What is sent is known by revisions, so a pass may be run again, or by two processes at once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource

from table_api.errors import Altered, NoLedger, SettingsError
from table_api.ledger.day_range import months_back
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.meta import LedgerMeta, read_ledger_meta
from table_api.monthly.projected_day import MONTHLY_TABLE
from table_api.publishing.entry_facts import call_facts
from table_api.publishing.marks import Marks
from table_api.publishing.month_pass import MonthPass, Wanted
from table_api.publishing.outbox import Outbox, Sent
from table_api.publishing.progress import NO_PROGRESS, note_until, read_progress
from table_api.publishing.send import Sender
from table_api.publishing.subject_days import SubjectDays
from table_api.storage.table_storage import TableStorage
from telemetry.exporting.call_event import call_record
from telemetry.exporting.pseudonym import Pseudonyms
from telemetry.metrics import GaugeName, set_gauge
from telemetry.names import OfSpan, SpanName
from telemetry.spans import span

SAID_EVERY_S = 60.0
"""How often a pass that runs says how far behind it is: metrics leave about once a minute."""
LIVE_MONTHS = 2
"""Nearly all that changes is in this month and the one before."""


class Publisher:
    """Publishes one ledger."""

    def __init__(
        self,
        storage: TableStorage,
        meta: LedgerMeta,
        sender: Sender,
        *,
        names: Pseudonyms,
        resource: Resource,
        now: Callable[[], datetime],
    ) -> None:
        self._storage = storage
        self._meta = meta
        self._sender = sender
        self._names = names
        self._resource = resource
        self._now = now
        self._marks = Marks(storage)
        self._progress = NO_PROGRESS
        self._complete_at = now()
        """When the last complete pass began, of whatever process."""

    @classmethod
    async def open(
        cls,
        storage: TableStorage,
        sender: Sender,
        *,
        names: Pseudonyms,
        resource: Resource,
        now: Callable[[], datetime],
    ) -> "Publisher":
        """NoLedger before the ledger is made, and while `monthly` lacks a part of it."""
        meta = await read_ledger_meta(storage)
        if not meta.has_monthly:
            raise NoLedger("`monthly` has not the whole ledger: run `ledger rebuild` first")
        publisher = cls(storage, meta, sender, names=names, resource=resource, now=now)
        await publisher._marks.create()
        publisher._progress = await read_progress(storage)
        publisher._complete_at = publisher._progress.until or now()
        return publisher

    async def publish(self, wanted: Wanted) -> Sent:
        """One pass. Raises Unavailable, NotDelivered among it: what is not marked is sent again.

        When it returns, all that `monthly` had when it began is sent. Altered names rows of
        `monthly` that cannot be read; all others are sent then.
        """
        with span(SpanName.PUBLISH) as of_pass:
            async with self._saying_how_far():
                sent = await self._publish(wanted)
            of_pass.set_attribute(OfSpan.ROWS.value, sent.rows)
        return sent

    async def _publish(self, wanted: Wanted) -> Sent:
        started, behind, unreadable = self._now(), 0, list[str]()
        every = self._meta.settings.shards
        shards = _shards(wanted.shards, every)
        wanted = replace(wanted, of_shards=every, shards=shards)
        self._check_names(wanted, shards)
        try:
            outbox = Outbox(self._sender, self._marks)
            days = SubjectDays(
                self._storage,
                outbox,
                shards=every,
                record=self._record,
                now=self._now,
            )
            async for month in self._months(wanted):
                of_month = MonthPass(self._storage, self._marks, outbox, days, month, wanted)
                await of_month.run(self._now())
                behind += of_month.behind_calls
                unreadable += of_month.unreadable
            await outbox.flush()
            if unreadable:
                raise Altered(
                    f"{unreadable[0]} (and {len(unreadable) - 1} more): run `ledger rebuild`; "
                    f"{outbox.sent.rows} rows of the others are sent"
                )
            if wanted.stop is None:
                await note_until(
                    self._storage, shards, started, names=self._names.digest, every=every
                )
                self._complete_at = started
                if wanted.again:
                    self._progress = await read_progress(self._storage)
        finally:
            set_gauge(GaugeName.PUBLISHER_BEHIND_CALLS, behind)
        return outbox.sent

    @asynccontextmanager
    async def _saying_how_far(self) -> AsyncIterator[None]:
        """Sets the gauge of seconds at once, while a pass runs, and when it ends, however it ends:
        a pass that hangs grows, and only a process that is not there is silent.
        """
        saying = asyncio.create_task(self._say_again_and_again())
        try:
            yield
        finally:
            saying.cancel()
            self._say_how_far()

    async def _say_again_and_again(self) -> None:
        while True:
            self._say_how_far()
            await asyncio.sleep(SAID_EVERY_S)

    def _say_how_far(self) -> None:
        seconds = (self._now() - self._complete_at) // timedelta(seconds=1)
        set_gauge(GaugeName.PUBLISHER_BEHIND_SECONDS, seconds)

    def _check_names(self, wanted: Wanted, shards: range) -> None:
        """Corrections under other names than their entries would be counted next to them."""
        if not wanted.again and self._progress.has_other_names(self._names.digest, shards):
            raise SettingsError(
                "TELEMETRY_SUBJECT_KEY is not the one that calls were published with: set that one,"
                " or send all rows under the new names by `publish --again`"
            )

    def _record(self, entry: LedgerEntry) -> ReadableLogRecord:
        return call_record(call_facts(entry, self._names), self._resource, now=self._now())

    async def _months(self, wanted: Wanted) -> AsyncIterator[str]:
        today = self._meta.calendar.day(self._now())
        live = months_back(today + timedelta(days=1), LIVE_MONTHS)
        async for month in self._storage.partitions(MONTHLY_TABLE):
            if not wanted.live_only or month in live:
                yield month


def _shards(wanted: range | None, every: int) -> range:
    """Those of the wanted shards that the ledger has. SettingsError when it has none of them."""
    found = range(every) if wanted is None else range(wanted.start, min(wanted.stop, every))
    if not found:
        raise SettingsError(f"the ledger has shards 0 to {every - 1}, and none of those wanted")
    return found
