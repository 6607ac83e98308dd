"""Closed months and their documents as one caller may see them.

An invoice is visible to whoever owned its cost centre on every day of the month, a statement to its
subject and to whoever owned that on every day. Files of a whole month are for Billing roles. What
is not visible is not named, so it is unknown by the same words as what does not exist.
"""

from collections.abc import AsyncIterator, Sequence

import msgspec

from pricing_rules.money import format_pico, parse_pico
from table_api.errors import Altered
from table_api.http_api.access.question import Asking
from table_api.http_api.conventions.problems import ProblemKind, Refused
from table_api.invoicing.documents.document import Document, Kind, decode_document
from table_api.invoicing.documents.minor_units import format_minor, pico_per_minor
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.document_owners import MonthOwners
from table_api.invoicing.snapshots.manifest import File, Manifest
from table_api.invoicing.snapshots.shared_archive import MONTHS_AT_ONCE
from table_api.ledger.day_range import running_month
from table_api.owners.share import Everything, Share
from table_api.storage.parallel import at_most
from telemetry.log import Log

MONTHS_LISTED_MAX = 13
UNREADABLE = "month_unreadable"
READS_AT_ONCE = 16
_log = Log("table_api")


class Documents:
    """The closed months of one request."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.archive = asking.api.archive

    async def closed_months(self, kind: Kind) -> list[BillingMonth]:
        """Months that the caller may ask for, newest first: for those who do not see everybody
        months in which they see a document of the kind.
        """
        months = list(reversed(await self.archive.months()))
        sight = await self.asking.sight()
        return months if isinstance(sight, Everything) else await self._open(months, kind, sight)

    async def newest(self, months: Sequence[BillingMonth], kind: Kind) -> AsyncIterator[Manifest]:
        """The manifests of the first ones of these months, one at a time: each names all documents
        of its month. One that cannot be read is an error of itself alone.

        Who does not see everybody gets the sums of their documents of the kind as a month's
        amounts.
        """
        for month in months[:MONTHS_LISTED_MAX]:
            manifest = await self._of_kind(await self._readable(month), kind)
            if manifest is not None:
                yield manifest

    async def of_month(self, month: BillingMonth, kind: Kind) -> AsyncIterator[Manifest]:
        """The same of one month, which the caller asks for: Altered where it cannot be read."""
        manifest = await self._of_kind(await self.manifest(month), kind)
        if manifest is not None:
            yield manifest

    async def _of_kind(self, manifest: Manifest | None, kind: Kind) -> Manifest | None:
        if manifest is None or await self.sees_everybody():
            return manifest
        return _with_amounts_of(manifest, kind)

    async def _open(
        self, months: Sequence[BillingMonth], kind: Kind, share: Share
    ) -> list[BillingMonth]:
        """Those with a document of the kind for the caller, in their order."""
        found: set[BillingMonth] = set()

        async def look(month: BillingMonth) -> None:
            try:
                owners = await self.asking.api.document_owners.of(self.archive, month)
            except Altered as error:  # whoever asks for that month is told
                _log.error(UNREADABLE, str(error), month=str(month))
                return
            if owners is not None and _is_open(owners, month, kind, share):
                found.add(month)

        await at_most(MONTHS_AT_ONCE, map(look, months))
        return [each for each in months if each in found]

    async def _readable(self, month: BillingMonth) -> Manifest | None:
        """The same as `manifest`, and None of a month that somebody has altered."""
        try:
            return await self.manifest(month)
        except Altered as error:
            _log.error(UNREADABLE, str(error), month=str(month))
            return None

    async def manifest(self, month: BillingMonth) -> Manifest | None:
        """What the caller sees of a month; None when that is nothing, or it is not closed."""
        manifest = await self.archive.manifest(month)
        sight = await self.asking.sight()
        if manifest is None or isinstance(sight, Everything):
            return manifest
        return _narrowed(manifest, sight)

    async def find(self, number: str) -> tuple[BillingMonth, Manifest]:
        """The month whose manifest names the document. Refused when none does; Altered when it may
        be in one that somebody has altered.
        """
        unread: Altered | None = None
        for month in reversed(await self.archive.months()):
            try:
                manifest = await self.manifest(month)
            except Altered as error:
                unread = unread or error
                continue
            if manifest is not None and manifest.entry(number) is not None:
                return month, manifest
        if unread is not None:
            raise unread
        raise Refused(ProblemKind.UNKNOWN_INVOICE, "no closed month has a document of this number")

    async def document(self, month: BillingMonth, file: File) -> Document:
        """A document of a manifest that was found here."""
        document = decode_document(await self.content(month, file), file.name)
        self.asking.show(subjects_of(document))
        return document

    async def files(self, month: BillingMonth, manifest: Manifest) -> list[tuple[str, bytes]]:
        """All files of a manifest that was found here, in its order."""
        found: dict[str, bytes] = {}

        async def read(file: File) -> None:
            content = found[file.name] = await self.content(month, file)
            if file.name.endswith(".json"):
                self.asking.show(subjects_of(decode_document(content, file.name)))

        await at_most(READS_AT_ONCE, (read(file) for file in manifest.files))
        self.asking.shows_everybody = await self.sees_everybody()
        return [(file.name, found[file.name]) for file in manifest.files]

    async def sees_everybody(self) -> bool:
        """Whether nothing of a month is hidden from the caller."""
        return isinstance(await self.asking.sight(), Everything)

    async def content(self, month: BillingMonth, file: File) -> bytes:
        """The bytes of a file of a manifest that was found here."""
        return await self.archive.file(month, file)


def _is_open(owners: MonthOwners, month: BillingMonth, kind: Kind, share: Share) -> bool:
    days = running_month(month.first_day)
    if kind == "invoice":
        theirs = {each.name for each in share.owned if each.subject is None}
        return any(share.owns_centre(each, days) for each in owners.cost_centres & theirs)
    return any(share.owns_subject(each, days) for each in owners.subjects & {*share.subjects()})


def subjects_of(document: Document) -> set[str]:
    """Everybody whom a document names."""
    named = {line.subject for line in document.lines}
    named |= {entry.subject for entry in document.uncharged}
    return named | ({document.subject} if document.subject is not None else set())


def _narrowed(manifest: Manifest, share: Share) -> Manifest | None:
    days = running_month(BillingMonth.parse(manifest.month).first_day)
    invoices = tuple(
        entry for entry in manifest.invoices if share.owns_centre(entry.cost_centre, days)
    )
    statements = tuple(
        entry
        for entry in manifest.statements
        if entry.subject is not None and share.owns_subject(entry.subject, days)
    )
    if not invoices and not statements:
        return None
    numbers = {entry.number for entry in (*invoices, *statements)}
    files = tuple(file for number in sorted(numbers) for file in manifest.files_of(number))
    return msgspec.structs.replace(manifest, invoices=invoices, statements=statements, files=files)


def _with_amounts_of(manifest: Manifest, kind: Kind) -> Manifest | None:
    """With the sums of its documents of a kind as amounts; None when it has none."""
    entries = manifest.invoices if kind == "invoice" else manifest.statements
    if not entries:
        return None
    amount = sum(parse_pico(entry.amount) for entry in entries)
    unrounded = sum(parse_pico(entry.amount_unrounded) for entry in entries)
    return msgspec.structs.replace(
        manifest,
        amount=format_minor(amount // pico_per_minor(manifest.currency), manifest.currency),
        amount_unrounded=format_pico(unrounded),
    )
