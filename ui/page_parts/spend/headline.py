"""The answer to "how much, and is that more than before?" in one sentence."""

from datetime import date
from decimal import Decimal

import streamlit as st

from ui.api.usage_answers import Usage
from ui.figures.comparison import NOTHING_CHARGED, change_words
from ui.format import amount, counted, days
from ui.parts.kpis import NOTHING_DUE, charge_text
from ui.period import one_day


def nothing_words(earlier: Usage) -> str:
    """Why these days have no charge: an unknown one is not nothing."""
    if earlier.totals.calls and earlier.totals.charge is None:
        why = charge_text(earlier.totals, earlier.currency)
        return f"{counted(earlier.totals.calls, 'call')} had no charge ({why})"
    if not earlier.totals.charge and earlier.totals.unpriced_calls:
        return f"{counted(earlier.totals.unpriced_calls, 'call')} had no price"
    unknown = earlier.totals.pending_calls + earlier.totals.no_usage_calls
    if not earlier.totals.charge and unknown > earlier.totals.failed_calls:
        return f"{counted(unknown - earlier.totals.failed_calls, 'call')} had no known usage"
    return NOTHING_CHARGED


def show_sentence(usage: Usage, earlier: Usage, running_day: date) -> None:
    """The charge of these days, next to that of the days they are compared with."""
    calls = counted(usage.totals.calls, "call")
    charge = usage.totals.charge if usage.totals.calls else Decimal(0)
    period = days(usage.first, usage.period.last)
    why = charge_text(usage.totals, usage.currency)
    is_unknown = usage.totals.calls and not charge and why != NOTHING_DUE
    if charge is None or is_unknown:  # a part of it may be 0, but not what the others cost
        st.markdown(f"{period}: {calls}, {why}.")
        return
    than = change_words(
        charge,
        earlier.totals.charge or Decimal(0),
        currency=usage.currency,
        compared=earlier.period,
        nothing=nothing_words(earlier),
    )
    if usage.period == one_day(running_day):
        than += "; today is not over, and the comparison has whole days"
    st.markdown(f"{period}: **{amount(charge, usage.currency)}** for {calls}, {than}.")
