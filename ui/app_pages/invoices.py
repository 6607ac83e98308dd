"""Closed months with their invoices, statements and files; a preview of open months."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from ui import address
from ui.address import INVOICES_PAGE, Parameter
from ui.api.client import DocumentKind
from ui.api.connection import api
from ui.api.invoice_answers import Invoice, InvoiceEntry, InvoiceFile, InvoiceMonth, Invoices
from ui.api.me_answer import Me, Permission
from ui.export.buttons import Extent
from ui.format import billed, counted, escape, exact_amount, instant, month_name
from ui.page_parts.document.chosen_month import of_chosen_month
from ui.page_parts.document.comparison import draw_comparison
from ui.page_parts.document.month_files import show_month_files
from ui.page_parts.document.owners import owner_of
from ui.page_parts.document.parts_of_amount import (
    CREDIT,
    amounts_with_currency,
    money_column,
    settled_lines,
    show_concerns,
    show_settled,
    show_subtotals,
)
from ui.page_parts.document.pdf import show_pdf
from ui.page_parts.document.preview import draw_preview
from ui.page_parts.document.shares import show_models, show_people
from ui.parts.choosers import choose, search
from ui.parts.tables import (
    Column,
    count_column,
    exact_column,
    linked_rows,
    moment_column,
    plain_table,
    text_column,
)
from ui.rows.row_order import keep_order

PREVIEW, COMPARE = "Preview", "Compare"
KINDS: dict[str, DocumentKind | None] = {
    "Invoices": "invoice",
    "Statements": "statement",
    PREVIEW: None,
    COMPARE: None,
}
"""What is listed; None is not a list of documents."""
FORMATS = {"pdf": "PDF", "xlsx": "XLSX", "csv": "CSV", "json": "JSON", "parquet": "Parquet"}
COST_CENTRE = "cost_centre"
"""The kind of what an owner of one owns."""
SEARCHED_FROM = 50
"""Documents from which on a list can be searched."""
RENDERED = ("pdf", "xlsx", "csv")
"""Formats that can be rendered with display names; JSON is the stored source."""


def draw_invoices() -> None:
    st.title("Invoices", anchor=False)
    me = api().me()
    kinds = kinds_for(me)
    chosen = choose("Documents", Parameter.DOCUMENTS, options={name: name for name in kinds})
    kind = kinds[chosen]
    if chosen == PREVIEW:
        draw_preview()
        return
    newest = api().invoices(kind or "invoice")
    if not newest.every_month:
        show_none(me)
    elif kind is None:
        draw_comparison(newest)
    else:
        draw_list(newest, kind, me)


def draw_list(newest: Invoices, kind: DocumentKind, me: Me) -> None:
    """The documents of the month that is chosen, and all months that were read."""
    keep_order("documents")
    shown = of_chosen_month(newest, kind)
    if shown.months:
        show_sum(shown, kind)
        show_documents(shown, kind)
    elif newest.months:
        show_no_documents(kind)
    else:
        show_none(me)
    read = {each.month: each for each in (*newest.months, *shown.months)}
    if read:
        show_months([read[month] for month in sorted(read, reverse=True)])


def kinds_for(me: Me) -> dict[str, DocumentKind | None]:
    """What somebody may have: invoices go to owners of cost centres, statements to everybody."""
    if me.may(Permission.BILLING):
        return KINDS
    kinds = dict(KINDS)
    del kinds[PREVIEW]
    if not any(each.kind == COST_CENTRE for each in me.owns):
        del kinds["Invoices"], kinds[COMPARE]
    return kinds


def show_none(me: Me) -> None:
    if me.may(Permission.BILLING):
        text = (
            "No month is closed yet. A month is closed some hours after it ends, or by "
            "`chargeback invoice close MONTH`."
        )
    else:
        text = "Nothing here yet. A month appears some hours after it ends, if you had calls in it."
    st.info(text, icon=":material/event_busy:")


def show_sum(invoices: Invoices, kind: DocumentKind) -> None:
    """What the newest month, or the chosen one, came to, in one sentence."""
    shown = invoices.months[0]
    amount = billed(shown.amount, shown.currency)
    documents = counted(shown.invoices if kind == "invoice" else shown.statements, kind)
    st.markdown(
        f"**{month_name(shown.month)}: {amount}** in {documents}. A closed month never changes."
    )


def show_months(months: list[InvoiceMonth]) -> None:
    with st.expander("Closed months and their FOCUS 1.4 files"):
        shown = plain_table(
            "months",
            {
                "Month": text_column([month.month for month in months]),
                "Amount": money_column([month.amount for month in months]),
                "Currency": text_column([month.currency for month in months]),
                "Invoices": count_column([month.invoices for month in months]),
                "Statements": count_column([month.statements for month in months]),
                "Closed": closed_column([month.issued_at for month in months]),
            },
            alt="Closed months with the sum of their invoices",
        )
        named = [month.month for month in months]
        currencies = ", ".join(sorted({month.currency for month in months}))
        show_month_files(
            "closed months", shown, month=max(named), since=min(named), currency=currencies
        )
        for month in months:
            with st.container(horizontal=True):
                for file in month.files:
                    show_download(month.month, file, names=False)


def closed_column(moments: Sequence[datetime]) -> Column:
    """When months were closed, in the billing zone."""
    zone = api().health().zone
    return moment_column(moments, lambda at: instant(at, zone))


def state_of(document: InvoiceEntry) -> str:
    """What the document is to its owner."""
    return CREDIT if document.amount < 0 else "issued"


def show_documents(invoices: Invoices, kind: DocumentKind) -> None:
    st.header(
        "Invoices"
        if kind == "invoice"
        else f"Statements of {month_name(invoices.months[0].month)}",
        anchor=False,
    )
    if not invoices.data:
        show_no_documents(kind)
        return
    rows = searched(invoices.data)
    if not rows:
        st.info("No such document here. Empty the search.", icon=":material/search_off:")
        return
    columns = {
        "Number": text_column([row.number for row in rows]),
        "Cost centre" if kind == "invoice" else "Person": text_column(
            [owner_of(row) for row in rows]
        ),
        **amounts_with_currency(rows),
        "Month": text_column([row.month for row in rows]),
        "State": text_column([state_of(row) for row in rows]),
        "Closed": closed_column([row.issued_at for row in rows]),
        "Lines": count_column([row.lines for row in rows]),
        "Unrounded": exact_column([row.amount_unrounded for row in rows]),
    }
    shown = linked_rows(
        "documents",
        [row.number for row in rows],
        links=[address.href({Parameter.INVOICE: row.number}, page=INVOICES_PAGE) for row in rows],
        columns=columns,
        alt="Documents with their owner, amount and state, the newest month first",
    )
    listed = [row.month for row in rows]
    currencies = ", ".join(sorted({row.currency for row in rows}))
    show_month_files(
        f"{kind}s",
        shown,
        month=max(listed),
        currency=currencies,
        since=min(listed),
        extent=Extent(narrowed_by=(Parameter.SEARCH,)),
    )


def searched(documents: Sequence[InvoiceEntry]) -> Sequence[InvoiceEntry]:
    """Those with the text that somebody searches for, where there are too many to look through."""
    if len(documents) <= SEARCHED_FROM and address.read(Parameter.SEARCH) is None:
        return documents
    text = search("Search", placeholder="Number, name or subject").casefold()
    return [
        each
        for each in documents
        if any(
            text in name.casefold() for name in (each.number, owner_of(each), each.subject or "")
        )
    ]


def show_no_documents(kind: DocumentKind) -> None:
    """A month can be closed without a charge."""
    whose = "cost centre" if kind == "invoice" else "person"
    month = "The closed months have" if kind == "invoice" else "The month has"
    st.info(
        f"{month} no {kind}: no {whose} that you may see had a line in it.",
        icon=":material/event_busy:",
    )


def draw_invoice(number: str) -> None:
    st.page_link(INVOICES_PAGE, label="Invoices", icon=":material/chevron_left:")
    heading = st.empty()
    heading.title(escape(number), anchor=False)
    invoice = api().invoice(number)
    word = "Invoice" if invoice.kind == "invoice" else "Statement"
    heading.title(f"{word} {escape(invoice.number)}", anchor=False)
    st.caption(
        f"{escape(owner_of(invoice))} · {month_name(invoice.month)} · {state_of(invoice)} "
        f"{escape(instant(invoice.issued_at, api().health().zone))} · {escape(invoice.notice)}"
    )
    with st.container(horizontal=True):
        st.metric("Amount", billed(invoice.amount, invoice.currency), border=True)
        unrounded = exact_amount(invoice.amount_unrounded, invoice.currency)
        st.metric("Before rounding", unrounded, border=True)
        st.metric("Lines", f"{invoice.lines:,}", border=True)
        st.metric("Calls of the month", f"{invoice.calls:,}", border=True)
    show_files(invoice)
    if invoice.kind == "invoice":
        show_people(invoice)
    show_models(invoice)
    show_subtotals(invoice.subtotals, month=invoice.month, currency=invoice.currency)
    show_settled(settled_lines(invoice.uncharged, invoice.subtotals, invoice.currency))
    show_concerns(invoice.uncharged, month=invoice.month, currency=invoice.currency)


def show_files(invoice: Invoice) -> None:
    with st.container(horizontal=True):
        shown = st.toggle("Show the PDF", key="show_pdf")
        names = st.toggle("With names", help="Rendered now; stored files have subject ids only.")
    by_ending = {file.name.rpartition(".")[2]: file for file in invoice.files}
    with st.container(horizontal=True):
        for ending in FORMATS:
            if ending in by_ending:
                show_download(invoice.number, by_ending[ending], names=names and ending in RENDERED)
    if not names:
        st.caption("Stored files never change: a second download has the same bytes.")
    if shown and "pdf" in by_ending:
        content = api().invoice_file(invoice.number, by_ending["pdf"].name, names=names)
        show_pdf(content, title=f"PDF of {invoice.number}")


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
        key=f"download-{number}-{file.name}",
        on_click="ignore",
    )


chosen = address.read(Parameter.INVOICE)
if chosen:
    draw_invoice(chosen)
else:
    draw_invoices()
