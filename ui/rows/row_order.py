"""The order of a list's rows: the page's own, until somebody chooses a column by its head.

The address has what was chosen in each list of the page: `people by Calls, descending`.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import combining, normalize

import streamlit as st

from ui import address
from ui.address import Parameter

DIGITS = re.compile(r"(\d+)")
WAYS = {"descending": True, "ascending": False}
ORDER_CHARS_MAX = 500
"""Of one list: no name and title are longer."""
BETWEEN = "; "
"""Between the orders of two lists in one address."""
GROUPS_LIST, PEOPLE_LIST = "groups", "people"
"""Lists that a chooser fills anew, so that what was chosen in them before is over."""
COMPARED_LIST = "two months"
"""Another one: its columns are called after the months."""
_KEPT = "orders that the last choice left in the address"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOrder:
    """By one column, from the least or from the most."""

    title: str
    descending: bool

    @property
    def words(self) -> str:
        return f"by {self.title}, {'descending' if self.descending else 'ascending'}"


def orders_of(text: str) -> Mapping[str, RowOrder | None]:
    """The order of each list by its name; None for words that are none, by these words."""
    return dict(map(_order_of, filter(None, text.split(BETWEEN))))


def _order_of(part: str) -> tuple[str, RowOrder | None]:
    """Each draw of a list reads the address, so this takes no more time than its length."""
    rest, _, way = part.rpartition(", ")
    name, _, title = rest.partition(" by ")
    if len(part) > ORDER_CHARS_MAX or way not in WAYS or not name or not title:
        return part, None
    return name, RowOrder(title=title, descending=WAYS[way])


def named_order(name: str) -> RowOrder | None:
    """What the address says of the list of this name."""
    return orders_of(address.read(Parameter.ORDER, part=_noted(name)) or "").get(name)


def keep_order(name: str) -> None:
    """To be called before the API is asked: where there is nothing to show now, or the API fails,
    what the address says of the list is for later.
    """
    named_order(name)


def unused_orders(noted: Collection[str]) -> list[str]:
    """What the address says of lists that the page has not drawn, where it has drawn others, and
    words that are no order, also where they are a list's name.
    """
    if Parameter.ORDER not in noted:
        return []
    orders = orders_of(address.for_link(Parameter.ORDER) or "")
    return [
        f"{Parameter.ORDER} {name} {order.words}" if order else f"{Parameter.ORDER} {name}"
        for name, order in orders.items()
        if order is None or _noted(name) not in noted
    ]


def _noted(name: str) -> str:
    return f"{Parameter.ORDER} {name}"


def with_orders(text: str | None, chosen: Mapping[str, RowOrder | None]) -> str | None:
    """The orders of an address with those that were `chosen`; None is the page's own."""
    parts = [
        f"{name} {order.words}" if order else name
        for name, order in {**orders_of(text or ""), **chosen}.items()
        if name not in chosen or order
    ]
    return BETWEEN.join(parts) or None


def note_kept_orders() -> None:
    """To be called after a choice that leaves the orders of the address as they are."""
    st.session_state[_KEPT] = dict(orders_of(address.for_link(Parameter.ORDER) or ""))


def take_kept_order(name: str) -> RowOrder | None:
    """What the last choice left of this list, once: when the list is drawn for the first time."""
    kept: dict[str, RowOrder | None] = st.session_state.get(_KEPT, {})
    return kept.pop(name, None)


def drop_order(name: str) -> None:
    """The list has its own order again, also in the address."""
    kept = address.for_link(Parameter.ORDER)
    address.change({Parameter.ORDER: with_orders(kept, {name: None})})


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
