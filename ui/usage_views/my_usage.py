"""My usage: what one's own calls cost, on which models, and which calls were the dearest."""

from dataclasses import replace
from datetime import date

import streamlit as st

from ui import address
from ui.address import Parameter
from ui.api.connection import REFRESH_S, api, now, redraw_after_midnight, today
from ui.api.found_calls import my_calls
from ui.api.usage_answers import SubjectUsage
from ui.export.buttons import Extent, show_exports
from ui.figures.own_calls import dearest, searched, title
from ui.figures.tips import tips
from ui.figures.units import tokens
from ui.format import day as day_text
from ui.format import escape, minute
from ui.page_parts.spend.headline import show_sentence
from ui.page_parts.spend.models import show_models
from ui.parts.charts import chart_about, daily_charges, daily_chart, others_words, whose
from ui.parts.choosers import choose_period, days_before
from ui.parts.failure import failures_shown
from ui.parts.home import MY_USAGE
from ui.parts.kpis import show_scope, show_totals
from ui.parts.tables import charge_column, count_column, linked_rows, text_column
from ui.parts.uncharged import show_excluding, show_no_usage, show_pending, show_unpriced
from ui.period import Period
from ui.rows.row_order import keep_order


@st.fragment(run_every=REFRESH_S)
def show_mine(period: Period, running_day: date) -> None:
    """The sentence, the totals, the days and the models."""
    keep_order("models")
    with failures_shown("mine", is_live=True):
        redraw_after_midnight(running_day)
        usage = api().my_usage(period, "day")
        if not usage.totals.calls:
            show_scope(usage, today=running_day, now=now())
            st.info(
                "You have no calls on these days. Send one through the gateway: it appears here "
                "within seconds of its answer.",
                icon=":material/hourglass_empty:",
            )
            return
        compared = days_before(period, running_day)
        show_sentence(usage, api().my_usage(compared, "day"), running_day)
        show_scope(usage, today=running_day, now=now())
        show_totals(usage, today=running_day)
        by_model = api().my_usage(period, "model")
        for tip in tips(usage.totals, by_model.data, currency=usage.currency):
            st.info(tip, icon=":material/lightbulb:")
        show_uncharged(usage, by_model)
        charges = daily_charges(
            api().my_usage(period, "day", "model").data,
            by="model",
            days=period.days(up_to=running_day),
            today=running_day,
            currency=usage.currency,
        )
        st.altair_chart(
            daily_chart(charges, about=chart_about(usage, *whose(usage))),
            alt="My charge per day, stacked by model",
        )
        if said := others_words(charges, "model"):
            st.caption(said)
        st.header("My models")
        show_models(by_model)


def show_uncharged(usage: SubjectUsage, by_model: SubjectUsage) -> None:
    totals = usage.totals
    if totals.unpriced_calls:
        show_unpriced(by_model)
    if totals.no_usage_calls:
        show_no_usage(totals.no_usage_calls, totals.failed_calls)
    if totals.pending_calls:
        show_pending(totals.pending_calls)
    if totals.excluding_calls:
        show_excluding(totals.excluding_calls)


def show_dearest(period: Period) -> None:
    """The dearest calls; not redrawn by itself, so that a row stays where it is."""
    keep_order("dearest")
    with failures_shown("dearest"):
        calls = my_calls(api(), period)
        rows = dearest(calls.data)
        if not rows:
            return
        st.header(title(calls))
        st.caption(searched(calls))
        links = [{**address.kept_range(), Parameter.CALL: row.id} for row in rows]
        columns = {
            "Time": replace(
                text_column(
                    [f"{day_text(row.day)}, {minute(row.time, calls.zone)}" for row in rows]
                ),
                sorted_by=[row.time for row in rows],
            ),
            f"Charge ({calls.currency})": charge_column(
                [row.cost.charge if row.cost else None for row in rows]
            ),
            "Model": text_column([row.model or row.deployment for row in rows]),
            "Tokens": count_column([tokens(row.units) for row in rows]),
            "Operation": text_column([row.operation for row in rows]),
        }
        shown = linked_rows(
            "dearest",
            [row.id for row in rows],
            links=links,
            columns=columns,
            alt="My dearest calls with their charge and tokens",
        )
        show_exports("my dearest calls", shown, calls, extent=Extent(rows=searched(calls)))


def draw_my_usage() -> None:
    st.title(MY_USAGE)
    me = api().me()
    if me.subject is None:
        st.info(
            "Nobody signs in here, so no call is known to be yours. The overview has everybody's.",
            icon=":material/person_off:",
        )
        return
    who = escape(me.name or me.subject or "")
    st.caption(f"{who} · cost centre {escape(me.cost_centre or 'not known')}")
    current = today(api().health())
    period = choose_period(current)
    show_mine(period, current)
    show_dearest(period)
