"""Models with what a million of their tokens cost, all kinds of tokens together."""

import streamlit as st

from ui.api.usage_answers import Usage
from ui.export.buttons import show_exports
from ui.figures.unit_cost import per_million
from ui.figures.units import CACHED_UNITS, PROMPT_UNITS, count_of, tokens
from ui.parts.tables import charge_column, count_column, plain_table, ratio_column, text_column


def show_models(usage: Usage) -> None:
    """The dearest model first; a model without a charge last."""
    rows = sorted(usage.data, key=lambda row: (row.charge is None, -(row.charge or 0)))
    cached = [
        (count_of(row.units, CACHED_UNITS), count_of(row.units, PROMPT_UNITS)) for row in rows
    ]
    columns = {
        "Model": text_column([row.model or "no model" for row in rows]),
        f"Charge ({usage.currency})": charge_column([row.charge for row in rows]),
        f"{usage.currency} per 1 M tokens": charge_column([per_million(row) for row in rows]),
        "Calls": count_column([row.calls for row in rows]),
        "Tokens": count_column([tokens(row.units) for row in rows]),
        "Cached share of prompts": ratio_column(cached),
        "Unpriced calls": count_column([row.unpriced_calls for row in rows]),
    }
    shown = plain_table(
        "models",
        columns,
        alt="Models with their charge, what a million tokens cost, and the cached share",
    )
    show_exports("models", shown, usage)
    if any(row.unpriced_calls for row in rows):
        st.caption("A model with unpriced calls has no cost per 1 M tokens: its charge lacks them.")
