"""Two months next to each other: which cost centre was billed more, and which less."""

from collections.abc import Sequence
from decimal import Decimal

import streamlit as st

from ui.address import Parameter
from ui.api.connection import api
from ui.api.invoice_answers import InvoiceMonth
from ui.api.me_answer import Permission
from ui.format import minus, month_name
from ui.page_parts.document.month_files import show_month_files
from ui.page_parts.document.parts_of_amount import money_column
from ui.page_parts.document.two_months import amounts_of, compared
from ui.parts.choosers import choose
from ui.parts.differences import show_differences
from ui.parts.tables import Column, plain_table, text_column

OPEN = " (open)"


def draw_comparison(months: Sequence[InvoiceMonth]) -> None:
    """The newest month against the one before it, until somebody chooses others."""
    names = [month.month for month in months]
    if api().me().may(Permission.BILLING):
        names = [f"{month}{OPEN}" for month in reversed(_open_months())] + names
    if len(names) < 2:
        st.info("There is only one month to show. Two can be compared when the next one is closed.")
        return
    with st.container(horizontal=True):
        second = choose("Month", Parameter.MONTH, options={name: name for name in names})
        others = [name for name in names if name != second]
        older = [name for name in others if name < second] + others
        first = choose("Compare with", Parameter.AGAINST, options={name: name for name in older})
    show_compared(first, second, currency=months[0].currency if months else "")


def _open_months() -> list[str]:
    return api().invoice_preview(None).open_months


def _amounts(name: str) -> dict[str, Decimal]:
    if name.endswith(OPEN):
        return amounts_of(api().invoice_preview(name.removesuffix(OPEN)).data)
    return amounts_of(api().invoices("invoice", month=name).data)


def _name(month: str) -> str:
    return month_name(month) + (OPEN if month.endswith(OPEN) else "")


def show_compared(first: str, second: str, *, currency: str) -> None:
    """One sentence, a bar per cost centre, and the amounts."""
    before, after = _amounts(first), _amounts(second)
    rows = compared(before, after)
    total = sum((row.difference for row in rows), Decimal(0))
    word = "more" if total >= 0 else "less"
    paid = f"{sum(after.values(), Decimal(0)):,f} {currency}"
    st.markdown(
        f"**{_name(second)}: {paid}**, which is {abs(total):,f} {currency} {word} "
        f"than {_name(first)}."
    )
    if OPEN in second:
        st.caption("The open month is not over, or not closed yet: its amounts change.")
    changed = [row for row in rows if row.difference]
    if changed:
        zone = api().health().zone
        show_differences(
            [(row.owner, row.difference) for row in changed],
            of="cost centre",
            currency=currency,
            about=f"{_name(second)} against {_name(first)}, months of {zone}, {currency}",
        )
    columns = {
        "Cost centre": text_column([row.owner for row in rows]),
        f"{_name(first)}, {currency}": money_column([row.first for row in rows]),
        f"{_name(second)}, {currency}": money_column([row.second for row in rows]),
        f"Difference ({currency})": Column(
            cells=[row.difference for row in rows], format=lambda cell: minus(f"{cell:+,f}")
        ),
    }
    plain_table(
        columns,
        alt=f"What each cost centre was billed in {first} and {second}",
    )
    earlier, later = sorted((first, second))
    show_month_files("two months", columns, month=later, currency=currency, since=earlier)
