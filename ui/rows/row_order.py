"""The order of a list's rows: the page's own, until somebody chooses a column by its head."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import combining, normalize

import streamlit as st

DIGITS = re.compile(r"(\d+)")
STATE = "sort"
"""What the list reports of itself when a head was chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOrder:
    """By one column, from the least or from the most."""

    title: str
    descending: bool

    @property
    def words(self) -> str:
        return f"by {self.title}, {'descending' if self.descending else 'ascending'}"


def chosen_order(key: str, titles: Sequence[str]) -> RowOrder | None:
    """What was chosen in the list of this key, if it still has the column."""
    state = st.session_state.get(key)
    found = state.get(STATE) if isinstance(state, dict) else None
    if not isinstance(found, dict) or found.get("title") not in titles:
        return None
    return RowOrder(title=found["title"], descending=bool(found.get("descending")))


def positions(cells: Sequence[Any], *, descending: bool) -> list[int]:
    """Where the rows are, in the order of their cells. Rows without a value stay last, and rows of
    equal value stay as they were.
    """
    known = [at for at, cell in enumerate(cells) if cell is not None]
    known.sort(key=lambda at: _key(cells[at]), reverse=descending)
    return known + [at for at, cell in enumerate(cells) if cell is None]


def _key(cell: Any) -> Any:
    """Texts as people sort them: by letters whatever their case and accents, numbers by value."""
    if not isinstance(cell, str):
        return cell
    plain = "".join(each for each in normalize("NFKD", cell.casefold()) if not combining(each))
    parts = DIGITS.split(plain)
    return [int(part) if odd % 2 else part for odd, part in enumerate(parts)], cell
