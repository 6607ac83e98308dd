"""The list as a Streamlit component: what it is given, and what a click does.

A head that is chosen writes the order into the address, and the page draws the list from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from ui import address, chosen_values
from ui.rows.row_order import RowOrder

HERE = Path(__file__).parent
NAME = "chargeback_rows"
LONG_ROWS = 100
"""A longer list has a scroll bar of its own, and its heads stay in view."""

_mount = st.components.v2.component(
    NAME,
    html='<div class="rows"></div>',
    css=(HERE / "rows.css").read_text(encoding="utf-8"),
    js=(HERE / "rows.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What people read, and its value."""

    text: str
    value: str | int | None
    exact: str | None = None
    """Every digit, shown on hover, where the text is rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row. `href` is the address that it opens; without one it opens nothing."""

    id: str
    cells: Sequence[Cell]
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """The head of a column."""

    text: str
    is_number: bool
    is_day: bool = False


def draw_rows(
    name: str,
    titles: Sequence[Title],
    rows: Sequence[Row],
    *,
    label: str,
    sorts: bool,
    order: RowOrder | None = None,
) -> None:
    """Draw the rows in their order. One that is opened leads to its address before anything of
    this page is asked or drawn again.

    `sorts` is for lists that are shown whole: sorting one page of a longer list would mislead. A
    head that is chosen changes nothing here: the address has it, and whoever draws the list again
    gives the rows in that order, so that screen, files and whoever gets the address have the same.
    """
    key = f"rows-{name}"
    data: dict[str, Any] = {
        "label": label,
        "sorts": sorts,
        "sort": {"title": order.title, "descending": order.descending} if order else None,
        "long": len(rows) > LONG_ROWS,
        "columns": [
            {"title": each.text, "number": each.is_number, "day": each.is_day} for each in titles
        ],
        "rows": [
            {
                "id": row.id,
                "href": row.href,
                "cells": [{"t": cell.text, "v": cell.value, "e": cell.exact} for cell in row.cells],
            }
            for row in rows
        ],
    }

    def sort() -> None:
        chosen = st.session_state[key]["sorted"]
        order = RowOrder(title=chosen["title"], descending=chosen["descending"])
        chosen_values.change({}, orders={name: order})

    addresses = {row.id: row.href for row in rows if row.href is not None}

    def open_row() -> None:
        if (href := addresses.get(st.session_state[key]["opened"])) is not None:
            address.open_link(href)

    _mount(key=key, data=data, on_opened_change=open_row, on_sorted_change=sort)
