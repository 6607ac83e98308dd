"""Every file of a closed month, made from its snapshot. Pure but for the libraries it calls.

Stored files hold subject ids and no names.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from msgspec import UNSET

from table_api.invoicing.documents.document import Document, encode_document
from table_api.invoicing.documents.invoices import (
    RoundedLine,
    document_of,
    exact_sum,
    invoice_sheets,
    rounded_sum,
    statement_sheets,
)
from table_api.invoicing.focus.columns import DATASETS, FocusRow, columns_of, focus_csv
from table_api.invoicing.focus.rows import (
    billing_period_rows,
    cost_and_usage_rows,
    invoice_detail_rows,
)
from table_api.invoicing.formats.document_csv import document_csv
from table_api.invoicing.formats.document_pdf import document_pdf
from table_api.invoicing.formats.document_xlsx import document_xlsx
from table_api.invoicing.snapshots.manifest import Entry, File, Manifest
from table_api.invoicing.snapshots.snapshot import Snapshot, sha256

RULES_NAMED_SINCE = 3
"""Manifests of earlier closes do not name their rules, and are made byte for byte as they were."""
CHECKS_NAMED_SINCE = 4
"""Manifests of earlier closes do not say what was looked at before."""
JSON = "application/json"
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFile:
    """One file, made when it is asked for."""

    name: str
    content_type: str
    make: Callable[[], bytes]
    exact: bool = True
    """False where a library writes the bytes: another version of it may write others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthDocuments:
    """The documents of a closed month."""

    snapshot: Snapshot
    snapshot_sha256: str
    invoices: Sequence[Document]
    statements: Sequence[Document]
    lines: Sequence[RoundedLine]
    """Of all invoices: what the manifest adds up."""

    def files(self) -> Iterator[MonthFile]:
        """All files to be stored, in the order in which they are written."""
        rules = self.snapshot.rules
        for document in self.invoices:
            base = f"invoices/{document.number}"
            yield _exact(f"{base}.json", JSON, partial(encode_document, document))
            yield _exact(f"{base}.csv", CSV, partial(document_csv, document, {}, rules=rules))
            yield _drawn(f"{base}.xlsx", XLSX, partial(document_xlsx, document, {}))
            yield _drawn(f"{base}.pdf", PDF, partial(document_pdf, document, {}))
        for document in self.statements:
            base = f"statements/{document.number}"
            yield _exact(f"{base}.json", JSON, partial(encode_document, document))

        for name in DATASETS:
            yield _exact(f"focus/{name}.csv", CSV, partial(self._focus, name))

    def _focus(self, name: str) -> bytes:
        columns = columns_of(name, self.snapshot.rules)
        return focus_csv(columns, focus_rows(self.snapshot, name))

    def manifest(self, files: Sequence[File]) -> Manifest:
        """The manifest over these files as they stand."""
        currency = self.snapshot.billing_currency
        return Manifest(
            month=self.snapshot.month,
            snapshot_sha256=self.snapshot_sha256,
            issued_at=self.snapshot.taken_at,
            currency=currency,
            amount=rounded_sum(self.lines, currency),
            amount_unrounded=exact_sum(self.lines, self.snapshot.layer),
            rules=self.snapshot.rules if self.snapshot.rules >= RULES_NAMED_SINCE else UNSET,
            prices=self.snapshot.prices,
            checks=self.snapshot.checks if self.snapshot.rules >= CHECKS_NAMED_SINCE else UNSET,
            invoices=tuple(map(_entry, self.invoices)),
            statements=tuple(map(_entry, self.statements)),
            files=tuple(files),
        )


def focus_rows(snapshot: Snapshot, name: str) -> Iterable[FocusRow]:
    """The rows of the dataset with this file name."""
    makers: dict[str, Callable[[Snapshot], Iterable[FocusRow]]] = {
        "cost_and_usage": cost_and_usage_rows,
        "billing_period": billing_period_rows,
        "invoice_detail": invoice_detail_rows,
    }
    return makers[name](snapshot)


def stored_file(file: MonthFile, standing: bytes) -> File:
    """The manifest's entry for a file as it stands."""
    return File(
        name=file.name,
        content_type=file.content_type,
        bytes=len(standing),
        sha256=sha256(standing),
    )


def documents_of(snapshot: Snapshot, snapshot_sha256: str) -> MonthDocuments:
    """Invoices and statements of a snapshot."""
    invoices = invoice_sheets(snapshot)
    statements = statement_sheets(snapshot, invoices)
    return MonthDocuments(
        snapshot=snapshot,
        snapshot_sha256=snapshot_sha256,
        invoices=[document_of(sheet, snapshot, snapshot_sha256) for sheet in invoices],
        statements=[document_of(sheet, snapshot, snapshot_sha256) for sheet in statements],
        lines=[line for sheet in invoices for line in sheet.lines],
    )


def _exact(name: str, content_type: str, make: Callable[[], bytes]) -> MonthFile:
    return MonthFile(name=name, content_type=content_type, make=make)


def _drawn(name: str, content_type: str, make: Callable[[], bytes]) -> MonthFile:
    return MonthFile(name=name, content_type=content_type, make=make, exact=False)


def _entry(document: Document) -> Entry:
    return Entry(
        number=document.number,
        cost_centre=document.cost_centre,
        subject=document.subject,
        amount=document.totals.amount,
        amount_unrounded=document.totals.amount_unrounded,
        lines=len(document.lines),
    )
