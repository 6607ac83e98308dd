"""Paging through a list of the API by its cursor, which stands in the URL as `after`."""

import streamlit as st

PARAMETER = "after"


def page_cursor() -> str | None:
    """Where the page shown begins; None is the first page."""
    return st.query_params.get(PARAMETER)


def to_first_page() -> None:
    """Forget the cursor: it belongs to one sorting and one range only."""
    st.query_params.pop(PARAMETER, None)


def _to(cursor: str) -> None:
    st.query_params[PARAMETER] = cursor


def show_paging(next_cursor: str | None) -> None:
    """Buttons to the next and the first page; the browser's Back goes to the previous one."""
    if not next_cursor and not page_cursor():
        return
    with st.container(horizontal=True):
        st.button(
            "First page",
            key="first_page",
            on_click=to_first_page,
            disabled=not page_cursor(),
            icon=":material/first_page:",
        )
        st.button(
            "Next page",
            key="next_page",
            on_click=_to,
            args=(next_cursor,),
            disabled=not next_cursor,
            icon=":material/chevron_right:",
        )
