"""What an invoice adds up to by person and by model; a person's row leads to their calls."""

import streamlit as st

from ui import address
from ui.address import Parameter
from ui.api.connection import api, today
from ui.api.invoice_answers import Invoice, InvoiceModel
from ui.format import days
from ui.page_parts.document.month_files import OF_DOCUMENT, months, show_month_files
from ui.page_parts.document.parts_of_amount import money_column
from ui.parts.tables import count_column, exact_column, linked_rows, plain_table, text_column
from ui.period import Period


def charged_days(invoice: Invoice) -> Period:
    """All days of the months that its lines charge: a correction is of an earlier month."""
    charged = [each.charge_month for each in invoice.subtotals] or [invoice.month]
    return months(min(charged), max(charged))


def show_people(invoice: Invoice) -> None:
    """The dearest first. Opening a row leads to the days that the invoice charges."""
    if not invoice.people:
        return
    st.header("By person")
    several = (
        " Each month's part is rounded by itself, so an amount may be some cents from its sum."
        if len(invoice.subtotals) > 1
        else ""
    )
    charged = charged_days(invoice)
    st.caption(
        f"A row opens the person's days and calls of {days(charged.first, charged.last)}: "
        f"the invoice charges these.{several}"
    )
    rows = invoice.people
    period = address.range_of(charged, today=today(api().health()))
    columns = {
        "Person": text_column([row.name or row.subject for row in rows]),
        f"Amount ({invoice.currency})": money_column([row.amount for row in rows]),
        "Unrounded": exact_column([row.amount_unrounded for row in rows]),
        "Lines": count_column([row.lines for row in rows]),
    }
    shown = linked_rows(
        "people",
        [row.subject for row in rows],
        links=[{**period, Parameter.SUBJECT: row.subject} for row in rows],
        columns=columns,
        alt="What the invoice has of each person",
    )
    show_month_files(
        "people", shown, month=invoice.month, currency=invoice.currency, extent=OF_DOCUMENT
    )


def show_models(invoice: Invoice) -> None:
    """The dearest first, a row for each unit and list price."""
    if not invoice.models:
        return
    st.header("By model")
    columns = {
        "Model": text_column([row.model for row in invoice.models]),
        f"Amount ({invoice.currency})": money_column([row.amount for row in invoice.models]),
        "Unrounded": exact_column([row.amount_unrounded for row in invoice.models]),
        f"List prices ({invoice.currency})": text_column([_prices(row) for row in invoice.models]),
    }
    if any(row.corrections_unrounded for row in invoice.models):
        columns["Of it corrections"] = exact_column(
            [row.corrections_unrounded for row in invoice.models]
        )
        st.caption(
            "Corrections are of earlier months, as a credit is: they are a part of the amount, and "
            "the quantities at list prices have none of them."
        )
    shown = plain_table(
        "models",
        columns,
        alt="What the invoice has of each model, with its list prices",
    )
    show_month_files(
        "models", shown, month=invoice.month, currency=invoice.currency, extent=OF_DOCUMENT
    )


def _prices(row: InvoiceModel) -> str | None:
    """None where all of it is corrections."""
    said = ", ".join(
        f"{price.quantity:,} {price.unit.replace('_', ' ')} at {price.price}"
        for price in row.prices
    )
    return said or None
