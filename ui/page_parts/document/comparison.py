"""Two months next to each other: which cost centre was billed more, and which less."""

from collections.abc import Mapping, Sequence

import streamlit as st

from ui.address import Parameter, change, read
from ui.api.connection import api
from ui.api.invoice_answers import InvoiceMonth
from ui.api.me_answer import Permission
from ui.format import escape, minus, month_name
from ui.page_parts.document.month_files import show_month_files
from ui.page_parts.document.parts_of_amount import money_column
from ui.page_parts.document.two_months import OPEN, BilledMonth, amounts_of, compared, sentence
from ui.parts.choosers import choose, not_offered
from ui.parts.differences import show_differences
from ui.parts.tables import Column, plain_table, text_column


def draw_comparison(months: Sequence[InvoiceMonth]) -> None:
    """The newest month against the one before it, until somebody chooses others."""
    closed = {month.month: month for month in months}
    is_open = api().invoice_preview(None).open_months if api().me().may(Permission.BILLING) else []
    names = [*reversed(is_open), *closed]
    if len(names) < 2:
        st.info("There is only one month to show. Two can be compared when the next one is closed.")
        return
    _mend_address()
    warn, choosers = st.container(), st.container(horizontal=True)

    def words(name: str) -> str:
        return name + OPEN if name in is_open else name

    def chosen(label: str, parameter: Parameter, options: Sequence[str]) -> str:
        with choosers:
            name = choose(label, parameter, options={each: each for each in options}, words=words)
        if (absent := not_offered(parameter, options)) is not None:
            warn.warning(_absent_text(absent, name, names), icon=":material/event_busy:")
        return name

    second = chosen("Month", Parameter.MONTH, names)
    others = [name for name in names if name != second]
    older = [name for name in others if name < second] + others
    first = chosen("Compare with", Parameter.AGAINST, list(dict.fromkeys(older)))
    show_compared(_billed(first, closed), _billed(second, closed))


def _mend_address() -> None:
    """Addresses of an earlier release say of a month that it was open then."""
    for parameter in (Parameter.MONTH, Parameter.AGAINST):
        named = read(parameter)
        if named is not None and named.endswith(OPEN):
            change({parameter: named.removesuffix(OPEN)})


def _absent_text(absent: str, name: str, names: Sequence[str]) -> str:
    """Why the month of the address is not shown, and which one is."""
    why = (
        f"{month_name(absent)} cannot be compared with itself"
        if absent in names
        else f"There is no month {escape(absent)} to compare"
    )
    return f"**{why}**: {month_name(name)} is shown instead."


def _billed(name: str, closed: Mapping[str, InvoiceMonth]) -> BilledMonth:
    """By its invoices if it is closed, else as if it were closed now."""
    if name in closed:
        amounts = amounts_of(api().invoices("invoice", month=name).data)
        currency = closed[name].currency
    else:
        preview = api().invoice_preview(name)
        amounts, currency = amounts_of(preview.data), preview.currency
    return BilledMonth(month=name, is_open=name not in closed, currency=currency, amounts=amounts)


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
            about=f"{second.name} against {first.name}, months of {zone}, {second.currency}",
        )
    columns = columns_of(first, second)
    shown = plain_table(
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
    if first.currency == second.currency:
        columns[f"Difference ({second.currency})"] = Column(
            cells=[row.difference for row in rows], format=lambda cell: minus(f"{cell:+,f}")
        )
    return columns
