"""What the company agreed on and what it adds: the steps from the list price to the charge."""

from dataclasses import replace
from datetime import datetime

import streamlit as st

from ui.api.connection import api, today
from ui.api.price_answers import Adjustment, Prices
from ui.export.buttons import show_files
from ui.figures.adjustment_words import STEPS, for_whom, what_it_does
from ui.format import utc
from ui.parts.tables import moment_column, plain_table, text_column
from ui.period import one_day

UNREADABLE = {
    "absent": "The archive of price books does not have the book in use",
    "damaged": "The archived price book is not what was written",
}


def show_adjustments(prices: Prices, *, now: datetime) -> None:
    """Those in force and those that begin later, in the order in which the engine applies them."""
    rows = [rule for rule in prices.adjustments if rule.valid_to is None or rule.valid_to > now]
    st.header("Discounts and mark-ups", anchor=False)
    if prices.archived in UNREADABLE:
        st.warning(
            f"{UNREADABLE[prices.archived]}, so discounts and mark-ups cannot be listed. Calls are "
            "charged by them all the same.",
            icon=":material/warning:",
        )
        return
    if not rows:
        st.caption("There is none: what is charged is the list price.")
        return
    columns = {
        "What": text_column([what_it_does(rule) for rule in rows]),
        "For": text_column([for_whom(rule) for rule in rows]),
        "Step": text_column([STEPS[rule.layer] for rule in rows]),
        "From (UTC)": replace(
            text_column([_since(rule, now) for rule in rows]),
            sorted_by=[rule.valid_from for rule in rows],
        ),
        "To (UTC, excluded)": moment_column([rule.valid_to for rule in rows], utc),
        "Rule": text_column([rule.rule for rule in rows]),
    }
    shown = plain_table(
        "adjustments", columns, alt="Discounts and mark-ups in the order in which they apply"
    )
    health = api().health()
    show_files(
        "discounts and mark-ups",
        shown,
        period=one_day(today(health)),
        zone=health.zone,
        currency=rows[0].currency,
    )


def _since(rule: Adjustment, now: datetime) -> str:
    later = " (not yet)" if rule.valid_from > now else ""
    return f"{utc(rule.valid_from)}{later}"
