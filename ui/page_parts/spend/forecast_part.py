"""The forecast of the running month, with the chart that it can be checked against."""

from datetime import date
from decimal import Decimal

import streamlit as st

from ui.api.client import ALL, Only
from ui.api.connection import api
from ui.api.usage_answers import Usage
from ui.figures.forecast import HISTORY_DAYS_MIN, WEEKS, forecast
from ui.filters.chosen import words_of
from ui.format import amount, day
from ui.page_parts.spend.month_chart import MonthCharges, month_chart
from ui.parts.charts import chart_about
from ui.period import DAY, month_of


def show_forecast(usage: Usage, today: date, only: Only = ALL) -> None:
    """`usage` is that of the running month by day, and by more or not."""
    period = usage.period
    earlier = api().usage(month_of(period.first - DAY), "day", only=only)
    charges: dict[date, Decimal] = {}
    for row in (*earlier.data, *usage.data):
        if row.day and row.charge:
            charges[row.day] = charges.get(row.day, Decimal(0)) + row.charge
    if not charges and usage.totals.unpriced_calls:
        st.caption("No forecast: these calls have no price.")
        return
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
        about=chart_about(usage, *words_of(only)),
    )
    st.altair_chart(chart, alt="Charge of this month as it adds up, the month before, the forecast")
