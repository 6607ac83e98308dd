"""One subject's calls of one day, ordered by time."""

from datetime import date
from decimal import Decimal
from typing import NoReturn

import streamlit as st

from ui import address
from ui.address import Parameter
from ui.api.connection import REFRESH_S, api, now, redraw_after_midnight, today
from ui.api.usage_answers import Call, Calls
from ui.figures.units import CACHED_UNITS, OUTPUT_UNITS, PROMPT_UNITS, count_of
from ui.format import clock, escape
from ui.format import day as day_text
from ui.parts.call_state import state_words
from ui.parts.failure import failures_shown
from ui.parts.home import home_title
from ui.parts.kpis import show_scope, show_totals
from ui.parts.paging import page_cursor, show_paging
from ui.parts.tables import charge_column, count_column, opened_row, text_column
from ui.period import one_day


def show_day(subject: str, day: date, *, running_day: date) -> None:
    """Totals of the day, and one page of its calls."""
    next_cursor = None
    with failures_shown("day"):
        redraw_after_midnight(running_day)
        usage = api().subject_usage(subject, one_day(day), "day")
        show_scope(usage, today=running_day, now=now())
        if not usage.totals.calls:
            st.info("No calls on this day.", icon=":material/event_busy:")
            return
        show_totals(usage, today=running_day)
        st.subheader("Calls")
        st.caption("Ordered by time. Tick a row to see how its cost was calculated.")
        calls = api().subject_calls(subject, one_day(day), after=page_cursor())
        opened = show_calls(calls)
        if opened:
            open_call(opened, subject=subject, day=day)
        next_cursor = calls.page.next_cursor
    show_paging(next_cursor)


def open_call(call: str, *, subject: str, day: date) -> NoReturn:
    address.go_to(
        {
            **address.kept_range(),
            Parameter.SUBJECT: subject,
            Parameter.DAY: day.isoformat(),
            Parameter.CALL: call,
        }
    )


def show_calls(calls: Calls) -> str | None:
    rows = calls.data
    return opened_row(
        "calls",
        [row.id for row in rows],
        columns={
            "Time": text_column([clock(row.time, calls.zone) for row in rows]),
            "Model": text_column([row.model or row.deployment for row in rows]),
            f"Charge ({calls.currency})": charge_column([_charge(row) for row in rows]),
            "Operation": text_column([row.operation for row in rows]),
            "HTTP status": count_column([row.status for row in rows]),
            "Prompt tokens": count_column([count_of(row.units, PROMPT_UNITS) for row in rows]),
            "of them cached": count_column([count_of(row.units, CACHED_UNITS) for row in rows]),
            "Output tokens": count_column([count_of(row.units, OUTPUT_UNITS) for row in rows]),
            "Duration (ms)": count_column([row.duration_ms for row in rows]),
            "State": text_column([state_words(row.state, row.status) for row in rows]),
        },
        alt="Calls of the day with their tokens and charge",
    )


def _charge(call: Call) -> Decimal | None:
    return call.cost.charge if call.cost else None


def draw_day(subject: str, day: date) -> None:
    current = today(api().health())
    usage = api().subject_usage(subject, one_day(day), "day")
    name, around = usage.name or subject, address.range_around(day, today=current)
    address.breadcrumbs(
        [
            address.Link(label=home_title(api().me()), parameters=around),
            address.Link(label=name, parameters={**around, Parameter.SUBJECT: subject}),
        ]
    )
    st.title(f"{escape(name)}, {day_text(day)}", anchor=False)
    # Only today still grows.
    live = st.fragment(show_day, run_every=REFRESH_S if day == current else None)
    live(subject, day, running_day=current)
