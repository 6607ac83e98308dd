"""Closed months with their invoices, statements and files; a preview of open months."""

import streamlit as st

from ui import address
from ui.address import INVOICES_PAGE, Parameter
from ui.api.client import DocumentKind
from ui.api.connection import api
from ui.api.invoice_answers import Invoice, InvoiceFile, InvoiceMonth, Invoices
from ui.api.me_answer import Me, Permission
from ui.format import escape, exact_amount
from ui.parts.choosers import choose
from ui.parts.failure import failures_shown
from ui.parts.invoice_parts import (
    money_column,
    settled_lines,
    show_concerns,
    show_settled,
    show_subtotals,
)
from ui.parts.invoice_preview import draw_preview
from ui.parts.tables import count_column, exact_column, opened_row, plain_table, text_column

KINDS: dict[str, DocumentKind | None] = {
    "Invoices": "invoice",
    "Statements": "statement",
    "Preview": None,
}
"""What is listed; None means a month that is not closed."""
FORMATS = {"pdf": "PDF", "xlsx": "XLSX", "csv": "CSV", "json": "JSON", "parquet": "Parquet"}
COST_CENTRE = "cost_centre"
"""The kind of what an owner of one owns."""
RENDERED = ("pdf", "xlsx", "csv")
"""Formats that can be rendered with display names; JSON is the stored source."""


def draw_invoices() -> None:
    st.title("Invoices")
    me = api().me()
    kind = choose("Documents", Parameter.DOCUMENTS, options=kinds_for(me))
    if kind is None:
        draw_preview()
        return
    invoices = api().invoices(kind)
    if not invoices.months:
        show_none(me)
        return
    show_months(invoices.months)
    show_documents(invoices, kind)


def kinds_for(me: Me) -> dict[str, DocumentKind | None]:
    """What somebody may have: invoices go to owners of cost centres, statements to everybody."""
    if me.may(Permission.BILLING):
        return KINDS
    kinds = dict(KINDS)
    del kinds["Preview"]
    if not any(each.kind == COST_CENTRE for each in me.owns):
        del kinds["Invoices"]
    return kinds


def show_none(me: Me) -> None:
    if me.may(Permission.BILLING):
        text = (
            "No month is closed yet. A month is closed some hours after it ends, or by "
            "`python -m table_api invoice close`."
        )
    else:
        text = "Nothing here yet. A month appears some hours after it ends, if you had calls in it."
    st.info(text, icon=":material/event_busy:")


def show_months(months: list[InvoiceMonth]) -> None:
    st.subheader("Closed months")
    plain_table(
        {
            "Month": text_column([month.month for month in months]),
            "Amount": money_column([month.amount for month in months]),
            "Currency": text_column([month.currency for month in months]),
            "Invoices": count_column([month.invoices for month in months]),
            "Statements": count_column([month.statements for month in months]),
            "Closed": text_column([month.issued_at for month in months]),
        },
        alt="Closed months with the sum of their invoices",
    )
    newest = months[0]
    if not newest.files:
        return
    with st.expander(f"FOCUS 1.4 files of {newest.month}"), st.container(horizontal=True):
        for file in newest.files:
            show_download(newest.month, file, names=False)


def show_documents(invoices: Invoices, kind: DocumentKind) -> None:
    rows = invoices.data
    st.subheader("Invoices" if kind == "invoice" else f"Statements of {invoices.months[0].month}")
    st.caption("Tick a row to open it.")
    opened = opened_row(
        "documents",
        [row.number for row in rows],
        columns={
            "Number": text_column([row.number for row in rows]),
            "Month": text_column([row.month for row in rows]),
            "Cost centre" if kind == "invoice" else "Subject": text_column(
                [row.owner for row in rows]
            ),
            "Amount": money_column([row.amount for row in rows]),
            "Unrounded": exact_column([row.amount_unrounded for row in rows]),
            "Currency": text_column([row.currency for row in rows]),
            "Lines": count_column([row.lines for row in rows]),
        },
        alt="Documents with their owner and amount",
    )
    if opened:
        address.go_to({Parameter.INVOICE: opened})


def draw_invoice(number: str) -> None:
    st.page_link(INVOICES_PAGE, label="Invoices", icon=":material/chevron_left:")
    invoice = api().invoice(number)
    word = "Invoice" if invoice.kind == "invoice" else "Statement"
    st.title(f"{word} {escape(invoice.number)}", anchor=False)
    st.caption(f"{escape(invoice.notice)} · {escape(invoice.owner)} · {invoice.month}")
    with st.container(horizontal=True):
        st.metric("Amount", f"{invoice.amount:,f} {invoice.currency}", border=True)
        unrounded = exact_amount(invoice.amount_unrounded, invoice.currency)
        st.metric("Before rounding", unrounded, border=True)
        st.metric("Lines", f"{invoice.lines:,}", border=True)
        st.metric("Calls of the month", f"{invoice.calls:,}", border=True)
    show_subtotals(invoice.subtotals)
    show_settled(settled_lines(invoice.uncharged, invoice.subtotals, invoice.currency))
    show_concerns(invoice.uncharged, invoice.currency)
    show_files(invoice)


def show_files(invoice: Invoice) -> None:
    st.subheader("Files")
    names = st.toggle("With names", help="Rendered now; stored files have subject ids only.")
    by_ending = {file.name.rpartition(".")[2]: file for file in invoice.files}
    with st.container(horizontal=True):
        for ending in FORMATS:
            if ending in by_ending:
                show_download(invoice.number, by_ending[ending], names=names and ending in RENDERED)
    if not names:
        st.caption("Stored files never change: a second download has the same bytes.")


def show_download(number: str, file: InvoiceFile, *, names: bool) -> None:
    """A button that asks the API only when it is pressed."""
    client = api()
    base, _, ending = file.name.rpartition(".")
    label = FORMATS.get(ending, ending)
    st.download_button(
        label if base == number else f"{base.replace('_', ' ')} · {label}",
        data=lambda: client.invoice_file(number, file.name, names=names),
        file_name=file.name,
        mime=file.content_type,
        icon=":material/download:",
        key=f"download-{file.name}",
        on_click="ignore",
    )


with failures_shown("invoices"):
    chosen = address.read(Parameter.INVOICE)
    if chosen:
        draw_invoice(chosen)
    else:
        draw_invoices()
