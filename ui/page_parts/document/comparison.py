"""Two months next to each other: which cost centre was billed more, and which less."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import streamlit as st

from ui.address import Parameter, change, read
from ui.api.connection import api
from ui.api.invoice_answers import InvoiceEntry, Invoices
from ui.api.me_answer import Permission
from ui.format import minus, month_name
from ui.page_parts.document.month_files import show_month_files
from ui.page_parts.document.parts_of_amount import money_column
from ui.page_parts.document.two_months import (
    OPEN,
    BilledMonth,
    amounts_of,
    compared,
    corrections_of,
    months_against,
    sentence,
)
from ui.parts.choosers import pick
from ui.parts.differences import show_differences
from ui.parts.tables import Column, plain_table, text_column
from ui.rows.row_order import COMPARED_LIST, keep_order

DOCUMENTS_READ_MAX = 60
"""Invoices of a month that are read to tell corrections from usage."""
DOCUMENTS_AT_ONCE = 4


def draw_comparison(newest: Invoices) -> None:
    """The newest month against the one before it, until somebody chooses others."""
    sees_all = api().me().may(Permission.BILLING)
    is_open = api().invoice_preview(None).open_months if sees_all else []
    names = list(dict.fromkeys([*reversed(is_open), *newest.every_month]))
    if len(names) < 2:
        st.info("There is only one month to show. Two can be compared when the next one is closed.")
        return
    _mend_address()
    keep_order(COMPARED_LIST)

    def words(name: str) -> str:
        return month_name(name) + (OPEN if name in is_open else "")

    def why(name: str) -> str:
        if name in names:
            return f"{month_name(name)} cannot be compared with itself"
        return f"There is no month {name} to compare"

    with st.container(horizontal=True):
        choice = {each: each for each in names}
        second = pick("Month", Parameter.MONTH, options=choice, words=words, why=why)
        choice = {each: each for each in months_against(second, names)}
        first = pick("Compare with", Parameter.AGAINST, options=choice, words=words, why=why)
    months = [_billed(name, is_open=name in is_open) for name in (first, second)]
    for name, month in zip((first, second), months, strict=True):
        if month is None:
            st.info(
                f"You see no invoice of {month_name(name)}, so nothing can be compared with it.",
                icon=":material/event_busy:",
            )
            return
    before, after = (month for month in months if month is not None)
    show_compared(before, after)


def _mend_address() -> None:
    """Addresses of an earlier release say of a month that it was open then."""
    for parameter in (Parameter.MONTH, Parameter.AGAINST):
        named = read(parameter)
        if named is not None and named.endswith(OPEN):
            change({parameter: named.removesuffix(OPEN)})


def _billed(name: str, *, is_open: bool) -> BilledMonth | None:
    """By its invoices if it is closed, else as if it were closed now; None where the caller sees no
    invoice of it.
    """
    if is_open:
        preview = api().invoice_preview(name)
        return BilledMonth(
            month=name,
            is_open=True,
            currency=preview.currency,
            amounts=amounts_of(preview.data),
            corrections=corrections_of(preview.data),
        )
    answer = api().invoices("invoice", month=name)
    if not answer.months:
        return None
    return BilledMonth(
        month=name,
        is_open=False,
        currency=answer.months[0].currency,
        amounts=amounts_of(answer.data),
        corrections=_closed_corrections(answer.data),
    )


def _closed_corrections(entries: Sequence[InvoiceEntry]) -> dict[str, Decimal] | None:
    """The list does not tell them apart, the documents do; None where there are too many to read.

    The threads call nothing of Streamlit but its cache.
    """
    if len(entries) > DOCUMENTS_READ_MAX:
        return None
    client = api()
    with ThreadPoolExecutor(DOCUMENTS_AT_ONCE) as pool:
        return corrections_of(list(pool.map(client.invoice, [entry.number for entry in entries])))


def show_compared(first: BilledMonth, second: BilledMonth) -> None:
    """One sentence, a bar per cost centre, and the amounts."""
    st.markdown(sentence(first, second))
    if first.is_open or second.is_open:
        st.caption("The open month is not over, or not closed yet: its amounts change.")
    rows = compared(first.amounts, second.amounts)
    changed = [row for row in rows if row.difference]
    if changed and first.currency == second.currency:
        zone = api().health().zone
        show_differences(
            [(row.owner, row.difference) for row in changed],
            of="cost centre",
            currency=second.currency,
            about=f"{second.name} against {first.name}\n"
            f"as billed, months of {zone}, {second.currency}",
        )
    columns = columns_of(first, second)
    shown = plain_table(
        COMPARED_LIST,
        columns,
        alt=f"What each cost centre was billed in {first.name} and {second.name}",
    )
    earlier, later = sorted((first.month, second.month))
    currencies = " and ".join(dict.fromkeys((first.currency, second.currency)))
    show_month_files("two months", shown, month=later, currency=currencies, since=earlier)


def columns_of(first: BilledMonth, second: BilledMonth) -> dict[str, Column]:
    """Each amount in the currency of its month; a difference only where it is the same one."""
    rows = compared(first.amounts, second.amounts)
    columns = {
        "Cost centre": text_column([row.owner for row in rows]),
        f"{first.name}, {first.currency}": money_column([row.first for row in rows]),
        f"{second.name}, {second.currency}": money_column([row.second for row in rows]),
    }
    for month in (first, second):
        if found := month.corrections:
            columns[f"Of it corrections in {month.name}"] = money_column(
                [found.get(row.owner) for row in rows]
            )
    if first.currency == second.currency:
        columns[f"Difference ({second.currency})"] = Column(
            cells=[row.difference for row in rows],
            format=lambda cell: minus(f"{cell:+,f}") if cell else f"{cell:,f}",
        )
    return columns
