"""The list as a Streamlit component: what it is given, and the id of the row that was opened.

Its state `sort` is the title of the column whose head was chosen, and whether it is descending.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

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
    """One row. `href` is the address that it opens; without one it opens nothing. One that
    `unfolds` opens more rows of this list, and the page stays where it is.
    """

    id: str
    cells: Sequence[Cell]
    href: str | None = None
    unfolds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """The head of a column."""

    text: str
    is_number: bool
    is_day: bool = False


def draw_rows(
    key: str,
    titles: Sequence[Title],
    rows: Sequence[Row],
    *,
    label: str,
    sorts: bool,
    order: RowOrder | None = None,
) -> str | None:
    """Draw the rows in their order; the id of the one that was opened just now, if any.

    `sorts` is for lists that are shown whole: sorting one page of a longer list would mislead. A
    head that is chosen changes nothing here: the list's state `sort` has it, and whoever draws
    the list again gives the rows in that order, so that screen and files have the same one.
    """
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
                "unfolds": row.unfolds,
                "cells": [{"t": cell.text, "v": cell.value, "e": cell.exact} for cell in row.cells],
            }
            for row in rows
        ],
    }
    result = _mount(key=key, data=data, on_opened_change=_redraw, on_sort_change=_redraw)
    opened: str | None = result["opened"]
    return opened if opened in {row.id for row in rows} else None


def _redraw() -> None:
    """Naming the event is what makes the component report it; the page reads its value."""
