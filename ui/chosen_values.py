"""What the choosers of the page show, which may be newer than the address.

The browser sends the address with each change. A second change that comes before the page has
answered the first one still carries the old address. So whoever changes it writes all of this, and
drops what was chosen for values that are gone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import streamlit as st

from ui import address
from ui.address import Parameter
from ui.rows.row_order import (
    COMPARED_LIST,
    GROUPS_LIST,
    PEOPLE_LIST,
    RowOrder,
    note_kept_orders,
    with_orders,
)

Value = str | date | int

OFFER = (Parameter.VERSION, Parameter.TYPE, Parameter.TIER, Parameter.REGION)
"""How a model is bought; each choice leaves fewer of those after it."""
MEANT_FOR: Mapping[Parameter, tuple[Parameter, ...]] = {
    Parameter.RANGE: (Parameter.FIRST, Parameter.LAST),
    Parameter.COMPARE: (Parameter.COMPARE_FIRST, Parameter.COMPARE_LAST),
    Parameter.DOCUMENTS: (
        Parameter.MONTH,
        Parameter.AGAINST,
        Parameter.ORDER,
        Parameter.SEARCH,
    ),
    Parameter.MODEL: OFFER,
    Parameter.INSTEAD: OFFER,
    Parameter.VERSION: OFFER[1:],
    Parameter.TYPE: OFFER[2:],
    Parameter.TIER: OFFER[3:],
}
"""What a choice was made for, so that another choice there drops it."""
LIST_OF = {
    Parameter.BY: GROUPS_LIST,
    Parameter.SORT: PEOPLE_LIST,
    Parameter.SEARCH: PEOPLE_LIST,
    Parameter.MONTH: COMPARED_LIST,
    Parameter.AGAINST: COMPARED_LIST,
}
"""Whose order another choice drops too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What a chooser showed when it was drawn last."""

    text: str
    default: str
    """What it means when the address is silent."""
    named: str | None
    """What the address said: another word where nobody has what it names."""


_SHOWN = "what the choosers showed"
_PAGE = "the page of the choosers"


def begin(page: str) -> None:
    """To be called before a page is drawn: the choosers of another page are not those of this."""
    if st.session_state.get(_PAGE) != page:
        st.session_state[_PAGE] = page
        st.session_state[_SHOWN] = {}


def show(parameter: Parameter, value: Value, *, default: Value) -> None:
    """Give the widget of `parameter` its value, and note what that was by.

    A widget that has the value is left alone. Whatever is set here is set in the browser too, over
    what somebody has chosen or begun to write there since.
    """
    shown = _all_shown()
    if parameter not in shown or st.session_state.get(parameter) != value:
        st.session_state[parameter] = value
    shown[parameter] = _Shown(
        text=_text(value), default=_text(default), named=address.for_link(parameter)
    )


def texts() -> dict[Parameter, str]:
    """What the choosers have now, as the address would say it."""
    return {
        parameter: _text(st.session_state[parameter])
        for parameter in _all_shown()
        if parameter in st.session_state
    }


def change(
    changes: Mapping[Parameter, str | None],
    *,
    chosen: Parameter | None = None,
    orders: Mapping[str, RowOrder | None] | None = None,
) -> None:
    """Write these into the address, and all that the choosers have and it does not say yet.

    `chosen` is the chooser that was changed just now, and `orders` are those of lists. What was
    chosen for a value before goes. So does the place in a list where anything is newer than what
    the address said: it was one of the list before.
    """
    newer = _newer(chosen)
    for each in MEANT_FOR.get(chosen, ()) if chosen else ():
        newer.pop(each, None)
    said = {**newer, **changes}
    # What is newer drops also what is written here: that was meant for what the address said.
    dropped = _meant_for(newer) - newer.keys() | _meant_for(changes) - said.keys()
    written = {**said, **dict.fromkeys(dropped)}
    lists = {LIST_OF[each] for each in said if each in LIST_OF}
    if lists or orders:
        kept = None if Parameter.ORDER in dropped else address.for_link(Parameter.ORDER)
        written[Parameter.ORDER] = with_orders(kept, {**dict.fromkeys(lists), **(orders or {})})
    address.change(written)
    if orders is None:
        note_kept_orders()


def _meant_for(changed: Iterable[Parameter]) -> set[Parameter]:
    """What was chosen for values that are gone."""
    return {
        each for parameter in changed for each in (Parameter.AFTER, *MEANT_FOR.get(parameter, ()))
    }


def _newer(chosen: Parameter | None) -> dict[Parameter, str | None]:
    """What the address does not say yet, and what was `chosen` just now."""
    found: dict[Parameter, str | None] = {}
    shown = _all_shown()
    for parameter, text in texts().items():
        was, named = shown[parameter], address.for_link(parameter)
        is_as_drawn = (text, named) == (was.text, was.named)
        if parameter == chosen or not (is_as_drawn or text == (named or was.default)):
            found[parameter] = text or None
    return found


def _all_shown() -> dict[Parameter, _Shown]:
    shown: dict[Parameter, _Shown] = st.session_state.setdefault(_SHOWN, {})
    return shown


def _text(value: Value) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
