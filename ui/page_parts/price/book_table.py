"""The book as people read it: what a model costs where, who says so, and how old that is."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import streamlit as st

from ui.api.connection import api, today
from ui.api.me_answer import KEEPERS, Permission
from ui.api.price_answers import BookInUse, Price, Prices, PriceTier
from ui.export.buttons import WHOLE, Extent, show_files
from ui.format import counted, exact_number, local_day
from ui.format import day as day_text
from ui.page_parts.price.offer_chooser import spaced
from ui.parts.tables import Column, Shown, exact_column, first_names, plain_table, text_column
from ui.period import one_day

BOOK_LETTERS = 12
ANY_MODEL = "any model"
"""Fees of tools are the same for each."""
SHOWN_UNITS = {"input": "Input", "cache_read": "Cached", "output": "Output"}
"""Units with a column of their own; the others are in one text."""


def show_book(book: BookInUse, answer: Prices) -> None:
    """Which book it is, and whether its prices are too old."""
    since = local_day(book.used_at, api().health().zone)
    st.caption(
        f"Price book {book.version[:BOOK_LETTERS]} · in use since {since} · prices per million"
    )
    if answer.old_in_use:
        remedy = (
            "compare with `chargeback prices fetch-azure` and `chargeback prices import-azure`."
            if api().me().may(Permission.BILLING)
            else f"ask {KEEPERS} to check them."
        )
        st.warning(
            f"{counted(answer.old_in_use, 'price')} in use, checked more than "
            f"{counted(book.age_days_max, 'day')} ago: {remedy}",
            icon=":material/history:",
        )


def show_prices(prices: Sequence[Price], *, name: str, alt: str) -> None:
    """A row per rule and prompt size; `name` is that of its files."""
    columns = price_columns(prices)
    shown = plain_table(name, columns, alt=alt)
    show_price_files(name, shown, prices)


def price_columns(prices: Sequence[Price]) -> dict[str, Column]:
    """What a price is for, what a million cost, who says so, and how old that is."""
    ordered = sorted(prices, key=lambda price: (price.model is None, price.model or ""))
    rows = [(price, tier) for price in ordered for tier in price.tiers]
    return {
        "Model": text_column([price.model or ANY_MODEL for price, _ in rows]),
        "Deployment type": text_column([deployment_types(price) for price, _ in rows]),
        "For": text_column([_conditions(price, tier) or None for price, tier in rows]),
        **rate_columns(rows),
        "Other units": text_column([_others(tier.per_million) for _, tier in rows]),
        "Source": text_column([source_text(price) for price, _ in rows]),
        "Checked": replace(
            text_column([_checked(price) for price, _ in rows]),
            sorted_by=[price.checked for price, _ in rows],
        ),
        "Deployments": Column(
            cells=[", ".join(price.deployments) or None for price, _ in rows],
            format=first_names,
            is_number=False,
        ),
    }


def rate_columns(rows: Sequence[tuple[Price, PriceTier]]) -> dict[str, Column]:
    """Input, cached and output per million; the currency is in the head if there is one alone."""
    currencies = {price.currency for price, _ in rows}
    unit_of = f" ({next(iter(currencies))})" if len(currencies) == 1 else ""
    each = text_column([price.currency for price, _ in rows])
    return {
        **({} if unit_of else {"Currency": each}),
        **{
            f"{title}{unit_of}": exact_column([tier.per_million.get(unit) for _, tier in rows])
            for unit, title in SHOWN_UNITS.items()
        },
    }


def show_price_files(
    name: str, shown: Shown, prices: Sequence[Price], *, extent: Extent = WHOLE
) -> None:
    """The rows on screen, as of today."""
    health = api().health()
    currencies = sorted({price.currency for price in prices})
    show_files(
        name,
        shown,
        period=one_day(today(health)),
        zone=health.zone,
        currency=", ".join(currencies),
        extent=extent,
    )


def _checked(price: Price) -> str:
    """When somebody last compared the price with its source."""
    return f"{day_text(price.checked)}{' (old)' if price.old else ''}"


DEPLOYMENT = "deployment"
"""The dimension of a rule that has a column of its own."""


def deployment_types(price: Price) -> str:
    """GlobalStandard → "Global Standard"; a price for all of them says so."""
    return " or ".join(map(spaced, price.matches.get(DEPLOYMENT, []))) or "all"


def _conditions(price: Price, tier: PriceTier) -> str:
    """What else a call must be, and how large its prompt may be."""
    conditions = [
        " or ".join(values) for name, values in sorted(price.matches.items()) if name != DEPLOYMENT
    ]
    if tier.up_to_prompt_tokens is not None:
        conditions.append(f"up to {tier.up_to_prompt_tokens:,} prompt tokens")
    elif len(price.tiers) > 1:
        conditions.append("larger prompts")
    return ", ".join(conditions)


def _others(per_million: dict[str, Decimal]) -> str | None:
    others = [
        f"{unit} {exact_number(rate)}"
        for unit, rate in per_million.items()
        if unit not in SHOWN_UNITS
    ]
    return ", ".join(others) or None


def source_text(price: Price) -> str:
    return " ".join(part for part in (price.source.kind, price.source.version) if part)


def where(price: Price) -> str | None:
    """Where the source has it: an address, or the names of Azure's meters."""
    source = price.source
    return source.url or ", ".join(source.meters.values()) or source.note
