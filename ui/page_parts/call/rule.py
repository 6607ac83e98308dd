"""The base rule that priced a call: who says the price, and how old that is."""

import streamlit as st

from ui.address import PRICES_PAGE, Parameter
from ui.api.connection import api
from ui.api.price_answers import Price, Prices
from ui.api.usage_answers import CallDetail, Explanation
from ui.format import counted, escape
from ui.format import day as day_text
from ui.page_parts.call.facts import show_facts
from ui.page_parts.price.book_table import source_text, where
from ui.parts.failure import failures_shown


def show_rule(call: CallDetail) -> None:
    """The rule, its source and its age, and the way to all prices of the model."""
    explanation = call.explanation
    show_facts(
        {
            "Base rule": explanation.base_rule_id,
            "Context tier (from 0)": None if explanation.tier is None else str(explanation.tier),
            "Price book version": explanation.book_version,
        }
    )
    if call.model is None:
        return
    with failures_shown("rule"):
        prices = api().prices(history=True, model=call.model)
        show_facts(source_facts(explanation, prices))
        if prices.data:
            st.page_link(
                PRICES_PAGE,
                label=f"Prices of {escape(call.model)}",
                icon=":material/sell:",
                query_params={Parameter.MODEL.value: call.model},
            )


def source_facts(explanation: Explanation, prices: Prices) -> dict[str, str | None]:
    """As the book in use says it; nothing where no book is in use or no rule priced the call."""
    rule, book = explanation.base_rule_id, prices.book
    if rule is None or book is None:
        return {}
    price = next((each for each in prices.data if each.rule == rule), None)
    if price is None:
        return {"Source of the price": "the price book in use does not list this rule"}
    said_by = ", ".join(part for part in (source_text(price), where(price)) if part)
    is_other = explanation.book_version != book.version
    later = "; as the price book in use says it, the call was priced by another" if is_other else ""
    return {"Source of the price": f"{said_by}{later}", "Checked": checked_text(price)}


def checked_text(price: Price) -> str:
    """The day on which somebody compared the price with its source, and how long ago that is."""
    ago = f"{counted(price.age_days, 'day')} ago" if price.age_days else "today"
    return f"{day_text(price.checked)}, {ago}{' (old)' if price.old else ''}"
