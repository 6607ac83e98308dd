"""Overview: what all subjects cost in a range of days, live, and the way into each subject."""

from datetime import date

import streamlit as st

from ui import address
from ui.address import Parameter
from ui.api.client import Group, SubjectSort
from ui.api.connection import REFRESH_S, api, now, redraw_after_midnight, today
from ui.api.me_answer import Permission
from ui.api.usage_answers import Subjects
from ui.figures.units import tokens
from ui.format import day as day_text
from ui.parts.charts import daily_charges, daily_chart
from ui.parts.choosers import choose, choose_period, search
from ui.parts.failure import failures_shown
from ui.parts.kpis import show_metering, show_scope, show_totals
from ui.parts.no_calls import show_no_calls
from ui.parts.paging import page_cursor, show_paging
from ui.parts.sign_in import scope
from ui.parts.tables import charge_column, count_column, opened_row, text_column
from ui.parts.uncharged import show_excluding, show_no_usage, show_pending, show_unpriced
from ui.period import Period, before
from ui.spend_parts.forecast_part import show_forecast
from ui.spend_parts.groups import show_groups
from ui.spend_parts.headline import show_sentence

STACKS: dict[str, Group] = {"Model": "model", "Cost centre": "cost_centre"}
SORTS: dict[str, SubjectSort] = {"Charge": "charge", "Calls": "calls", "Subject": "subject"}

# Leaves room for the charge next to it on a telephone.
SUBJECT_WIDTH_PX = 220


@st.fragment(run_every=REFRESH_S)
def show_usage(period: Period, running_day: date) -> None:
    """Totals and the chart; says so when there is nothing to show."""
    with failures_shown("usage"):
        redraw_after_midnight(running_day)
        usage = api().usage(period, "day")
        show_scope(usage, today=running_day, now=now())
        if api().me().may(Permission.BILLING):
            show_metering(api().metering(), now=now())
        if not usage.totals.calls:
            show_no_calls(usage, today=running_day)
            return
        show_sentence(usage, api().usage(before(period, today=running_day), "day"))
        show_totals(usage, today=running_day)
        if usage.totals.unpriced_calls:
            show_unpriced(api().usage(period, "model"))
        if usage.totals.no_usage_calls:
            show_no_usage(usage.totals.no_usage_calls, usage.totals.failed_calls)
        if usage.totals.pending_calls:
            show_pending(usage.totals.pending_calls)
        if usage.totals.excluding_calls:
            show_excluding(usage.totals.excluding_calls)
        show_forecast(period, running_day)
        by = choose("Cost by", Parameter.BY, options=STACKS)
        show_groups(
            api().usage(period, by), api().usage(before(period, today=running_day), by), by=by
        )
        charges = daily_charges(
            api().usage(period, "day", by).data,
            by=by,
            days=period.days(up_to=running_day),
            today=running_day,
            currency=usage.currency,
        )
        st.altair_chart(daily_chart(charges), alt=f"Charge per day, stacked by {by}")


@st.fragment(run_every=REFRESH_S)
def show_subjects(period: Period) -> None:
    """One page of subjects, sorted and paged by the API."""
    st.subheader("Subjects")
    sort, text = choose_order()
    next_cursor = None
    with failures_shown("subjects"):
        subjects = api().subjects(period, sort=sort, search=text, after=page_cursor())
        if subjects.data:
            st.caption("Tick a row to open it.")
            opened = show_table(subjects)
            if opened:
                address.go_to({**address.kept_range(), Parameter.SUBJECT: opened})
        else:
            st.info("No subject has calls that match.", icon=":material/search_off:")
        next_cursor = subjects.page.next_cursor
    show_paging(next_cursor)


def choose_order() -> tuple[SubjectSort, str]:
    """Sorting and search, both done by the API."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sort = choose("Sort by", Parameter.SORT, options=SORTS)
        text = search("Search", placeholder="Subject or name")
    return sort, text


def show_table(subjects: Subjects) -> str | None:
    rows = subjects.data
    return opened_row(
        "subjects",
        [row.subject for row in rows],
        columns={
            "Subject": text_column(
                [row.name or row.subject for row in rows], width_px=SUBJECT_WIDTH_PX
            ),
            f"Charge ({subjects.currency})": charge_column([row.charge for row in rows]),
            "Cost centre": text_column([row.cost_centre for row in rows]),
            "Calls": count_column([row.calls for row in rows]),
            "Tokens": count_column([tokens(row.units) for row in rows]),
            "Last day": text_column([day_text(row.last_day) for row in rows]),
            "Unpriced calls": count_column([row.unpriced_calls for row in rows]),
        },
        alt="Subjects with their charge, calls and tokens",
    )


def draw_overview() -> None:
    st.title("Overview")
    me = api().me()
    if not me.may(Permission.BILLING):
        st.caption(f"You see {scope(me)}.")
    current = today(api().health())
    period = choose_period(current)
    show_usage(period, current)
    show_subjects(period)
