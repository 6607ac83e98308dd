"""One model: what it cost, the same calls on another model, and how fast it answers."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from ui import address
from ui.address import MODELS_PAGE, PRICES_PAGE, Parameter
from ui.api.client import Only
from ui.api.connection import api, today
from ui.api.found_calls import FoundCall, calls_of_day
from ui.api.usage_answers import Usage
from ui.figures.unit_cost import per_million
from ui.format import amount, counted, days, escape, share
from ui.format import day as day_text
from ui.page_parts.model.model_figures import percentile
from ui.page_parts.model.what_if import show_what_if
from ui.parts.choosers import choose_period
from ui.parts.failure import failures_shown
from ui.parts.kpis import charge_words
from ui.parts.no_calls import show_nothing
from ui.parts.uncharged import lacking_words

CALLS_READ_MAX = 200
CARD_WIDTH_PX = 160


def draw_model(model: str) -> None:
    st.page_link(
        MODELS_PAGE,
        label="Models",
        icon=":material/chevron_left:",
        query_params={str(name): value for name, value in address.kept_range().items()},
    )
    st.title(escape(model), anchor=False)
    period = choose_period(today(api().health()))
    usage = api().usage(period, "day", "model")
    by_day = {row.day: row.calls for row in usage.data if row.model == model and row.day}
    with_calls = [day for day, calls in by_day.items() if calls]
    if not with_calls:
        show_nothing("No call of this model in these days.", place="model")
        return
    of_model = api().usage(period, "model", only=Only(model=model))
    st.markdown(sentence(of_model))
    st.header("The same calls on another model", anchor=False)
    with failures_shown("what-if"):
        show_what_if(model, by_day, currency=usage.currency)
    day = max(with_calls)
    st.header("How its newest calls were answered", anchor=False)
    with failures_shown("answers"):
        most = min(CALLS_READ_MAX, by_day[day])
        show_answers(calls_of_day(api(), day, model=model, most=most), day)
    st.page_link(
        PRICES_PAGE,
        label="What this model's tokens cost",
        icon=":material/sell:",
        query_params={Parameter.MODEL.value: model},
    )


def sentence(usage: Usage) -> str:
    """What the model cost in the range, its calls and their errors, as Markdown."""
    totals = usage.totals
    cost = charge_words(totals, usage.currency)
    of = f"{counted(totals.calls, 'call')} of {days(usage.first, usage.period.last)}"
    parts = [f"{cost} for {of}", f"{share(totals.errors, totals.calls)} of them errors"]
    if unit_cost := per_million(totals):
        parts.append(f"{amount(unit_cost, usage.currency)} per 1 M tokens")
    lacking = lacking_words(totals) if totals.charge else ""
    return f"{', '.join(parts)}.{lacking}"


def show_answers(calls: Sequence[FoundCall], day: date) -> None:
    """Latency and streams of the newest calls of one day."""
    if not calls:
        st.info(
            f"They are not among the newest calls of {day_text(day)}, so nothing of them was read.",
            icon=":material/hourglass_empty:",
        )
        return
    times = [call.duration_ms for call in calls if call.duration_ms is not None]
    with st.grid(3, min_column_width=CARD_WIDTH_PX):
        st.metric("Half answered within", _ms(percentile(times, 50)), border=True)
        st.metric("95 % answered within", _ms(percentile(times, 95)), border=True)
        streamed = sum(call.stream for call in calls)
        st.metric("Streamed", share(streamed, len(calls)), border=True)
    most = " at most" if len(calls) == CALLS_READ_MAX else ""
    st.caption(
        f"The newest {counted(len(calls), 'call')}{most} of {day_text(day)}; the gateway measured "
        f"the time of {len(times):,}."
    )


def _ms(value: int | None) -> str:
    return "not measured" if value is None else f"{value:,} ms"
