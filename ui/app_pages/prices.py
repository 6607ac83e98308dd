"""Prices: what a call costs, what lacks a price, and the book with sources, age and history."""

from collections.abc import Sequence

import streamlit as st

from ui.api.connection import api, asked_ahead, now, today
from ui.api.me_answer import KEEPERS, Permission
from ui.api.price_answers import Price
from ui.figures.offers import sold_by
from ui.figures.sellers import Sold, by_name
from ui.format import counted, escape
from ui.page_parts.price.adjustments import show_adjustments
from ui.page_parts.price.book_table import show_book, show_prices
from ui.page_parts.price.calculator import show_calculator
from ui.page_parts.price.history import show_history, show_scheduled
from ui.page_parts.price.unpriced import show_unpriced, usage_asked
from ui.parts.failure import failures_shown


def draw_prices() -> None:
    st.title("Prices", anchor=False)
    current = today(api().health())
    with asked_ahead(
        lambda client: client.prices(history=True), lambda client: usage_asked(client, current)
    ):
        answer = api().prices()
    if answer.book is None:
        remedy = (
            "Start one with `chargeback consumer run`."
            if api().me().may(Permission.BILLING)
            else f"Ask {KEEPERS}."
        )
        st.info(
            "No metering consumer has started yet: it says which price book is in use. " + remedy,
            icon=":material/sell:",
        )
        return
    show_book(answer.book, answer)
    history = api().prices(history=True)
    every = history.data
    names = by_name(sold_in_order(answer.data))
    name = next(iter(names), "")
    if names:
        with failures_shown("calculator"):
            name = show_calculator(names, answer)
    else:
        st.info(
            "No model has a price today in this book, so there is no call to calculate.",
            icon=":material/sell:",
        )
    show_scheduled(every, now=now())
    with failures_shown("unpriced"):
        show_unpriced(current)
    if api().me().may(Permission.BILLING):
        show_adjustments(history, now=now())
    st.header("The book", anchor=False)
    used = [price for price in answer.data if price.deployments]
    others = [price for price in answer.data if not price.deployments]
    show_prices(used, name="prices", alt="Prices that a deployment may be priced by")
    if name:
        with st.expander(f"{escape(name)} over time"):
            show_history(sold_by(*names[name], every), name, now=now())
    with st.expander(f"{escape(counted(len(others), 'price'))} without a deployment"):
        show_prices(others, name="other prices", alt="Prices of the book that no deployment has")


def sold_in_order(prices: Sequence[Price]) -> list[Sold]:
    """Models with a deployment first, then all others, from A to Z."""
    rows = sorted(prices, key=lambda price: (not price.deployments, price.model or ""))
    return [(price.provider, price.model) for price in rows if price.model]


draw_prices()
