"""What closing an open month now would bill."""

import streamlit as st

from ui.address import Parameter
from ui.api.connection import api
from ui.api.invoice_answers import InvoicePreview
from ui.export.buttons import Extent
from ui.figures.group_names import named
from ui.format import billed, counted, escape, exact_amount, exact_number, month_name
from ui.page_parts.document.month_files import show_month_files
from ui.page_parts.document.owners import owner_of
from ui.page_parts.document.parts_of_amount import (
    money_column,
    settled_lines,
    show_concerns,
    show_settled,
)
from ui.parts.choosers import choose
from ui.parts.tables import count_column, exact_column, plain_table, text_column

LETTERS_COUNTED_MAX = 100_000
"""Of a hub, by the API: so many may be more."""
REGROUPED_SHOWN_MAX = 50


def draw_preview() -> None:
    """Amounts by cost centre, what prevents closing, and what no invoice bills."""
    preview = api().invoice_preview(None)
    months = preview.open_months
    month = choose(
        "Open month",
        Parameter.MONTH,
        options={month: month for month in months},
        words=month_name,
        why=lambda named: f"{named} is no open month",
    )
    if month != preview.month:
        preview = api().invoice_preview(month)
    running = preview.month == months[-1]
    st.info(
        f"**Closing {month_name(preview.month)} now would bill "
        f"{billed(preview.amount, preview.currency)}** in "
        f"{counted(len(preview.data), 'invoice')}. "
        + ("The month is not over: amounts grow. " if running else "")
        + "Nothing here is an invoice or has a number.",
        icon=":material/preview:",
    )
    show_obstacles(preview, running=running)
    with st.container(horizontal=True):
        st.metric("Amount", billed(preview.amount, preview.currency), border=True)
        unrounded = exact_amount(preview.amount_unrounded, preview.currency)
        st.metric("Before rounding", unrounded, border=True)
        st.metric("Invoices", f"{len(preview.data):,}", border=True)
        st.metric("Calls waiting for usage", f"{preview.open_calls:,}", border=True)
    show_cost_centres(preview)
    show_settled(
        [
            f"{escape(owner_of(row))}: {line}"
            for row in preview.data
            for line in settled_lines(row.uncharged, row.subtotals, preview.currency)
        ]
    )
    concerns = [each for row in preview.data for each in row.uncharged]
    show_concerns(concerns, month=preview.month, currency=preview.currency)
    show_left_out(preview)


def show_obstacles(preview: InvoicePreview, *, running: bool) -> None:
    """What prevents the close until someone fixes it, or forces the close with a reason."""
    if preview.unread and not running:
        st.warning(
            "Not all of the month is known to be read and settled: a close waits for it. "
            f"{escape('; '.join(preview.unread))}.",
            icon=":material/hourglass:",
        )
    if preview.dead_letters or not preview.dead_letters_complete:
        st.warning(
            f"**{dead_letter_words(preview)}** Nobody knows what they hold: *Health* has the "
            "command that redrives each.",
            icon=":material/mark_email_unread:",
        )
    if preview.lost:
        st.warning(
            f"**At least {counted(preview.lost, 'event')} of the hubs were never read** since the "
            "last close that counted them: the hubs kept them for too short a time.",
            icon=":material/event_busy:",
        )
    if preview.audit_problems:
        st.error(
            f"The last audit found {counted(len(preview.audit_problems), 'problem')}: a close "
            f"will be refused. {escape(preview.audit_problems[0])}",
            icon=":material/gpp_bad:",
        )


def dead_letter_words(preview: InvoicePreview) -> str:
    """How many dead letters are open, and whether they refuse a close."""
    if not preview.dead_letters_complete:
        return (
            f"At least {counted(preview.dead_letters, 'dead letter')} are open, and not all were "
            "looked at: a close will be refused."
        )
    are = "is" if preview.dead_letters == 1 else "are"
    least = "At least " if preview.dead_letters >= LETTERS_COUNTED_MAX else ""
    return (
        f"{least}{counted(preview.dead_letters, 'dead letter')} {are} open, "
        f"{preview.dead_letters_of_month:,} of them of this month: these may refuse a close."
    )


def show_cost_centres(preview: InvoicePreview) -> None:
    st.header("By cost centre")
    rows = preview.data
    if not rows:
        st.info(
            f"There is no call of {month_name(preview.month)} yet.", icon=":material/event_busy:"
        )
        return
    nothing = preview.amount * 0  # with the decimals of the currency
    corrections = [
        sum((part.amount for part in row.subtotals if part.kind == "correction"), nothing)
        for row in rows
    ]
    columns = {
        "Cost centre": text_column([owner_of(row) for row in rows]),
        f"Amount ({preview.currency})": money_column([row.amount for row in rows]),
        "Of it corrections": money_column(corrections),
        "Unrounded": exact_column([row.amount_unrounded for row in rows]),
        "Lines": count_column([row.lines for row in rows]),
        "Calls": count_column([row.calls for row in rows]),
    }
    shown = plain_table(
        "cost centres",
        columns,
        alt="What each cost centre would be billed",
    )
    show_month_files("preview", shown, month=preview.month, currency=preview.currency)


def show_left_out(preview: InvoicePreview) -> None:
    """Changes that no invoice will ever include, and bills that stay where they are."""
    for left in preview.outside:
        amount = f"{exact_number(left.amount)} {preview.currency}"
        st.warning(
            f"{amount} of {month_name(left.month)} are older than the look-back: no invoice bills "
            "them.",
            icon=":material/warning:",
        )
    if not preview.regrouped:
        return
    st.header("Billed to one cost centre, now in another")
    st.caption("A closed month does not move: corrections still go to where it was billed.")
    rows = preview.regrouped[:REGROUPED_SHOWN_MAX]
    is_cut = len(rows) < len(preview.regrouped)
    if is_cut:
        st.caption(f"The first {len(rows):,} of {len(preview.regrouped):,} lines.")
    shown = plain_table(
        "people",
        {
            "Subject": text_column([row.name or row.subject for row in rows]),
            "From": text_column([row.first_day for row in rows]),
            "To": text_column([row.last_day for row in rows]),
            "Billed to": text_column([named(row.billed, "cost_centre") for row in rows]),
            "Now belongs to": text_column([named(row.today, "cost_centre") for row in rows]),
        },
        alt="Subjects whose closed days belong to another cost centre today",
        sortable=0 if is_cut else None,
    )
    cut = f"the first {len(rows):,} of {len(preview.regrouped):,} lines" if is_cut else None
    show_month_files(
        "billed elsewhere",
        shown,
        month=max(row.last_day for row in rows),
        since=min(row.first_day for row in rows),
        currency="no amounts",
        extent=Extent(rows=cut),
    )
