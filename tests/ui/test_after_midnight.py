"""A live list that is open past midnight draws its page again, with the new days."""

from collections.abc import Callable

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest


def people() -> None:
    """The list, as it was drawn on the day before: a script of its own."""
    from datetime import timedelta  # noqa: PLC0415

    import streamlit as st  # noqa: PLC0415

    from ui.api.client import ALL  # noqa: PLC0415
    from ui.api.connection import api, today  # noqa: PLC0415
    from ui.page_parts.people.people import show_people  # noqa: PLC0415
    from ui.period import month_of  # noqa: PLC0415

    st.session_state.runs = st.session_state.get("runs", 0) + 1
    day = today(api().health())
    drawn = day - timedelta(days=st.session_state.runs == 1)
    show_people(month_of(day), month_of(day), ALL, running_day=drawn)


def centres() -> None:
    """The same of cost centres."""
    from datetime import timedelta  # noqa: PLC0415

    import streamlit as st  # noqa: PLC0415

    from ui.api.connection import api, today  # noqa: PLC0415
    from ui.page_parts.people.centres import show_centres  # noqa: PLC0415
    from ui.period import month_of  # noqa: PLC0415

    st.session_state.runs = st.session_state.get("runs", 0) + 1
    day = today(api().health())
    drawn = day - timedelta(days=st.session_state.runs == 1)
    show_centres(month_of(day), month_of(day), drawn)


@pytest.mark.usefixtures("stand")
@pytest.mark.parametrize("script", [people, centres])
def test_a_list_of_the_day_before_is_drawn_again(script: Callable[[], None]) -> None:
    st.cache_data.clear()
    app = AppTest.from_function(script, default_timeout=30).run()
    assert not app.exception
    assert app.session_state.runs == 2
