"""One subject: its totals, its charge per day and model, and the way into each day."""

from datetime import date

import streamlit as st

from ui import address
from ui.address import Parameter
from ui.api.connection import REFRESH_S, api, asked_ahead, now, redraw_after_midnight, today
from ui.api.usage_answers import SubjectUsage
from ui.export.buttons import show_exports
from ui.figures.comparison import share_of
from ui.figures.group_names import value_of
from ui.figures.unit_cost import per_million
from ui.figures.units import tokens
from ui.format import escape
from ui.page_parts.spend.headline import show_sentence
from ui.parts.charts import (
    chart_about,
    clicked_group,
    daily_charges,
    daily_chart,
    others_words,
    whose,
)
from ui.parts.choosers import choose_days
from ui.parts.failure import failures_shown
from ui.parts.home import way_to
from ui.parts.kpis import show_scope, show_totals
from ui.parts.no_calls import show_nothing
from ui.parts.tables import (
    charge_column,
    count_column,
    day_column,
    linked_rows,
    share_column,
    text_column,
)
from ui.parts.uncharged import show_excluding, show_no_usage, show_pending, show_unpriced
from ui.period import Period
from ui.rows.row_order import keep_order


@st.fragment(run_every=REFRESH_S)
def show_subject(subject: str, period: Period, compared: Period, *, running_day: date) -> None:
    keep_order("models")
    keep_order("days")
    with failures_shown("subject", is_live=True):
        redraw_after_midnight(running_day)
        usage = api().subject_usage(subject, period, "day")
        if usage.totals.calls:
            earlier = api().subject_usage(subject, compared, "day")
            show_sentence(usage, earlier, running_day)
        show_scope(usage, today=running_day, now=now())
        if not usage.totals.calls:
            show_nothing("No calls of this subject in this range.", place="subject")
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
        event = st.altair_chart(
            daily_chart(charges, about=chart_about(usage, *whose(usage))),
            alt="Charge per day, stacked by model",
            on_select="rerun",
            key="daily-of-subject",
        )
        if said := others_words(charges, "model"):
            st.caption(said)
        model = value_of(clicked_group(event) or "", "model")
        if model and model in {row.model for row in by_model.data}:
            address.go_to(_calls_of(subject, model))
        show_models_table(api().subject_usage(subject, period, "model"))
        show_days_table(usage, running_day)


def _calls_of(subject: str, model: str) -> dict[Parameter, str]:
    """The address of the subject's calls of a model in the same days."""
    kept = address.kept_range()
    return {**kept, Parameter.SUBJECT: subject, Parameter.MODEL: model}


def show_models_table(usage: SubjectUsage) -> None:
    """The models, the dearest first; a row opens the calls of one."""
    rows = sorted(usage.data, key=lambda row: -(row.charge or 0))
    names = [row.model or "" for row in rows]
    columns = {
        "Model": text_column([name or "no model" for name in names]),
        f"Charge ({usage.currency})": charge_column([row.charge for row in rows]),
        "Share": share_column([share_of(row.charge, usage.totals.charge) for row in rows]),
        f"{usage.currency} per 1 M tokens": charge_column([per_million(row) for row in rows]),
        "Calls": count_column([row.calls for row in rows]),
        "Calls with errors": count_column([row.errors for row in rows]),
        "Tokens": count_column([tokens(row.units) for row in rows]),
        "Unpriced calls": count_column([row.unpriced_calls for row in rows]),
    }
    st.header("Models")
    shown = linked_rows(
        "models",
        names,
        links=[_calls_of(usage.subject, name) if name else None for name in names],
        columns=columns,
        alt="Models with their charge, calls and tokens",
    )
    show_exports("models", shown, usage)


def show_days_table(usage: SubjectUsage, running_day: date) -> None:
    """The days with calls, newest first; a row opens the day's calls."""
    rows = sorted(
        ((row.day, row) for row in usage.data if row.day), key=lambda pair: pair[0], reverse=True
    )
    st.header("Days")
    of_subject = {**address.kept_range(), Parameter.SUBJECT: usage.subject}
    columns = {
        "Day": day_column([day for day, _ in rows], running_day=running_day),
        f"Charge ({usage.currency})": charge_column([row.charge for _, row in rows]),
        "Calls": count_column([row.calls for _, row in rows]),
        "Calls with errors": count_column([row.errors for _, row in rows]),
        "Tokens": count_column([tokens(row.units) for _, row in rows]),
        "Unpriced calls": count_column([row.unpriced_calls for _, row in rows]),
    }
    ids = [day.isoformat() for day, _ in rows]
    shown = linked_rows(
        "days",
        ids,
        links=[{**of_subject, Parameter.DAY: each} for each in ids],
        columns=columns,
        alt="Days with their calls, tokens and charge",
    )
    show_exports("days", shown, usage)


def draw_subject(subject: str) -> None:
    heading = st.empty()
    heading.title(escape(subject), anchor=False)
    current = today(api().health())
    period, compared = choose_days(current)
    with asked_ahead(
        lambda client: client.subject_usage(subject, period, "day"),
        lambda client: client.subject_usage(subject, compared, "day"),
        lambda client: client.subject_usage(subject, period, "day", "model"),
        lambda client: client.subject_usage(subject, period, "model"),
    ):
        usage = api().subject_usage(subject, period, "day")
        with heading.container():
            address.breadcrumbs(way_to(usage.cost_centre, api().me(), address.kept_range()))
            st.title(escape(usage.name or subject), anchor=False)
            centre = escape(usage.cost_centre or "not known")
            st.caption(f"Subject {escape(subject)} · cost centre {centre}")
        show_subject(subject, period, compared, running_day=current)
