"""Stored documents made readable: with display names, and in formats that are not stored."""

from collections.abc import Callable, Mapping

from table_api.invoicing.closing.month_files import CSV, PDF, XLSX, focus_rows
from table_api.invoicing.documents.document import Document
from table_api.invoicing.focus.columns import columns_of, focus_csv
from table_api.invoicing.focus.focus_1_2 import COST_AND_USAGE_1_2, as_focus_1_2
from table_api.invoicing.focus.parquet import focus_parquet
from table_api.invoicing.formats.document_csv import document_csv
from table_api.invoicing.formats.document_pdf import document_pdf
from table_api.invoicing.formats.document_xlsx import document_xlsx
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.snapshot import Snapshot
from table_api.people.people import PeopleDirectory

Names = Mapping[str, str]
Renderer = Callable[[Document, Names], bytes]

RENDERERS: dict[str, tuple[str, Renderer]] = {
    "csv": (CSV, document_csv),
    "xlsx": (XLSX, document_xlsx),
    "pdf": (PDF, document_pdf),
}
"""Content type and renderer by file ending. JSON is the source and is never rendered."""
PARQUET = "application/vnd.apache.parquet"


def names_of(document: Document, people: PeopleDirectory) -> dict[str, str]:
    """Today's display names of a document's subjects, as valid on the last day of its month."""
    last = BillingMonth.parse(document.month).last_day
    subjects = {line.subject for line in document.lines}
    subjects |= {entry.subject for entry in document.uncharged}
    if document.subject is not None:
        subjects.add(document.subject)
    names = {subject: people.name(subject, last) for subject in subjects}
    return {subject: name for subject, name in names.items() if name}


def render(document: Document, ending: str, names: Names) -> tuple[str, bytes]:
    """Content type and bytes of a document in one of RENDERERS."""
    content_type, renderer = RENDERERS[ending]
    return content_type, renderer(document, names)


def render_parquet(snapshot: Snapshot, name: str) -> bytes:
    """A FOCUS dataset by its file name without ending."""
    return focus_parquet(columns_of(name, snapshot.rules), focus_rows(snapshot, name))


def render_focus_1_2(snapshot: Snapshot) -> bytes:
    """Cost and Usage as CSV of FOCUS 1.2."""
    return focus_csv(COST_AND_USAGE_1_2, as_focus_1_2(focus_rows(snapshot, "cost_and_usage")))
