"""Whom a document is for, by a name that nobody else has."""

from ui.api.invoice_answers import InvoiceEntry, PreviewedInvoice
from ui.figures.group_names import named


def owner_of(document: InvoiceEntry | PreviewedInvoice) -> str:
    """A cost centre, or a person. Usage without a cost centre has a name too, and a cost centre
    that is really called so is in quotation marks: added up by name, they stay apart.
    """
    if isinstance(document, InvoiceEntry) and document.kind == "statement":
        return document.name or document.subject or ""
    return named(document.cost_centre, "cost_centre")
