"""The close: a month's snapshot, its documents, its manifest, each created once and in this order.

1. The snapshot. A crash before it leaves nothing; after it the month is closed for good, and
   whoever closes it again takes this snapshot, whatever the ledger has become.
2. The documents. A crash leaves some of them; the next run makes the same bytes, finds those that
   stand and writes the others.
3. The manifest. It is written when everything else stands: without it the month is not listed.

Two closes at once are harmless: the first snapshot stands, and both write the documents of that.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from table_api.audit.ledger_audit import AuditReport, audit
from table_api.errors import Altered
from table_api.invoicing.closing.hubs_read import UnreadOf
from table_api.invoicing.closing.missing_events import LETTERS_LOOKED_AT_MAX, MissingOf
from table_api.invoicing.closing.month_files import (
    JSON,
    MonthDocuments,
    MonthFile,
    documents_of,
    stored_file,
)
from table_api.invoicing.errors import CloseRefused
from table_api.invoicing.settings import InvoicingSettings
from table_api.invoicing.snapshots.archive import Archive, file_name, manifest_name, snapshot_name
from table_api.invoicing.snapshots.billing_month import BillingMonth, period_of
from table_api.invoicing.snapshots.manifest import File, Manifest, encode_manifest
from table_api.invoicing.snapshots.snapshot import Checks, Snapshot, encode_snapshot, sha256
from table_api.invoicing.snapshots.take_snapshot import BillingSource, ledger_months, take_snapshot
from table_api.storage.parallel import at_most
from telemetry.names import OfSpan, SpanName
from telemetry.spans import span

FILES_IN_FLIGHT_MAX = 8
DUE_AFTER = timedelta(hours=6)
"""A month is closed by itself when its last calls had so long to arrive."""
REASON_CHARS_MAX = 500
CURE_OF_UNREAD = (
    "Let `consumers run` and `consumers pair` read both hubs, then close again: see 'A close is "
    "refused' in docs/operations.md. "
)

OpenCallsOf = Callable[[datetime, datetime], Awaitable[int]]
"""How many calls from an instant to another (exclusive) wait for their usage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Whom a close asks whether a month is whole."""

    open_calls: OpenCallsOf
    unread: UnreadOf
    missing: MissingOf


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseJob:
    """Closes months of one ledger. Methods may raise Unavailable: run them again."""

    source: BillingSource
    settings: InvoicingSettings
    evidence: Evidence
    now: Callable[[], datetime]

    @property
    def archive(self) -> Archive:
        return self.source.archive

    async def close(
        self,
        month: BillingMonth,
        *,
        forced: str | None = None,
        audited: AuditReport | None = None,
    ) -> Manifest:
        """Close the month, or finish its close; gives the same manifest every time.

        `forced` is the operator's reason to close in spite of a red audit, of open calls, of dead
        letters or of hubs that were not read: it is kept. `audited` is an audit that the caller
        made after `unread` had nothing to say; without it the whole ledger is audited here.
        CloseRefused when the month cannot be closed; then nothing was written.
        """
        with span(SpanName.CLOSE, {OfSpan.MONTH.value: str(month)}) as of_close:
            manifest = await self._close(month, forced, audited)
            of_close.set_attributes(
                {
                    OfSpan.INVOICES.value: len(manifest.invoices),
                    OfSpan.AFTER.value: manifest.amount,
                    OfSpan.CURRENCY.value: manifest.currency,
                }
            )
        return manifest

    async def _close(
        self, month: BillingMonth, forced: str | None, audited: AuditReport | None
    ) -> Manifest:
        await self.archive.blobs.create_container()
        found = await self.archive.snapshot(month)
        if found is None:
            await self._check_turn(month)
            checks = await self._checks(month, forced, audited)
            taken = await self._take(month, checks)
            await self.archive.create(
                snapshot_name(month), encode_snapshot(taken), content_type=JSON
            )
            found = await self.archive.standing_snapshot(month)
        return await self._write_documents(month, documents_of(*found))

    async def close_due(
        self, audited: AuditReport | None = None, *, tell: Callable[[Manifest], None] | None = None
    ) -> list[Manifest]:
        """Close every month that is over and not closed yet, oldest first. `tell` hears of each as
        soon as it is closed: the next one may be refused.
        """
        closed = []
        for month in await self.due():
            manifest = await self.close(month, audited=audited)
            closed.append(manifest)
            if tell is not None:
                tell(manifest)
        return closed

    async def due(self) -> list[BillingMonth]:
        """Months that are over for DUE_AFTER and have no manifest yet, oldest first."""
        closed = await self.archive.months()
        started = closed[:1] or (await ledger_months(self.source.storage))[:1]
        if not started:
            return []
        months, month = [], started[0]
        settled = self.source.meta.calendar.day(self.now() - DUE_AFTER)
        while month < BillingMonth.of(settled):
            if month not in closed or await self.archive.manifest(month) is None:
                months.append(month)
            month = month.moved(1)
        return months

    async def open_months(self) -> list[BillingMonth]:
        """Months with calls that no close has taken yet, oldest first; the last one is running."""
        closed = await self.archive.months()
        month = closed[-1].moved(1) if closed else self._running()
        if not closed:
            month = min([month, *await ledger_months(self.source.storage)])
        months = []
        while month <= self._running():
            months.append(month)
            month = month.moved(1)
        return months

    async def preview(
        self, month: BillingMonth, audited: AuditReport | None = None
    ) -> MonthDocuments:
        """The documents as a close would make them now. Writes nothing; a running month is fine.

        `audited` stands for an audit of now, which reads the whole ledger.
        """
        found = await self.archive.snapshot(month)
        if found is not None:
            return documents_of(*found)
        if month > self._running():
            raise CloseRefused(
                f"month {month} has not begun: the running month is {self._running()}"
            )
        checks = await self._look(month, audited)
        taken = await self._take(month, checks)
        return await asyncio.to_thread(documents_of, taken, sha256(encode_snapshot(taken)))

    def _running(self) -> BillingMonth:
        return BillingMonth.of(self.source.meta.calendar.day(self.now()))

    async def _take(self, month: BillingMonth, checks: Checks) -> Snapshot:
        return await take_snapshot(self.source, month, self.settings, checks=checks, now=self.now())

    async def _check_turn(self, month: BillingMonth) -> None:
        """Months are closed when they are over, one after the other."""
        if month >= self._running():
            raise CloseRefused(
                f"month {month} is not over: in {self.source.meta.settings.zone} the running month "
                f"is {self._running()}"
            )
        closed = await self.archive.months()
        if closed and month < closed[0]:
            raise CloseRefused(
                f"month {month} lies before the first closed month {closed[0]}: its calls are "
                "billed as corrections by the next close"
            )
        following = closed[-1].moved(1) if closed else await self._first_month()
        if month < following and not closed:
            raise CloseRefused(
                f"month {month} lies before {following}, which is the first one to close: every "
                "month after a closed one has to be closed too"
            )
        if month > following:
            raise CloseRefused(f"month {month} comes after {following}, which is not closed yet")

    async def _first_month(self) -> BillingMonth:
        """That of the first call; the one that is just over while there is none."""
        months = await ledger_months(self.source.storage)
        return months[0] if months else self._running().moved(-1)

    async def _look(self, month: BillingMonth, audited: AuditReport | None = None) -> Checks:
        start, stop = period_of(self.source.meta.calendar, month)
        # Before the audit: what is read by now was counted before the ledger is added up.
        unread = await self.evidence.unread(start, stop)
        report = audited or await audit(self.source.storage, now=self.now())
        missing = await self.evidence.missing(start, stop)
        moving = f"{report.moving} calls are on their way to another address and count in both"
        return Checks(
            audit_problems=(*report.problems, *([moving] if report.moving else ())),
            audited_calls=report.calls,
            open_calls=await self.evidence.open_calls(start, stop),
            forced=None,
            unread=tuple(unread),
            without_pairing=self.settings.without_pairing,
            dead_letters=missing.letters,
            dead_letters_of_month=missing.letters_of_month,
            dead_letters_complete=missing.letters_complete,
            lost=missing.lost - missing.counted,
            lost_in_all=missing.counted,
        )

    async def _checks(
        self, month: BillingMonth, forced: str | None, audited: AuditReport | None
    ) -> Checks:
        """What stands against closing; CloseRefused unless there is nothing or it is forced."""
        if forced is not None and not 0 < len(forced.strip()) <= REASON_CHARS_MAX:
            raise CloseRefused(
                f"a forced close needs a reason of 1 to {REASON_CHARS_MAX} characters"
            )
        found = await self._look(month, audited)
        against = self._against(found)
        if against and forced is None:
            cure = CURE_OF_UNREAD if found.unread else ""
            raise CloseRefused(
                f"{month} is not closed: {'; '.join(against)}. {cure}To close all the same, say why"
            )
        return msgspec.structs.replace(found, forced=forced.strip() if forced and against else None)

    def _against(self, found: Checks) -> list[str]:
        """Why a close is refused, as people read it."""
        against = list(found.audit_problems[:1])
        if found.open_calls > self.settings.open_calls_max:
            against.append(
                f"{found.open_calls} calls wait for their usage, more than "
                f"{self.settings.open_calls_max}"
            )
        if found.dead_letters_of_month > self.settings.dead_letters_max:
            against.append(
                f"{found.dead_letters_of_month} dead letters of the month are open, more than "
                f"{self.settings.dead_letters_max}"
            )
        if not found.dead_letters_complete:
            against.append(
                f"a hub has more than {LETTERS_LOOKED_AT_MAX} open dead letters since the month "
                "began, so not all were looked at"
            )
        return against + list(found.unread)

    async def _write_documents(self, month: BillingMonth, documents: MonthDocuments) -> Manifest:
        files: list[File] = []

        async def write(file: MonthFile) -> None:
            files.append(await self._write(month, file))

        await at_most(FILES_IN_FLIGHT_MAX, map(write, documents.files()))
        manifest = documents.manifest(sorted(files, key=lambda file: file.name))
        content = encode_manifest(manifest)
        name = manifest_name(month)
        if await self.archive.create(name, content, content_type=JSON) != content:
            raise Altered(f"{name} is not the manifest of the documents that stand")
        return manifest

    async def _write(self, month: BillingMonth, file: MonthFile) -> File:
        """Create one file; one that stands must be the same, byte for byte."""
        content, name = file.make(), file_name(month, file.name)
        standing = await self.archive.create(name, content, content_type=file.content_type)
        if file.exact and standing != content:
            raise Altered(f"{name} stands and is not what the snapshot makes")
        return stored_file(file, standing)
