"""The forecast of the running month, with the chart that it can be checked against."""

from datetime import date

import streamlit as st

from ui.api.client import ALL, Only
from ui.api.connection import api
from ui.figures.forecast import HISTORY_DAYS_MIN, WEEKS, forecast
from ui.format import amount, day
from ui.period import Period, month_of
from ui.spend_parts.month_chart import MonthCharges, history_of, month_chart


def show_forecast(period: Period, today: date, only: Only = ALL) -> None:
    """Nothing for days that are not the running month."""
    if period != month_of(today):
        return
    usage = api().usage(history_of(period, today=today), "day", only=only)
    charges = {row.day: row.charge for row in usage.data if row.day and row.charge}
    found = forecast(charges, month=period, today=today)
    if found is None:
        st.caption(
            f"No forecast yet: it needs {HISTORY_DAYS_MIN} days from the first charge to yesterday."
        )
    else:
        expected, low, high = (
            amount(each, usage.currency) for each in (found.expected, found.low, found.high)
        )
        band = f", between {low} and {high}" if low != high else ""
        st.markdown(
            f"By {day(period.last)} about **{expected}**{band}.",
            help=f"Each day that is not over as its weekday was in the last {WEEKS} weeks: on "
            "average, and for the band on its cheapest and on its dearest day.",
        )
    chart = month_chart(
        MonthCharges(
            charges=charges, month=period, today=today, currency=usage.currency, found=found
        ),
        about=f"{period.first:%B %Y}, days of {usage.zone}, {usage.currency}",
    )
    st.altair_chart(chart, alt="Charge of this month as it adds up, the month before, the forecast")
