"""Tables whose rows open something. A row is resolved to its id, never kept as a position.

A grid reports the position of the selected row. So the key of each grid contains the ids that it
shows. When they change, it is another grid, and a late click on the old one opens nothing wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any, cast

import pandas as pd  # type: ignore[import-untyped]  # pandas ships no types
import streamlit as st

from ui.format import exact_number, number

Cell = str | int | Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its cells in row order, right-aligned and grouped when they are numbers."""

    cells: Sequence[Cell]
    format: Callable[[Cell], str] | None = None
    """Text of a cell that is not absent; the number itself stays for sorting and export."""
    width_px: int | None = None
    """None fits the width to the cells."""


def charge_column(cells: Sequence[Decimal | None]) -> Column:
    """Amounts rounded for reading; the cell itself and the download have every digit."""
    return Column(cells=cells, format=lambda cell: number(cast(Decimal, cell)))


def exact_column(cells: Sequence[Decimal | None]) -> Column:
    """Amounts with every digit, for a person who checks the arithmetic."""
    return Column(cells=cells, format=lambda cell: exact_number(cast(Decimal, cell)))


def count_column(cells: Sequence[int | None]) -> Column:
    return Column(cells=cells, format=lambda cell: f"{cell:,}")


def text_column(cells: Sequence[str | None], *, width_px: int | None = None) -> Column:
    return Column(cells=cells, width_px=width_px)


def grid_key(name: str, ids: Sequence[str]) -> str:
    """The key of the grid that shows exactly these ids in this order."""
    return f"{name}-{sha256(chr(0).join(ids).encode()).hexdigest()[:16]}"


def opened_row(
    name: str, ids: Sequence[str], *, columns: Mapping[str, Column], alt: str
) -> str | None:
    """Draw the grid, and return the id of the row that was selected just now, if any."""
    event = st.dataframe(
        _styled(columns),
        hide_index=True,
        column_config=_configuration(columns),
        on_select="rerun",
        selection_mode="single-row",
        placeholder="—",
        key=grid_key(name, ids),
        height="content",
        alt=alt,
    )
    rows = event["selection"]["rows"]
    return ids[rows[0]] if rows else None


def plain_table(columns: Mapping[str, Column], *, alt: str) -> None:
    """A grid whose rows open nothing."""
    st.dataframe(
        _styled(columns),
        hide_index=True,
        column_config=_configuration(columns),
        placeholder="—",
        height="content",
        alt=alt,
    )


def _styled(columns: Mapping[str, Column]) -> Any:
    """A pandas Styler: people read texts, and sorting and export use the values."""
    frame = pd.DataFrame(
        {title: pd.Series(list(column.cells), dtype=object) for title, column in columns.items()}
    )
    return frame.style.format(
        {title: column.format for title, column in columns.items() if column.format}, na_rep="—"
    )


def _configuration(columns: Mapping[str, Column]) -> dict[str, Any]:
    return {
        title: st.column_config.Column(
            width=column.width_px, alignment="right" if column.format else "left"
        )
        for title, column in columns.items()
    }
