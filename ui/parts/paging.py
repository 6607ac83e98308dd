"""Paging through a list of the API by its cursor, which is in the URL."""

from collections.abc import Mapping

import streamlit as st

from ui import address, chosen_values
from ui.address import Parameter


def page_cursor() -> str | None:
    """Where the page shown begins; None is the first page."""
    return address.read(Parameter.AFTER)


def show_paging(next_cursor: str | None, *, stays: bool = False) -> None:
    """Buttons to the next and the first page; the browser's Back goes to the previous one.

    Another page starts at its top, which the whole page alone can see to. So it is drawn whole also
    where the list is in a part that is drawn by itself, unless the list `stays` where it is.
    """
    if not next_cursor and not page_cursor():
        return
    listed = chosen_values.texts()
    with st.container(horizontal=True):
        st.button(
            "First page",
            key="first_page",
            on_click=_turn,
            args=(None, listed),
            kwargs={"stays": stays},
            disabled=not page_cursor(),
            icon=":material/first_page:",
        )
        st.button(
            "Next page",
            key="next_page",
            on_click=_turn,
            args=(next_cursor, listed),
            kwargs={"stays": stays},
            disabled=not next_cursor,
            icon=":material/chevron_right:",
        )


def _turn(cursor: str | None, listed: Mapping[Parameter, str], *, stays: bool) -> None:
    """`listed` is what was chosen when the list was drawn: the cursor is a place in that list. What
    was chosen since has a list of its own, which begins at its first page.
    """
    now = chosen_values.texts()
    is_listed = all(text == listed.get(each, text) for each, text in now.items())
    chosen_values.change({Parameter.AFTER: cursor if is_listed else None})
    if not stays:
        st.rerun()
