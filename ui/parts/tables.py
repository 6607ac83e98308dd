"""Tables: lists whose rows are links to what their ids name, and grids whose rows open nothing."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

import pandas as pd  # type: ignore[import-untyped]  # pandas ships no types
import streamlit as st

from ui import address
from ui.address import Parameters
from ui.format import day, exact_number, number, percent, signed
from ui.parts.unknown_word import say_unknown
from ui.rows.component import Cell as ListCell
from ui.rows.component import Row, Title, draw_rows
from ui.rows.row_order import RowOrder, drop_order, named_order, positions, take_kept_order

NOTHING = "—"
NAMES_SHOWN_MAX = 2
LIST_ROWS_MAX = 1000
"""A longer table is a grid, which draws only the rows in view. A longer list of links has its first
rows alone."""
GRID_ORDER = "that of the page, whatever its grid was sorted by"
NO_COLUMN, NOT_WHOLE = "it has no such column", "it is not shown whole"
BY_ITS_HEADS = "so long a list is sorted by a click on its heads alone"
"""Why a list does not obey its address."""
Cell = str | int | Decimal | date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its cells in row order, right-aligned when they are numbers."""

    cells: Sequence[Cell]
    format: Callable[[Cell], str] | None = None
    """Text of a cell that is not absent; the value itself stays for sorting and export."""
    is_number: bool = True
    width_px: int | None = None
    """None fits the width to the cells."""
    is_share: bool = False
    """Whether the cells are shares in per cent, which the head of a file says."""
    sorted_by: Sequence[Any] | None = None
    """What each cell stands for, where its words have another order: "1 Dec" is after "2 Nov"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A list as it is on screen: what its files have."""

    columns: Mapping[str, Column]
    """With their cells in the order of the rows."""
    order: str = ""
    """In words, where it is not the page's own."""


def charge_column(cells: Sequence[Decimal | None]) -> Column:
    """Amounts rounded for reading; the cell itself and the download have every digit."""
    return Column(cells=cells, format=lambda cell: number(cast(Decimal, cell)))


def change_column(cells: Sequence[Decimal | None]) -> Column:
    """Amounts with their sign."""
    return Column(cells=cells, format=lambda cell: signed(cast(Decimal, cell)))


def exact_column(cells: Sequence[Decimal | None]) -> Column:
    """Amounts with every digit, for a person who checks the arithmetic."""
    return Column(cells=cells, format=lambda cell: exact_number(cast(Decimal, cell)))


def count_column(cells: Sequence[int | None]) -> Column:
    return Column(cells=cells, format=lambda cell: f"{cell:,}")


def text_column(cells: Sequence[str | None], *, width_px: int | None = None) -> Column:
    return Column(cells=cells, is_number=False, width_px=width_px)


def day_column(cells: Sequence[date | None], *, running_day: date | None = None) -> Column:
    """Days as people write them; the running one says that it is not over."""

    def text(cell: Cell) -> str:
        return day(cast(date, cell)) + (" (so far)" if cell == running_day else "")

    return Column(cells=cells, format=text, is_number=False)


def moment_column(moments: Sequence[datetime | None], words: Callable[[datetime], str]) -> Column:
    """Times in words, sorted by what they are."""
    cells = [None if moment is None else words(moment) for moment in moments]
    return Column(cells=cells, is_number=False, sorted_by=moments)


def share_column(cells: Sequence[Decimal | None]) -> Column:
    """Shares in per cent."""
    return Column(cells=cells, format=lambda cell: percent(cast(Decimal, cell)), is_share=True)


def ratio_column(pairs: Sequence[tuple[int, int]]) -> Column:
    """Parts of wholes in per cent; without a whole there is none."""
    return share_column([Decimal(100 * part) / whole if whole else None for part, whole in pairs])


def first_names(cell: Cell) -> str:
    """The first of many names of a cell, which the list's file has whole."""
    names = str(cell).split(", ")
    more = len(names) - NAMES_SHOWN_MAX
    shown = ", ".join(names[:NAMES_SHOWN_MAX])
    return f"{shown} and {more} more" if more > 0 else shown


def linked_rows(
    name: str,
    ids: Sequence[str],
    *,
    links: Sequence[Parameters | str | None],
    columns: Mapping[str, Column],
    alt: str,
    sortable: int | None = None,
) -> Shown:
    """Draw a list whose rows are links; the list as it is on screen.

    `links` are the addresses of the rows: parameters of the usage page, or one of another page as
    `address.href` makes it; None is a row that opens nothing. Its
    heads sort so many of the first rows as are `sortable`, None for all: sums of others stay last.
    It is 0 for a list that is not whole, because one page in another order would mislead.

    Of a list that is too long the first rows in its order are drawn, and the sums; files have all.
    """
    sorts = sortable != 0
    order = _order(name, columns if sorts else (), lacks=NO_COLUMN if sorts else NOT_WHOLE)
    at = list(range(len(ids)))
    if order:
        column = columns[order.title]
        keys = (column.cells if column.sorted_by is None else column.sorted_by)[:sortable]
        at[: len(keys)] = positions(keys, descending=order.descending)
    shown = {
        title: replace(column, cells=[column.cells[index] for index in at], sorted_by=None)
        for title, column in columns.items()
    }
    titles = [
        Title(
            text=title,
            is_number=column.is_number,
            is_day=any(isinstance(cell, date) for cell in column.cells),
        )
        for title, column in shown.items()
    ]
    rows = [
        Row(
            id=ids[index],
            cells=[_cell(column, line) for column in shown.values()],
            href=_href(links[index]),
        )
        for line, index in _drawn(at, sums=len(at) - sortable if sortable else 0)
    ]
    draw_rows(name, titles, rows, label=alt, sorts=sorts, order=order)
    if len(rows) < len(at):
        st.caption(f"The first {len(rows):,} of {len(at):,} rows. The files have all of them.")
    return Shown(columns=shown, order=order.words if order else "")


def _drawn(at: Sequence[int], *, sums: int) -> list[tuple[int, int]]:
    """The rows that are drawn of an order, with their places in it: the first ones, and the last
    ones where these are `sums`.
    """
    placed = list(enumerate(at))
    left_out = max(0, len(placed) - LIST_ROWS_MAX)
    return placed[: len(placed) - sums - left_out] + placed[len(placed) - sums :]


def _order(name: str, titles: Collection[str], *, lacks: str) -> RowOrder | None:
    """What the address says of this list. Where no title is that of the order, what the list
    `lacks` is said; but a choice on this page that made the order void has dropped it.
    """
    order, kept = named_order(name), take_kept_order(name)
    if order is None or order.title in titles:
        return order
    if order == kept:
        drop_order(name)
        return None
    no_such = f"the list of {name} cannot be sorted {order.words}"
    say_unknown("Order", order.words, "its own order", why=lambda _: f"{no_such}: {lacks}")
    return None


def _href(link: Parameters | str | None) -> str | None:
    return address.href(link) if isinstance(link, Mapping) else link


def _cell(column: Column, index: int) -> ListCell:
    cell = column.cells[index]
    if cell is None:
        return ListCell(text=NOTHING, value=None)
    text = column.format(cell) if column.format else str(cell)
    if isinstance(cell, date):
        return ListCell(text=text, value=cell.isoformat())
    if not isinstance(cell, Decimal):
        return ListCell(text=text, value=cell)
    exact = exact_number(cell)
    return ListCell(text=text, value=str(cell), exact=exact if exact != text else None)


def plain_table(
    name: str, columns: Mapping[str, Column], *, alt: str, sortable: int | None = None
) -> Shown:
    """A table whose rows open nothing: a list, which fits a telephone; if it is long, a grid."""
    count = max((len(column.cells) for column in columns.values()), default=0)
    if count <= LIST_ROWS_MAX:
        ids = [str(number) for number in range(count)]
        links = [None] * count
        return linked_rows(name, ids, links=links, columns=columns, alt=alt, sortable=sortable)
    _order(name, (), lacks=BY_ITS_HEADS)
    st.dataframe(
        _styled(columns),
        hide_index=True,
        column_config=_configuration(columns),
        placeholder=NOTHING,
        height="content",
        alt=alt,
    )
    return Shown(columns=columns, order=GRID_ORDER)


def _styled(columns: Mapping[str, Column]) -> Any:
    """A pandas Styler: people read texts, and sorting and export use the values."""
    frame = pd.DataFrame(
        {title: pd.Series(list(column.cells), dtype=object) for title, column in columns.items()}
    )
    return frame.style.format(
        {title: column.format for title, column in columns.items() if column.format}, na_rep=NOTHING
    )


def _configuration(columns: Mapping[str, Column]) -> dict[str, Any]:
    return {
        title: st.column_config.Column(
            width=column.width_px, alignment="right" if column.is_number else "left"
        )
        for title, column in columns.items()
    }
