"""One model: latency and streams of its newest calls, and the same calls on another model."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from ui import address
from ui.address import MODELS_PAGE, PRICES_PAGE, Parameter
from ui.api.connection import api, today
from ui.api.found_calls import FoundCall, newest_calls
from ui.format import counted, escape, share
from ui.format import day as day_text
from ui.page_parts.model.model_figures import percentile
from ui.page_parts.model.what_if import show_what_if
from ui.parts.choosers import choose_period
from ui.parts.failure import failures_shown
from ui.parts.no_calls import show_nothing
from ui.period import one_day

CALLS_READ_MAX = 200
CARD_WIDTH_PX = 160
TEXT_UNITS = {"input", "output"}


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
    days = [row.day for row in usage.data if row.model == model and row.day and row.calls]
    if not days:
        show_nothing("No call of this model in these days.", place="model")
        return
    day = max(days)
    calls = newest_calls(api(), one_day(day), model=model, limit=CALLS_READ_MAX).data
    show_answers(calls, day)
    st.header("The same calls on another model", anchor=False)
    with failures_shown("what-if"):
        by_day = {row.day: row.calls for row in usage.data if row.model == model and row.day}
        show_what_if(model, by_day, currency=usage.currency)
    st.page_link(
        PRICES_PAGE,
        label="What this model's tokens cost",
        icon=":material/sell:",
        query_params={Parameter.MODEL.value: model},
    )


def show_answers(calls: Sequence[FoundCall], day: date) -> None:
    """Latency, streams and errors of the newest calls of one day."""
    times = [call.duration_ms for call in calls if call.duration_ms is not None]
    errors = sum(call.status >= 400 for call in calls)
    with st.grid(4, min_column_width=CARD_WIDTH_PX):
        st.metric("Half answered within", _ms(percentile(times, 50)), border=True)
        st.metric("95 % answered within", _ms(percentile(times, 95)), border=True)
        streamed = sum(call.stream for call in calls)
        st.metric("Streamed", share(streamed, len(calls)), border=True)
        st.metric("Errors", share(errors, len(calls)), border=True)
    most = " at most" if len(calls) == CALLS_READ_MAX else ""
    st.caption(
        f"The newest {counted(len(calls), 'call')}{most} of {day_text(day)}; the gateway measured "
        f"the time of {len(times):,}."
    )


def _ms(value: int | None) -> str:
    return "not measured" if value is None else f"{value:,} ms"
