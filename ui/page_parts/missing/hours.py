"""The hours of a range as a heat map: when calls came, and in which hours some are missing."""

from collections.abc import Sequence

import altair as alt

from ui.format import counted
from ui.format import day as day_text
from ui.page_parts.missing.verdict import HourOfDay
from ui.parts.charts import FITTED, chart_title

ROW_PX = 26
HOURS = [f"{hour:02}" for hour in range(24)]
STATES = ["nothing missing", "some not charged"]
COLOURS = ["#7fb0e6", "#d97706"]
"""Blue and orange stay apart for colour-blind readers, on a light and on a dark page."""


def heat_map(hours: Sequence[HourOfDay], *, about: str = "") -> alt.LayerChart:
    """A row per day, the newest first, and a cell per hour that had calls.

    A cell with missing calls has their number in it, so colour alone says nothing.
    """
    days = sorted({each.day for each in hours}, reverse=True)
    cells = [
        {
            "day": f"{each.day:%a} {each.day.day} {each.day:%b}",
            "hour": f"{each.hour:02}",
            "state": STATES[bool(each.uncharged)],
            "number": f"{each.uncharged:,}" if each.uncharged else "",
            "said": f"{day_text(each.day)}, {each.hour:02}:00",
            "calls": f"{counted(each.calls, 'call')}, {each.uncharged:,} not charged",
        }
        for each in hours
    ]
    x = alt.X(
        "hour:N",
        scale=alt.Scale(domain=HOURS),
        axis=alt.Axis(title="Hour of the day", labelAngle=0, labelOverlap="greedy", grid=False),
    )
    order = [f"{day:%a} {day.day} {day:%b}" for day in days]
    y = alt.Y("day:N", sort=order, axis=alt.Axis(title=None, grid=False))
    tooltip = [alt.Tooltip("said:N", title="Hour"), alt.Tooltip("calls:N", title="Calls")]
    boxes: alt.Chart = (
        alt.Chart()
        .mark_rect(stroke="#80808040", cornerRadius=2)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "state:N",
                scale=alt.Scale(domain=STATES, range=COLOURS),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=tooltip,
        )
    )
    numbers: alt.Chart = (
        alt.Chart()
        .mark_text(color="#12161d", fontSize=11)
        .encode(x=x, y=y, text="number:N", tooltip=tooltip)
    )
    return alt.LayerChart(
        data={"values": cells},
        layer=[boxes, numbers],
        height=ROW_PX * len(days),
        title=chart_title(about),
        autosize=FITTED,
    )
