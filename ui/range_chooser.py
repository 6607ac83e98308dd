"""The range chooser: this month, last month or any days; its choice stands in the URL."""

from datetime import date

import streamlit as st

from ui.paging import to_first_page
from ui.period import Period, Range, month_of, period_of

DATE_WIDTH_PX = 150
LABELS = {
    Range.THIS_MONTH: "This month",
    Range.LAST_MONTH: "Last month",
    Range.CUSTOM: "Custom",
}


def choose_period(today: date) -> Period:
    """Draw the chooser; URL parameters `range`, `first` and `last`, both days shown."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        value = st.segmented_control(
            "Days",
            [choice.value for choice in Range],
            default=Range.THIS_MONTH.value,
            required=True,
            format_func=lambda choice: LABELS[Range(choice)],
            key="range",
            bind="query-params",
            on_change=to_first_page,
        )
        chosen = Range(value or Range.THIS_MONTH)
        month = month_of(today)
        if chosen is not Range.CUSTOM:
            return period_of(chosen, today=today, first=month.first, last=today)
        first = _day("From", month.first, key="first")
        last = _day("To (included)", month.last, key="last")
    return period_of(chosen, today=today, first=first, last=last)


def _day(label: str, default: date, *, key: str) -> date:
    return st.date_input(
        label,
        default,
        key=key,
        bind="query-params",
        format="YYYY-MM-DD",
        width=DATE_WIDTH_PX,
        on_change=to_first_page,
    )


def show_days(first: date, last: date) -> None:
    """Set the chooser to these days; for callbacks, which run before the chooser is drawn."""
    st.session_state["range"] = Range.CUSTOM.value
    st.session_state["first"] = first
    st.session_state["last"] = last
