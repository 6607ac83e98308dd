"""One model: latency and streams of its newest calls, and the same calls on another model."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from ui import address
from ui.address import MODELS_PAGE, PRICES_PAGE, Parameter
from ui.api.connection import api, today
from ui.api.found_calls import FoundCall, newest_calls
from ui.api.price_answers import Price
from ui.api.rating import rate
from ui.format import amount, counted, escape, share
from ui.format import day as day_text
from ui.page_parts.model.model_figures import WhatIf, offer_of, percentile, questions_of, what_if
from ui.parts.choosers import MODEL_WIDTH_PX, choose_period, not_offered, pick
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
    show_what_if(calls, model, day=day, currency=usage.currency)
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


def show_what_if(calls: Sequence[FoundCall], model: str, *, day: date, currency: str) -> None:
    """The engine rates the recorded tokens of the same calls on their own and another model."""
    st.header("The same calls on another model", anchor=False)
    prices = api().prices().data
    others = text_models(prices, but=model)
    if not others:
        st.info(
            "No other model of the price book has a deployment: name one in the book to compare.",
            icon=":material/sell:",
        )
        return
    if (absent := not_offered(Parameter.INSTEAD, others)) is not None:
        st.warning(
            f"**{escape(absent)} is none of the other models** with a deployment and a price for "
            "text. What follows is of one of these.",
            icon=":material/sell:",
        )
    instead = pick(
        "Another model",
        Parameter.INSTEAD,
        options={name: name for name in others},
        width=MODEL_WIDTH_PX,
    )
    asked = questions_of(calls, offer_of(model, prices), offer_of(instead, prices))
    if not asked:
        st.info(
            "None of these calls can be priced on another model: they have no cost, or audio, "
            "images or tools that it may not have.",
            icon=":material/compare_arrows:",
        )
        return
    found = what_if(len(calls), asked, rate(api(), asked).data)
    st.markdown(outcome(found, instead, day=day, currency=currency))
    st.caption(
        "Their recorded tokens on both models, at list price, by the price book in use; a model "
        "without a price on Global Standard by its first deployment type. What they were charged "
        "may differ: by another book, deployment type or service tier, and by discounts. Another "
        "model may need more or fewer tokens for the same work."
    )


def text_models(prices: Sequence[Price], *, but: str) -> list[str]:
    """Models with a price for text that some deployment may have."""
    return sorted(
        {
            price.model
            for price in prices
            if price.model and price.deployments and price.model != but
            if any(tier.per_million.keys() >= TEXT_UNITS for tier in price.tiers)
        }
    )


def outcome(found: WhatIf, instead: str, *, day: date, currency: str) -> str:
    """The what-if in one sentence, as Markdown."""
    if not found.calls:
        model, reason = found.unpriced or instead, found.reason or "unknown"
        return f"**{escape(model)} has no price for them:** {escape(reason)}."
    calls = f"{counted(found.calls, 'call')} of {day_text(day)} on {escape(instead)}"
    difference = found.instead - found.own
    new, old = amount(found.instead, currency), amount(found.own, currency)
    if not difference:
        said = f"**{new}, the same** for {calls}."
    else:
        word = "more" if difference > 0 else "less"
        by = amount(abs(difference), currency)
        said = f"**{new} instead of {old}**: {by} {word} for {calls}."
    left = counted(found.left_out, "call")
    return f"{said} {left} left out, at no cost or without two prices." if found.left_out else said
