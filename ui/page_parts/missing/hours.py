"""The hours of a range as a heat map: when calls came, and in which hours some are missing."""

from collections.abc import Sequence

import altair as alt

from ui.format import counted
from ui.format import day as day_text
from ui.page_parts.missing.verdict import HourOfDay
from ui.parts.charts import FITTED, chart_title

ROW_PX = 26
HOURS = [f"{hour:02}" for hour in range(24)]
STATES = ["nothing known to be missing", "some not charged", "not read, or of nobody"]
COLOURS = ["#7fb0e6", "#d97706", "#f2cf4a"]
"""Blue, orange and yellow stay apart for colour-blind readers, on a light and on a dark page."""
LEGEND_COLUMNS = alt.ExprRef("max(1, floor(width / 200))")


def heat_map(hours: Sequence[HourOfDay], *, about: str = "") -> alt.LayerChart:
    """A row per day, the newest first, and a cell per hour that had calls.

    A cell with something to look at has its number in it, so colour alone says nothing.
    """
    days = sorted({each.day for each in hours}, reverse=True)
    cells = [_cell(each) for each in hours]
    x = alt.X(
        "hour:N",
        scale=alt.Scale(domain=HOURS),
        axis=alt.Axis(title=_of_day(hours), labelAngle=0, labelOverlap="greedy", grid=False),
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
                legend=alt.Legend(title=None, orient="top", columns=LEGEND_COLUMNS, labelLimit=220),
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


def _cell(each: HourOfDay) -> dict[str, str]:
    looked_at = each.uncharged or each.unread + each.of_nobody
    state = 1 if each.uncharged else 2 if looked_at else 0
    said = [counted(each.calls, "call"), f"{each.uncharged:,} not charged"]
    if each.unread:
        said.append(f"{counted(each.unread, 'event')} that cannot be read")
    if each.of_nobody:
        said.append(f"{each.of_nobody:,} without a caller")
    return {
        "day": f"{each.day:%a} {each.day.day} {each.day:%b}",
        "hour": f"{each.hour:02}",
        "state": STATES[state],
        "number": f"{looked_at:,}" if looked_at else "",
        "said": f"{day_text(each.day)}, {each.hour:02}:{each.minute:02}",
        "calls": ", ".join(said),
    }


def _of_day(hours: Sequence[HourOfDay]) -> str:
    """What the axis is: an hour that begins at half past says so."""
    minute = max((each.minute for each in hours), default=0)
    return f"Hour of the day, each from minute {minute}" if minute else "Hour of the day"
