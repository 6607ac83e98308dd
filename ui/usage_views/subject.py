"""One subject: its totals, its charge per day and model, and the way into each day."""

from datetime import date

import streamlit as st

from ui import address
from ui.address import Parameter
from ui.api.connection import REFRESH_S, api, now, redraw_after_midnight, today
from ui.api.usage_answers import SubjectUsage
from ui.figures.units import tokens
from ui.format import day as day_text
from ui.format import escape
from ui.parts.charts import daily_charges, daily_chart
from ui.parts.choosers import choose_period
from ui.parts.failure import failures_shown
from ui.parts.home import home_title
from ui.parts.kpis import show_scope, show_totals
from ui.parts.tables import charge_column, count_column, opened_row, text_column
from ui.parts.uncharged import show_excluding, show_no_usage, show_pending, show_unpriced
from ui.period import Period


@st.fragment(run_every=REFRESH_S)
def show_subject(subject: str, period: Period, *, running_day: date) -> None:
    with failures_shown("subject"):
        redraw_after_midnight(running_day)
        usage = api().subject_usage(subject, period, "day")
        show_scope(usage, today=running_day, now=now())
        if not usage.totals.calls:
            st.info("No calls of this subject in this range.", icon=":material/event_busy:")
            return
        show_totals(usage, today=running_day)
        by_model = api().subject_usage(subject, period, "day", "model")
        if usage.totals.unpriced_calls:
            show_unpriced(api().subject_usage(subject, period, "model"))
        if usage.totals.no_usage_calls:
            show_no_usage(usage.totals.no_usage_calls, usage.totals.failed_calls)
        if usage.totals.pending_calls:
            show_pending(usage.totals.pending_calls)
        if usage.totals.excluding_calls:
            show_excluding(usage.totals.excluding_calls)
        charges = daily_charges(
            by_model.data,
            by="model",
            days=period.days(up_to=running_day),
            today=running_day,
            currency=usage.currency,
        )
        st.altair_chart(daily_chart(charges), alt="Charge per day, stacked by model")
        show_days_table(usage, running_day)


def show_days_table(usage: SubjectUsage, running_day: date) -> None:
    """The days with calls, newest first; a row opens the day's calls."""
    rows = sorted(
        ((row.day, row) for row in usage.data if row.day), key=lambda pair: pair[0], reverse=True
    )
    st.subheader("Days")
    st.caption("Tick a row to open its calls.")
    partial = {running_day: " (so far)"}
    opened = opened_row(
        "days",
        [day.isoformat() for day, _ in rows],
        columns={
            "Day": text_column([day_text(day) + partial.get(day, "") for day, _ in rows]),
            f"Charge ({usage.currency})": charge_column([row.charge for _, row in rows]),
            "Calls": count_column([row.calls for _, row in rows]),
            "Errors": count_column([row.errors for _, row in rows]),
            "Tokens": count_column([tokens(row.units) for _, row in rows]),
            "Unpriced calls": count_column([row.unpriced_calls for _, row in rows]),
        },
        alt="Days with their calls, tokens and charge",
    )
    if opened:
        address.go_to(
            {
                **address.kept_range(),
                Parameter.SUBJECT: usage.subject,
                Parameter.DAY: opened,
            }
        )


def draw_subject(subject: str) -> None:
    current = today(api().health())
    home = home_title(api().me())
    address.breadcrumbs([address.Link(label=home, parameters=address.kept_range())])
    heading = st.container()
    period = choose_period(current)
    usage = api().subject_usage(subject, period, "day")
    with heading:
        st.title(escape(usage.name or subject), anchor=False)
        st.caption(
            f"Subject {escape(subject)} · cost centre {escape(usage.cost_centre or 'not known')}"
        )
    show_subject(subject, period, running_day=current)
