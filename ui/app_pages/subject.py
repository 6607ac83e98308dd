"""One subject: its totals, its charge per day and model, and the way into each day."""

from datetime import date

import streamlit as st

from ui import paths
from ui.answers import SubjectUsage
from ui.charts import daily_charges, daily_chart
from ui.connection import REFRESH_S, api, now, today
from ui.empty import show_no_calls
from ui.failure import failures_shown
from ui.format import day as day_text
from ui.format import escape
from ui.kpis import show_scope, show_totals, tokens
from ui.period import Period
from ui.range_chooser import choose_period
from ui.tables import charge_column, count_column, opened_row, text_column
from ui.unpriced import show_unpriced


@st.fragment(run_every=REFRESH_S)
def show_subject(subject: str, period: Period, running_day: date) -> None:
    with failures_shown():
        usage = api().subject_usage(subject, period, "day")
        show_scope(usage, today=running_day, now=now())
        if not usage.totals.calls:
            show_no_calls(usage)
            return
        show_totals(usage, today=running_day)
        by_model = api().subject_usage(subject, period, "day", "model")
        if usage.totals.unpriced_calls:
            show_unpriced(api().subject_usage(subject, period, "model"))
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
        {
            "Day": text_column([day_text(day) + partial.get(day, "") for day, _ in rows]),
            f"Charge ({usage.currency})": charge_column([row.cost.charge for _, row in rows]),
            "Calls": count_column([row.calls for _, row in rows]),
            "Errors": count_column([row.errors for _, row in rows]),
            "Tokens": count_column([tokens(row.units) for _, row in rows]),
            "Unpriced calls": count_column([row.unpriced_calls for _, row in rows]),
        },
        alt="Days with their calls, tokens and charge",
    )
    if opened:
        paths.open_step(paths.day(usage.subject, date.fromisoformat(opened), opened))


subject_id = paths.id_in_url("subject")
current = today(api().health())
way_back = st.container()
heading = st.container()
chosen = choose_period(current)
whole = api().subject_usage(subject_id, chosen, "day")
with way_back:
    paths.breadcrumbs([paths.overview(chosen, current)])
heading.title(escape(whole.name or subject_id))
heading.caption(
    f"Subject {escape(subject_id)} · "
    + (f"cost centre {escape(whole.cost_centre)}" if whole.cost_centre else "no cost centre")
)
show_subject(subject_id, chosen, current)
