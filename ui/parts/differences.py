"""Differences as bars: to the right is more, to the left is less."""

from collections.abc import Sequence
from decimal import Decimal

import altair as alt
import streamlit as st

from ui.format import exact_amount, minus
from ui.parts.charts import FITTED, chart_title

BARS_MAX = 12
OTHERS = "all others"
BAR_PX = 28
WAYS = ["more", "less"]
COLOURS = ["#c96d00", "#2f7fd6"]
"""Orange is more and blue is less; signs and sides say it too."""

Difference = tuple[str, Decimal]


def show_differences(rows: Sequence[Difference], *, of: str, currency: str, about: str) -> None:
    """The largest first; `about` is the chart's title.

    Draws nothing where nothing differs."""
    shown = shortened([row for row in rows if row[1]])
    if shown:
        said = ", ".join(f"{name} {minus(f'{difference:+,f}')}" for name, difference in shown)
        st.altair_chart(
            difference_chart(shown, currency=currency, about=about),
            alt=f"Difference by {of}: {said}",
        )


def shortened(rows: Sequence[Difference]) -> list[Difference]:
    """The largest differences, and the sum of all others."""
    ranked = sorted(rows, key=lambda row: -abs(row[1]))
    if len(ranked) <= BARS_MAX:
        return ranked
    rest = sum((difference for _, difference in ranked[BARS_MAX - 1 :]), Decimal(0))
    return [*ranked[: BARS_MAX - 1], (OTHERS, rest)]


def difference_chart(rows: Sequence[Difference], *, currency: str, about: str = "") -> alt.Chart:
    """A bar per row, in the order given."""
    marks = [
        {
            "name": name,
            # A bar's length is a position on screen: the one place where a float is enough.
            "length": float(difference),
            "way": WAYS[difference < 0],
            "said": exact_amount(difference, currency),
        }
        for name, difference in rows
    ]
    chart: alt.Chart = (
        alt.Chart({"values": marks})
        .mark_bar()
        .encode(
            y=alt.Y("name:N", sort=None, axis=alt.Axis(title=None, labelLimit=180)),
            x=alt.X("length:Q", axis=alt.Axis(title=f"Difference ({currency})", tickCount=5)),
            color=alt.Color("way:N", scale=alt.Scale(domain=WAYS, range=COLOURS), legend=None),
            tooltip=[alt.Tooltip("name:N", title="Of"), alt.Tooltip("said:N", title="Difference")],
        )
        .properties(height=BAR_PX * len(rows), title=chart_title(about), autosize=FITTED)
    )
    return chart
