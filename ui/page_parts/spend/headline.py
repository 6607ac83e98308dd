"""The answer to "how much, and is that more than before?" in one sentence."""

from decimal import Decimal

import streamlit as st

from ui.api.usage_answers import Usage
from ui.figures.comparison import change_words
from ui.format import amount, counted, days
from ui.parts.kpis import charge_text


def show_sentence(usage: Usage, earlier: Usage) -> None:
    """The charge of these days, next to that of the days they are compared with."""
    charge, calls = usage.totals.charge, counted(usage.totals.calls, "call")
    period = days(usage.first, usage.period.last)
    if charge is None:
        st.markdown(f"{period}: {calls}, {charge_text(usage.totals, usage.currency)}.")
        return
    than = change_words(
        charge,
        earlier.totals.charge or Decimal(0),
        currency=usage.currency,
        compared=earlier.period,
    )
    st.markdown(f"{period}: **{amount(charge, usage.currency)}** for {calls}, {than}.")
