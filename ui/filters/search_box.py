"""The search at the top of every page."""

import streamlit as st

from ui import address
from ui.address import Parameter

WIDTH_PX = 360
CHARS_MAX = 512
_TEXT = "search_box"
_SENT = "search_sent"


def draw_search_box() -> None:
    """Enter opens the results."""
    st.text_input(
        "Find a person or a call",
        key=_TEXT,
        placeholder="Find: name, request id, response id …",
        max_chars=CHARS_MAX,
        width=WIDTH_PX,
        icon=":material/search:",
        label_visibility="collapsed",
        on_change=_send,
    )
    text = st.session_state.pop(_SENT, "")
    if text:
        address.go_to_page(address.SEARCH_PAGE, {Parameter.FIND: text})


def _send() -> None:
    st.session_state[_SENT] = st.session_state[_TEXT].strip()
    st.session_state[_TEXT] = ""
