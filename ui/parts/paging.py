"""Paging through a list of the API by its cursor, which is in the URL."""

import streamlit as st

from ui import address
from ui.address import Parameter


def page_cursor() -> str | None:
    """Where the page shown begins; None is the first page."""
    return address.read(Parameter.AFTER)


def show_paging(next_cursor: str | None) -> None:
    """Buttons to the next and the first page; the browser's Back goes to the previous one."""
    if not next_cursor and not page_cursor():
        return
    with st.container(horizontal=True):
        st.button(
            "First page",
            key="first_page",
            on_click=address.change,
            args=({Parameter.AFTER: None},),
            disabled=not page_cursor(),
            icon=":material/first_page:",
        )
        st.button(
            "Next page",
            key="next_page",
            on_click=address.change,
            args=({Parameter.AFTER: next_cursor},),
            disabled=not next_cursor,
            icon=":material/chevron_right:",
        )
