"""One model's prices over time, and changes of any model that are scheduled."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from ui.address import Parameter
from ui.api.price_answers import Price
from ui.export.buttons import Extent
from ui.format import counted, escape, exact_number, unit, utc
from ui.page_parts.price.book_table import (
    deployment_types,
    rate_columns,
    show_price_files,
    source_text,
    where,
)
from ui.page_parts.price.price_history import ending, era_of, newest_first, scheduled
from ui.parts.tables import moment_column, plain_table, text_column

SHOWN_MAX = 50


def show_scheduled(prices: Sequence[Price], *, now: datetime) -> None:
    """What will change, and which price will end; nothing where nothing is scheduled."""
    coming = scheduled(prices, now=now)
    for price in coming[:SHOWN_MAX]:
        since = escape(utc(price.valid_from))
        st.info(
            f"**{escape(price.model or price.rule)} changes on {since}** "
            f"(UTC; {escape(deployment_types(price))}): {escape(first_rates(price))}.",
            icon=":material/event_upcoming:",
        )
    if len(coming) > SHOWN_MAX:
        st.caption(f"The next {SHOWN_MAX:,} of {counted(len(coming), 'change')}.")
    ends = ending(prices, now=now)
    for end, price in ends[:SHOWN_MAX]:
        st.warning(
            f"**{escape(price.model or price.rule)} may have no price from {escape(utc(end))} on** "
            f"(UTC; {escape(deployment_types(price))}): its price ends, and no other one of the "
            "book is for all of its calls.",
            icon=":material/event_busy:",
        )
    if len(ends) > SHOWN_MAX:
        st.caption(f"The next {SHOWN_MAX:,} of {counted(len(ends), 'end')}.")


def first_rates(price: Price) -> str:
    """ "input 2, output 8 USD per million", and up to which size of a prompt that holds."""
    tier = price.tiers[0]
    rates = [f"{unit(name)} {exact_number(rate)}" for name, rate in tier.per_million.items()]
    bound = tier.up_to_prompt_tokens
    smaller = "" if bound is None else f" for prompts of up to {bound:,} tokens"
    return f"{', '.join(rates)} {price.currency} per million{smaller}"


def show_history(prices: Sequence[Price], name: str, *, now: datetime) -> None:
    """Every price of one model, the newest first."""
    listed = newest_first(prices)[:SHOWN_MAX]
    rows = [(price, tier) for price in listed for tier in price.tiers]
    if not rows:
        return
    cut = None
    if len(listed) < len(prices):
        cut = f"the newest {len(listed):,} of {len(prices):,} prices"
        st.caption(f"{cut.capitalize()}.")
    columns = {
        "From (UTC)": moment_column([price.valid_from for price, _ in rows], utc),
        "To (UTC, excluded)": moment_column([price.valid_to for price, _ in rows], utc),
        "State": text_column([era_of(price, now=now).value for price, _ in rows]),
        "Deployment type": text_column([deployment_types(price) for price, _ in rows]),
        **rate_columns(rows),
        "Source": text_column([source_text(price) for price, _ in rows]),
        "Where": text_column([where(price) for price, _ in rows]),
        "Rule": text_column([price.rule for price, _ in rows]),
    }
    alt = f"Prices of {name} over time, the newest first"
    shown = plain_table("price history", columns, alt=alt, sortable=0 if cut else None)
    extent = Extent(of={Parameter.MODEL.value: name}, rows=cut)
    show_price_files("price history", shown, [price for price, _ in rows], extent=extent)
