"""The newest calls as cards, a chart of calls per minute, and a list."""

from datetime import datetime
from zoneinfo import ZoneInfo

import altair as alt
import streamlit as st

from ui.address import Parameter
from ui.api.connection import REFRESH_S
from ui.api.found_calls import FoundCalls
from ui.api.usage_answers import Metering
from ui.export.buttons import show_exports
from ui.figures.units import tokens
from ui.format import age, amount, clock, counted, escape, instant
from ui.format import day as day_text
from ui.page_parts.live.call_rate import LastMinute, by_minute, last_minute
from ui.parts.call_state import state_words
from ui.parts.charts import FITTED, chart_title
from ui.parts.tables import (
    Column,
    charge_column,
    count_column,
    linked_rows,
    moment_column,
    text_column,
)

CARD_WIDTH_PX = 170
NOTHING = "—"
CHART_HEIGHT_PX = 90
OLD_S = 2 * REFRESH_S
"""From this age on an answer was shown before, and its age is said."""


def show_age(came: datetime, *, now: datetime) -> None:
    """When the oldest answer came that is shown, where that is worth saying."""
    if (now - came).total_seconds() >= OLD_S:
        st.caption(f"As the API answered {age(came, now)}: it is slow, and so asked less often.")


def show_rate(
    found: FoundCalls, metering: Metering | None, *, now: datetime, came: datetime
) -> None:
    """What came in the last minute, how old the newest call is, and how far behind metering is.

    `metering` is None for those who may not see it. Minutes end when `found` came: nobody knows yet
    what was called since.
    """
    complete = found.page.next_cursor is None
    recent = last_minute(found.data, now=came, complete=complete)
    more = "at least " if recent.at_least and recent.calls else ""
    with st.grid(3 if metering is None else 5, min_column_width=CARD_WIDTH_PX):
        st.metric("Calls of the last minute", f"{more}{recent.calls:,}", border=True)
        charge = rate_charge(recent, found.currency)
        st.metric("Charge of the last minute", charge, border=True)
        st.metric("Newest call", age(found.data[0].time, now), border=True)
        if metering is not None:
            st.metric("Waiting for tokens", f"{metering.waiting:,}", border=True)
            show_lag(metering, zone=found.zone, now=now)
    rows = by_minute(found.data, now=came, complete=complete)
    if not any(calls for _, calls in rows):
        return  # an empty chart would say less than the age of the newest call
    st.altair_chart(
        rate_chart(rows, zone=found.zone, about=rate_about(rows, found.zone)),
        alt=f"Calls per minute of the last {len(rows)} minutes, "
        f"{max((calls for _, calls in rows), default=0)} at most",
    )


def rate_charge(recent: LastMinute, currency: str) -> str:
    """A charge that lacks calls is at least so much, and one of which nothing is known is no 0."""
    if not recent.calls:
        return NOTHING
    if recent.charge is None:
        return "not known yet"
    at_least = "at least " if recent.at_least or recent.lacks else ""
    return f"{at_least}{amount(recent.charge, currency)}"


def show_lag(metering: Metering, *, zone: str, now: datetime) -> None:
    """Until when everything is metered. Its age is the lag at most: what came since may be too."""
    passed = metering.passed
    if passed is None:
        said = "Not every partition of the event hub has been read yet."
    else:
        said = (
            f"All that reached the event hub until {escape(instant(passed, zone))} is metered, so "
            "metering is at most so far behind. A hub without new events is looked at every 15 "
            "seconds."
        )
    st.metric(
        "Everything metered until",
        NOTHING if passed is None else age(passed, now),
        border=True,
        help=said,
    )


def rate_about(rows: list[tuple[datetime, int]], zone: str) -> str:
    """The minutes that the chart has, and their zone."""
    first, last = (at.astimezone(ZoneInfo(zone)) for at in (rows[0][0], rows[-1][0]))
    return f"{day_text(last.date())}, {first:%H:%M}–{last:%H:%M}, clock of {zone}"


def rate_chart(rows: list[tuple[datetime, int]], *, zone: str, about: str = "") -> alt.Chart:
    """A bar per minute of the billing zone."""
    marks = [
        {"minute": f"{minute.astimezone(ZoneInfo(zone)):%H:%M}", "calls": calls}
        for minute, calls in rows
    ]
    axis = alt.Axis(title=None, labelAngle=0, labelOverlap="greedy", ticks=False)
    axis_of_calls = alt.Axis(title="Calls per minute", tickMinStep=1, tickCount=3, format="d")
    chart: alt.Chart = (
        alt.Chart({"values": marks})
        .mark_bar()
        .encode(
            x=alt.X("minute:N", sort=None, axis=axis),
            y=alt.Y("calls:Q", axis=axis_of_calls),
            tooltip=[
                alt.Tooltip("minute:N", title="Minute"),
                alt.Tooltip("calls:Q", title="Calls"),
            ],
        )
        .properties(height=CHART_HEIGHT_PX, title=chart_title(about), autosize=FITTED)
    )
    return chart


def show_list(found: FoundCalls) -> None:
    """The newest first; a row opens the call."""
    rows = found.data
    st.caption(f"The newest {counted(len(rows), 'call')} of today.")
    columns = live_columns(found)
    shown = linked_rows(
        "calls",
        [row.id for row in rows],
        links=[{Parameter.CALL: row.id} for row in rows],
        sortable=0 if found.page.next_cursor else None,
        columns=columns,
        alt="The newest calls of today, the newest first",
    )
    show_exports("calls of today", shown, found)


def live_columns(found: FoundCalls) -> dict[str, Column]:
    """What the list shows, also in its files."""
    rows = found.data
    return {
        "Time": moment_column([row.time for row in rows], lambda at: clock(at, found.zone)),
        "Person": text_column([row.name or row.subject for row in rows]),
        "Model": text_column([row.model or "no model" for row in rows]),
        f"Charge ({found.currency})": charge_column(
            [row.cost.charge if row.cost else None for row in rows]
        ),
        "Tokens": count_column([tokens(row.units) for row in rows]),
        "Answered in (ms)": count_column([row.duration_ms for row in rows]),
        "State": text_column([state_words(row.state, row.status) for row in rows]),
    }
