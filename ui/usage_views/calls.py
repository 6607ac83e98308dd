"""One subject's calls, the newest first: those of one day, or of one model in a range of days."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import streamlit as st

from ui import address
from ui.address import Parameter
from ui.api.connection import REFRESH_S, api, now, redraw_after_midnight, today
from ui.api.found_calls import first_filled
from ui.api.usage_answers import Call, Calls, SubjectUsage
from ui.export.buttons import Extent, show_exports
from ui.figures.units import CACHED_UNITS, OUTPUT_UNITS, PROMPT_UNITS, count_of
from ui.format import clock, escape
from ui.format import day as day_text
from ui.parts.call_state import state_words
from ui.parts.choosers import choose_period
from ui.parts.failure import failures_shown
from ui.parts.home import way_to
from ui.parts.kpis import show_scope, show_totals
from ui.parts.no_calls import show_nothing
from ui.parts.paging import page_cursor, show_paging
from ui.parts.tables import charge_column, count_column, linked_rows, text_column
from ui.period import Period, one_day
from ui.rows.row_order import keep_order


def show_day(subject: str, day: date, *, running_day: date) -> None:
    """Totals of the day, and one page of its calls."""
    keep_order("calls")
    is_live = day == running_day
    with failures_shown("day", is_live=is_live):
        redraw_after_midnight(running_day)
        usage = api().subject_usage(subject, one_day(day), "day")
        show_scope(usage, today=running_day, now=now())
        if not usage.totals.calls:
            st.info(
                "No calls on this day. The person's page lists the days with calls.",
                icon=":material/event_busy:",
            )
            return
        show_totals(usage, today=running_day)
    show_calls(subject, one_day(day), model=None, is_live=is_live)


def show_calls(subject: str, period: Period, *, model: str | None, is_live: bool = False) -> None:
    """One page of calls; a row opens one."""
    next_cursor = None
    with failures_shown("calls", is_live=is_live):
        st.header("Calls")
        calls = first_filled(
            lambda after: api().subject_calls(subject, period, after=after, model=model),
            after=page_cursor(),
        )
        next_cursor = calls.page.next_cursor
        if calls.data:
            st.caption("The newest first. A call's page shows how its cost was calculated.")
            show_list(calls, with_days=model is not None)
        elif next_cursor:
            which = "newest" if page_cursor() is None else "next"
            st.info(f"None of the {which} calls is one. The next page looks further back.")
        elif page_cursor() is not None:
            st.info("No more such calls. Those found, if any, are on the pages before.")
        else:
            show_nothing("No such calls in these days.", place="calls")
    show_paging(next_cursor)


def show_list(calls: Calls, *, with_days: bool) -> None:
    rows, kept = calls.data, address.kept_range()
    times = [clock(row.time, calls.zone) for row in rows]
    if with_days:
        times = [f"{day_text(row.day)}, {time}" for row, time in zip(rows, times, strict=True)]
    columns = {
        "Time": replace(text_column(times), sorted_by=[row.time for row in rows]),
        "Model": text_column([row.model or row.deployment for row in rows]),
        f"Charge ({calls.currency})": charge_column([_charge(row) for row in rows]),
        "Operation": text_column([row.operation for row in rows]),
        "HTTP status": count_column([row.status for row in rows]),
        "Prompt tokens": count_column([count_of(row.units, PROMPT_UNITS) for row in rows]),
        "Of them cached": count_column([count_of(row.units, CACHED_UNITS) for row in rows]),
        "Output tokens": count_column([count_of(row.units, OUTPUT_UNITS) for row in rows]),
        "Duration (ms)": count_column([row.duration_ms for row in rows]),
        "State": text_column([state_words(row.state, row.status) for row in rows]),
    }
    shown = linked_rows(
        "calls",
        [row.id for row in rows],
        links=[{**kept, Parameter.CALL: row.id} for row in rows],
        columns=columns,
        alt="Calls with their tokens and charge, the newest first",
        sortable=0 if calls.page.next_cursor or page_cursor() or with_days else None,
    )
    chosen = Parameter.MODEL if with_days else Parameter.DAY
    extent = Extent(narrowed_by=(Parameter.SUBJECT, chosen))
    show_exports("calls", shown, calls, extent=extent)


def _charge(call: Call) -> Decimal | None:
    return call.cost.charge if call.cost else None


def _way(usage: SubjectUsage, kept: dict[Parameter, str]) -> None:
    of_subject = {**kept, Parameter.SUBJECT: usage.subject}
    steps = way_to(usage.cost_centre, api().me(), kept)
    who = address.Link(label=usage.name or usage.subject, parameters=of_subject)
    address.breadcrumbs([*steps, who])


def draw_day(subject: str, day: date) -> None:
    way, heading = st.container(), st.empty()
    heading.title(f"{escape(subject)}, {day_text(day)}", anchor=False)
    current = today(api().health())
    usage = api().subject_usage(subject, one_day(day), "day")
    with way:
        _way(usage, address.range_around(day, today=current))
    heading.title(f"{escape(usage.name or subject)}, {day_text(day)}", anchor=False)
    # Only today still grows.
    live = st.fragment(show_day, run_every=REFRESH_S if day == current else None)
    live(subject, day, running_day=current)


def draw_calls_of_model(subject: str, model: str) -> None:
    heading = st.empty()
    heading.title(f"{escape(subject)}, {escape(model)}", anchor=False)
    current = today(api().health())
    period = choose_period(current)
    usage = api().subject_usage(subject, period, "model")
    with heading.container():
        _way(usage, address.kept_range())
        st.title(f"{escape(usage.name or subject)}, {escape(model)}", anchor=False)
    show_scope(usage, today=current, now=now())
    show_calls(subject, period, model=model)
