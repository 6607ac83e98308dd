"""All models of a range: what a million tokens cost in fact, what the cache saved, and errors."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import altair as alt
import streamlit as st

from ui import address
from ui.address import MODELS_PAGE, Parameter
from ui.api.price_answers import Price
from ui.api.usage_answers import Totals, Usage, UsageRow
from ui.export.buttons import show_exports
from ui.figures.group_names import group_name
from ui.figures.unit_cost import per_million
from ui.figures.units import CACHED_UNITS, OUTPUT_UNITS, PROMPT_UNITS, count_of, tokens
from ui.format import amount, counted, escape
from ui.page_parts.model.model_figures import saved_by_cache
from ui.parts.charts import FITTED, chart_about, chart_title
from ui.parts.kpis import charge_text
from ui.parts.tables import (
    charge_column,
    count_column,
    linked_rows,
    ratio_column,
    text_column,
)
from ui.parts.uncharged import lacking_words
from ui.period import DAY, Period

BAR_PX = 26
BARS_MAX = 12


def show_models(usage: Usage, prices: Sequence[Price], today: date) -> None:
    """One sentence, the cost per million as bars, and the list; a row opens the model. `prices` are
    those of every time.
    """
    rows = sorted(usage.data, key=lambda row: (row.charge is None, -(row.charge or 0)))
    days = Period(first=usage.first, until=max(usage.first, min(usage.until, today + DAY)))
    saved = [saved_by_cache(row, prices, days) for row in rows]
    st.markdown(sentence(rows, saved, usage.totals, usage.currency))
    bars = [(group_name(row, "model"), cost) for row in rows if (cost := per_million(row))]
    if bars:
        shown = sorted(bars, key=lambda bar: -bar[1])[:BARS_MAX]
        some = (
            f"the dearest {len(shown):,} of {len(bars):,} models" if len(shown) < len(bars) else ""
        )
        st.altair_chart(
            unit_cost_chart(shown, currency=usage.currency, about=chart_about(usage, some)),
            alt="Cost per million tokens: "
            + ", ".join(f"{name} {amount(cost, usage.currency)}" for name, cost in shown),
        )
    _show_table(rows, saved, usage)
    st.caption(
        "A model has no cost per 1 M tokens where its charge lacks calls or a part of them. What "
        "the cache saved is at list price, at least; reasoning is known apart only where its "
        "price is."
    )


def sentence(
    rows: Sequence[UsageRow], saved: Sequence[Decimal | None], totals: Totals, currency: str
) -> str:
    """The dearest model, what its rank leaves out, and what the cache saved, as Markdown. Where
    nothing is charged, why: a model whose calls are free is not the dearest.
    """
    top = rows[0]
    if top.charge:
        name = escape(group_name(top, "model"))
        said = f"**{name} costs most: {amount(top.charge, currency)}**"
        unit_cost = per_million(top)
        said += f", {amount(unit_cost, currency)} per 1 M tokens." if unit_cost else "."
        said = f"{said}{lacking_words(totals)}"
    else:
        most = max(rows, key=lambda row: row.calls)
        name = escape(group_name(most, "model"))
        why = charge_text(totals, currency)
        said = f"**No model has a charge: {why}.** {name} has {counted(most.calls, 'call')}."
    total = sum((each for each in saved if each is not None), Decimal(0))
    return f"{said} The cache saved at least {amount(total, currency)}." if total else said


def unit_cost_chart(
    bars: Sequence[tuple[str, Decimal]], *, currency: str, about: str = ""
) -> alt.Chart:
    """The dearest per token first. Models lie powers of ten apart, so the axis is one of powers."""
    marks = [
        # A bar's length is a position on screen: the one place where a float is enough.
        {"name": name, "length": float(cost), "said": amount(cost, currency)}
        for name, cost in bars
    ]
    y = alt.Y("name:N", sort=None, axis=alt.Axis(title=None, labelLimit=180))
    title = f"{currency} per 1 M tokens"
    x = alt.X(
        "length:Q", scale=alt.Scale(type="log"), axis=alt.Axis(title=title, tickCount=4, grid=True)
    )
    tooltip = [alt.Tooltip("name:N", title="Model"), alt.Tooltip("said:N", title=title)]
    points: alt.Chart = (
        alt.Chart({"values": marks})
        .mark_point(filled=True, size=110, opacity=1)
        .encode(y=y, x=x, tooltip=tooltip)
        .properties(height=BAR_PX * len(bars), title=chart_title(about), autosize=FITTED)
    )
    return points


def _show_table(rows: Sequence[UsageRow], saved: Sequence[Decimal | None], usage: Usage) -> None:
    currency = usage.currency
    cached = [
        (count_of(row.units, CACHED_UNITS), count_of(row.units, PROMPT_UNITS)) for row in rows
    ]
    reasoning = [_reasoning(row) for row in rows]
    apart = {"Reasoning share": ratio_column(reasoning)} if any(map(any, reasoning)) else {}
    st.caption("Open a model to see its latency and what the same calls cost on another one.")
    kept = address.kept_range()
    columns = {
        "Model": text_column([group_name(row, "model") for row in rows]),
        f"Charge ({currency})": charge_column([row.charge for row in rows]),
        f"{currency} per 1 M": charge_column([per_million(row) for row in rows]),
        "Cached share": ratio_column(cached),
        f"Cache saved ({currency})": charge_column(list(saved)),
        **apart,
        "Errors": ratio_column([(row.errors, row.calls) for row in rows]),
        "Calls": count_column([row.calls for row in rows]),
        "Tokens": count_column([tokens(row.units) for row in rows]),
        "Unpriced calls": count_column([row.unpriced_calls for row in rows]),
    }
    shown = linked_rows(
        "models",
        [row.model or "" for row in rows],
        links=[
            address.href({**kept, Parameter.MODEL: row.model}, page=MODELS_PAGE)
            if row.model
            else None
            for row in rows
        ],
        columns=columns,
        alt="Models with their charge, what a million tokens cost, cached share and errors",
    )
    show_exports("models", shown, usage)


def _reasoning(row: UsageRow) -> tuple[int, int]:
    """Nothing of nothing where no reasoning is priced apart: then output includes it."""
    reasoning = row.units.get("reasoning", 0)
    return (reasoning, count_of(row.units, OUTPUT_UNITS)) if reasoning else (0, 0)
