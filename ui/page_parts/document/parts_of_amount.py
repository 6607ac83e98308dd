"""What an invoice is made of, and what its amount does not include."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import streamlit as st

from ui.api.invoice_answers import InvoiceConcern, InvoiceEntry, InvoiceSubtotal
from ui.format import counted, minus, month_name
from ui.page_parts.document.month_files import OF_DOCUMENT, show_month_files
from ui.parts.tables import (
    Column,
    charge_column,
    count_column,
    exact_column,
    plain_table,
    text_column,
)

WORDS = {
    "unpriced": "without a price",
    "no_usage": "without usage",
    "failed": "failed",
    "pending": "not finished yet",
    "unattributed": "without a caller",
    "excludes": "with an incomplete cost",
}

CREDIT = "credit"
"""What gives money back is called."""

GOT = {
    "unpriced": "got their price",
    "no_usage": "got their usage",
    "failed": "that failed got their usage",
    "pending": "were finished",
    "unattributed": "got their caller",
    "excludes": "got their complete cost",
}


def money_column(cells: Sequence[Decimal | None]) -> Column:
    """Rounded amounts with all decimals of their currency: 0.20 stays 0.20; None is a dash."""
    return Column(cells=cells, format=lambda cell: minus(f"{cell:,f}"))


def show_subtotals(parts: Sequence[InvoiceSubtotal], *, month: str, currency: str) -> None:
    """Usage of the month and corrections of earlier ones."""
    st.header("Parts of the amount")
    if not parts:
        st.info("No line has an amount.", icon=":material/event_busy:")
        return
    columns = {
        "Calls of": text_column([part.charge_month for part in parts]),
        "Kind": text_column([kind_of(part) for part in parts]),
        "Lines": count_column([part.lines for part in parts]),
        f"Amount ({currency})": money_column([part.amount for part in parts]),
        "Unrounded": exact_column([part.amount_unrounded for part in parts]),
    }
    shown = plain_table(
        "parts",
        columns,
        alt="Usage of the month and corrections of earlier months",
    )
    show_month_files(
        "parts of the amount", shown, month=month, currency=currency, extent=OF_DOCUMENT
    )


def kind_of(part: InvoiceSubtotal) -> str:
    """A correction that gives money back is a credit."""
    return CREDIT if part.kind == "correction" and part.amount_unrounded < 0 else part.kind


def settled_lines(
    rows: Sequence[InvoiceConcern], subtotals: Sequence[InvoiceSubtotal], currency: str
) -> list[str]:
    """Calls of closed months that lack nothing any more, and what their month adds here."""
    calls: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.calls < 0:
            calls[row.charge_month, row.concern] -= row.calls
    amounts = {part.charge_month: part.amount for part in subtotals if part.kind == "correction"}
    return [
        f"{counted(count, 'call')} of {month_name(month)} {GOT[concern]}: the corrections of that "
        f"month are {minus(f'{amounts.get(month, Decimal(0)):+,f}')} {currency} on this invoice."
        for (month, concern), count in sorted(calls.items())
    ]


def show_settled(lines: Sequence[str]) -> None:
    """What `settled_lines` says, one line each."""
    if lines:
        st.info("\n".join(f"- {line}" for line in lines), icon=":material/done_all:")


def still_open(rows: Sequence[InvoiceConcern]) -> list[InvoiceConcern]:
    """The concerns that lack something now; `settled_lines` says the others."""
    return [row for row in rows if row.calls >= 0]


def concern_words(row: InvoiceConcern) -> str:
    """How many calls lack what; after a close their tokens may change, and not their number."""
    if row.calls == 0:
        return f"calls {WORDS[row.concern]}, with other tokens than before"
    return f"{counted(row.calls, 'call')} {WORDS[row.concern]}"


def show_concerns(rows: Sequence[InvoiceConcern], *, month: str, currency: str) -> None:
    """What the amounts do not include; the page always shows it."""
    rows = still_open(rows)
    if not rows:
        return
    st.header("Calls without an amount, an owner or a complete cost")
    st.caption("Estimates are not included in any total.")
    columns = {
        "Calls": text_column([concern_words(row) for row in rows]),
        "Month": text_column([row.charge_month for row in rows]),
        "Subject": text_column([row.name or row.subject for row in rows]),
        "Model": text_column([row.model for row in rows]),
        f"Estimate ({currency})": charge_column([row.estimate for row in rows]),
        "Basis": text_column([row.basis for row in rows]),
    }
    shown = plain_table(
        "concerns",
        columns,
        alt="Calls without an amount, an owner or a complete cost, with estimates",
    )
    show_month_files("not in the amount", shown, month=month, currency=currency, extent=OF_DOCUMENT)


def amounts_with_currency(rows: Sequence[InvoiceEntry]) -> dict[str, Column]:
    """The currency is in the head if all documents have the same one, else in a column."""
    amounts = money_column([row.amount for row in rows])
    currencies = {row.currency for row in rows}
    if len(currencies) == 1:
        return {f"Amount ({currencies.pop()})": amounts}
    return {"Amount": amounts, "Currency": text_column([row.currency for row in rows])}
