"""Manifests and documents as answers of the API; names are added here. Pure."""

from collections.abc import Iterator, Sequence

from pricing_rules.money import format_pico, parse_pico
from table_api.http_api.invoices import models as answers
from table_api.http_api.invoices.queries import DocumentKind
from table_api.invoicing.closing.month_files import MonthDocuments
from table_api.invoicing.closing.renditions import PARQUET, RENDERERS, names_of
from table_api.invoicing.documents.document import Document
from table_api.invoicing.documents.shares import (
    Share,
    by_model,
    by_person,
    corrections_of,
    unit_prices,
)
from table_api.invoicing.focus.columns import DATASETS
from table_api.invoicing.focus.parquet import makes_parquet
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.manifest import File, Manifest
from table_api.people.people import PeopleDirectory


def month_answer(manifest: Manifest) -> answers.InvoiceMonth:
    """A closed month with its FOCUS files, if the caller may have them."""
    stored = [_file(file) for file in manifest.files if file.name.startswith("focus/")]
    has_parquet = stored and makes_parquet()
    parquet = [_rendered(f"{name}.parquet", PARQUET) for name in DATASETS] if has_parquet else []
    return answers.InvoiceMonth(
        month=manifest.month,
        issued_at=manifest.issued_at,
        amount=manifest.amount,
        amount_unrounded=manifest.amount_unrounded,
        currency=manifest.currency,
        invoices=len(manifest.invoices),
        statements=len(manifest.statements),
        files=[*stored, *parquet],
    )


def entries_of(
    manifest: Manifest, kind: DocumentKind, people: PeopleDirectory
) -> Iterator[answers.InvoiceEntry]:
    """The invoices or the statements of a month."""
    last = BillingMonth.parse(manifest.month).last_day
    of_kind = manifest.invoices if kind is DocumentKind.INVOICE else manifest.statements
    for entry in of_kind:
        yield answers.InvoiceEntry(
            number=entry.number,
            kind=kind.value,
            month=manifest.month,
            issued_at=manifest.issued_at,
            cost_centre=entry.cost_centre,
            subject=entry.subject,
            name=None if entry.subject is None else people.name(entry.subject, last),
            amount=entry.amount,
            amount_unrounded=entry.amount_unrounded,
            currency=manifest.currency,
            lines=entry.lines,
        )


def invoice_answer(
    document: Document, manifest: Manifest, people: PeopleDirectory
) -> answers.Invoice:
    """A document without its lines, and its files."""
    names = names_of(document, people)
    return answers.Invoice(
        number=document.number,
        kind=document.kind,
        month=document.month,
        issued_at=document.issued_at,
        cost_centre=document.cost_centre,
        subject=document.subject,
        name=names.get(document.subject or ""),
        amount=document.totals.amount,
        amount_unrounded=document.totals.amount_unrounded,
        currency=document.currency,
        lines=len(document.lines),
        notice=document.notice,
        zone=document.zone,
        period_start=document.period_start,
        period_end=document.period_end,
        calls=document.totals.calls,
        people=list(_people(document, names)),
        models=list(_models(document)),
        subtotals=list(subtotals_of(document)),
        uncharged=list(concerns_of(document, names)),
        files=_files(document, manifest),
    )


def _people(document: Document, names: dict[str, str]) -> Iterator[answers.InvoicePerson]:
    """The dearest first."""
    for share in by_person(document):
        yield answers.InvoicePerson(
            subject=share.name,
            name=names.get(share.name),
            lines=share.lines,
            amount=f"{share.amount:f}",
            amount_unrounded=_exact(share),
        )


def _models(document: Document) -> Iterator[answers.InvoiceModel]:
    """The dearest first, with the list price of each unit."""
    for share in by_model(document):
        yield answers.InvoiceModel(
            model=share.name,
            lines=share.lines,
            amount=f"{share.amount:f}",
            amount_unrounded=_exact(share),
            corrections_unrounded=_exact(corrections_of(document, share.name)),
            prices=[
                answers.InvoiceUnitPrice(unit=each.unit, quantity=each.quantity, price=each.price)
                for each in unit_prices(document, share.name)
            ],
        )


def _exact(share: Share) -> str:
    return format_pico(parse_pico(str(share.amount_unrounded)))


def subtotals_of(document: Document) -> Iterator[answers.InvoiceSubtotal]:
    """What a document is made of, by charge month."""
    for part in document.subtotals:
        yield answers.InvoiceSubtotal(
            charge_month=part.charge_month,
            kind=part.kind,
            lines=part.lines,
            amount=part.amount,
            amount_unrounded=part.amount_unrounded,
        )


def concerns_of(document: Document, names: dict[str, str]) -> Iterator[answers.InvoiceConcern]:
    """What a document's amount does not hold."""
    for entry in document.uncharged:
        yield answers.InvoiceConcern(
            concern=entry.concern,
            charge_month=entry.charge_month,
            subject=entry.subject,
            name=names.get(entry.subject),
            model=entry.model,
            calls=entry.calls,
            estimate=entry.estimate,
            basis=entry.basis,
        )


def _files(document: Document, manifest: Manifest) -> list[answers.InvoiceFile]:
    stored = [_file(file) for file in manifest.files_of(document.number)]
    known = {file.name for file in stored}
    return stored + [
        _rendered(f"{document.number}.{ending}", content_type)
        for ending, (content_type, _) in RENDERERS.items()
        if f"{document.number}.{ending}" not in known
    ]


def _file(file: File) -> answers.InvoiceFile:
    return answers.InvoiceFile(
        name=file.name.split("/")[-1],
        content_type=file.content_type,
        bytes=file.bytes,
        sha256=file.sha256,
    )


def _rendered(name: str, content_type: str) -> answers.InvoiceFile:
    return answers.InvoiceFile(name=name, content_type=content_type, bytes=None, sha256=None)


def preview_answer(
    documents: MonthDocuments, open_months: Sequence[BillingMonth], people: PeopleDirectory
) -> answers.InvoicePreview:
    """The answer of /v1/invoices/preview."""
    snapshot, manifest = documents.snapshot, documents.manifest(())
    last = BillingMonth.parse(snapshot.month).last_day
    return answers.InvoicePreview(
        month=snapshot.month,
        open_months=[str(month) for month in open_months],
        taken_at=snapshot.taken_at,
        amount=manifest.amount,
        amount_unrounded=manifest.amount_unrounded,
        currency=manifest.currency,
        open_calls=snapshot.checks.open_calls,
        audit_problems=list(snapshot.checks.audit_problems),
        unread=list(snapshot.checks.unread),
        dead_letters=snapshot.checks.dead_letters,
        dead_letters_of_month=snapshot.checks.dead_letters_of_month,
        dead_letters_complete=snapshot.checks.dead_letters_complete,
        lost=snapshot.checks.lost,
        data=[_invoice(document, people) for document in documents.invoices],
        outside=[
            answers.UnbilledMonth(
                month=each.month, cells=each.cells, amount=format_pico(int(each.amount))
            )
            for each in snapshot.outside
        ],
        regrouped=[
            answers.RegroupedSubject(
                subject=each.subject,
                name=people.name(each.subject, last),
                first_day=each.first_day,
                last_day=each.last_day,
                billed=each.billed,
                today=each.today,
            )
            for each in snapshot.regrouped
        ],
    )


def _invoice(document: Document, people: PeopleDirectory) -> answers.PreviewedInvoice:
    return answers.PreviewedInvoice(
        cost_centre=document.cost_centre,
        amount=document.totals.amount,
        amount_unrounded=document.totals.amount_unrounded,
        lines=len(document.lines),
        calls=document.totals.calls,
        subtotals=list(subtotals_of(document)),
        uncharged=list(concerns_of(document, names_of(document, people))),
    )
