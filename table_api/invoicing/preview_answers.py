"""An open month as the API spells it: nothing of it has a number yet. Pure."""

from collections.abc import Sequence

from pricing_rules.money import format_pico
from table_api.invoicing import answers
from table_api.invoicing.billing_month import BillingMonth
from table_api.invoicing.document import Document
from table_api.invoicing.files import MonthDocuments
from table_api.invoicing.invoice_answers import concerns_of, subtotals_of
from table_api.invoicing.renditions import names_of
from table_api.people.people import PeopleDirectory


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
