"""What a page shows below what it has drawn so far, while it waits for the API."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

HEIGHT_PX = 420
"""About the cards and the chart that most pages have below their title."""


_DRAWN = "something was drawn in this session"


@contextmanager
def loading_first() -> Iterator[None]:
    """A skeleton where nothing has been drawn yet. Later the page before stays where it is.

    Nothing is left of it, but its place is always there, so that what follows keeps its own.
    """
    place = st.empty() if st.session_state.get(_DRAWN) else st.skeleton(height=HEIGHT_PX)
    with place:
        yield
    st.session_state[_DRAWN] = True


@contextmanager
def loading_below() -> Iterator[None]:
    """Draw the page inside. A skeleton is under it if that takes more than half a second.

    It is below all that is drawn, so nothing moves when it goes. A live part that asks again does
    not run what is around the page, so a refresh has no skeleton.
    """
    body = st.container()
    with st.skeleton(height=HEIGHT_PX), body:
        yield
