"""From the list prices to the charge, as a waterfall."""

import altair as alt
import streamlit as st

from ui.api.usage_answers import CallDetail
from ui.figures.call_sum import Step, steps
from ui.format import exact_amount, instant
from ui.parts.charts import FITTED, chart_title

BAR_PX = 30
KINDS = ["list", "more", "less", "charge"]


def show_waterfall(call: CallDetail) -> None:
    """Nothing for a call without a cost, and where the steps do not lead to the charge."""
    found = steps(call)
    if found:
        said = ", ".join(f"{step.label} {_amount(step, call.currency)}" for step in found)
        about = (
            f"call {call.call_id} of {call.name or call.subject}\n"
            f"{instant(call.time, call.zone)}, clock of {call.zone}, {call.currency}"
        )
        chart = waterfall(found, currency=call.currency, about=about)
        st.altair_chart(chart, alt=f"Waterfall: {said}")


def waterfall(found: list[Step], *, currency: str, about: str = "") -> alt.Chart:
    """One bar per step; the order and the labels say it without the colours too."""
    marks = [
        {
            "label": step.label,
            # A bar's ends are positions on screen: the one place where a float is enough.
            "start": float(step.start),
            "end": float(step.end),
            "kind": step.kind,
            "amount": _amount(step, currency),
        }
        for step in found
    ]
    chart: alt.Chart = (
        alt.Chart({"values": marks})
        .mark_bar()
        .encode(
            y=alt.Y("label:N", sort=None, axis=alt.Axis(title=None, labelLimit=220)),
            x=alt.X("start:Q", axis=alt.Axis(title=currency, tickCount=5)),
            x2="end:Q",
            color=alt.Color("kind:N", scale=alt.Scale(domain=KINDS), legend=None),
            tooltip=[
                alt.Tooltip("label:N", title="Step"),
                alt.Tooltip("amount:N", title="Amount"),
            ],
        )
        .properties(height=BAR_PX * len(found), title=chart_title(about), autosize=FITTED)
    )
    return chart


def _amount(step: Step, currency: str) -> str:
    return exact_amount(step.end - step.start, currency)
