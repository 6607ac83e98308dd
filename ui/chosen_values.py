"""What the choosers of the page show, which may be newer than the address.

The browser sends the address with each change. A second change that comes before the page has
answered the first one still carries the old address. So whoever writes it writes all of this.
"""

from collections.abc import Iterable
from datetime import date

import streamlit as st

from ui import address
from ui.address import Parameter

Value = str | date | int
_DEFAULTS = "defaults of the choosers"


def show(parameter: Parameter, value: Value, *, default: Value) -> None:
    """Give the widget of `parameter` its value, and note what it means when the URL is silent."""
    st.session_state[parameter] = value
    st.session_state.setdefault(_DEFAULTS, {})[parameter] = _text(default)


def newer(
    changed: Parameter | None = None, *, dropped: Iterable[Parameter] = ()
) -> dict[Parameter, str | None]:
    """What the address does not say yet, and what was `changed` just now; without the `dropped`."""
    found: dict[Parameter, str | None] = {}
    for parameter, default in st.session_state.get(_DEFAULTS, {}).items():
        if parameter not in st.session_state or parameter in dropped:
            continue
        text = _text(st.session_state[parameter])
        if parameter == changed or text != (address.for_link(parameter) or default):
            found[parameter] = text or None
    return found


def _text(value: Value) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
