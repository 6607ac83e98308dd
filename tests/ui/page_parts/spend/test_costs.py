"""Costs that are read call by call are asked for once, until the whole page is drawn again."""

from dataclasses import replace
from datetime import date

from streamlit.testing.v1 import AppTest

from tests.ui.stand import InventedCall, Stand
from ui.period import one_day


def asked() -> None:
    """A part of the page that draws itself again: a script of its own."""
    import streamlit as st  # noqa: PLC0415

    from ui.api.client import ALL  # noqa: PLC0415
    from ui.api.errors import UiError  # noqa: PLC0415
    from ui.page_parts.spend.costs import costs_read_once, forget_costs  # noqa: PLC0415
    from ui.period import one_day  # noqa: PLC0415

    st.cache_data.clear()
    if st.session_state.is_whole_page:
        forget_costs()
    period = one_day(st.session_state.day)
    try:
        costs = costs_read_once(period, period, ALL, by="product")
        st.session_state.found = costs.now.totals.calls if costs else 0
    except UiError as error:
        st.session_state.found = type(error).__name__


def found(app: AppTest, day: date, *, is_whole_page: bool = False) -> object:
    """How many calls the part reads of a day, or which error."""
    app.session_state.day = day
    app.session_state.is_whole_page = is_whole_page
    app.run()
    assert not app.exception
    answer: object = app.session_state.found
    return answer


def test_costs_are_read_once_until_the_page_is_drawn_again(
    stand: Stand, calls: list[InventedCall], today: date
) -> None:
    app = AppTest.from_function(asked)
    count = len([call for call in calls if call.day == today])
    assert found(app, today) == count
    stand.post([replace(calls[-1], number=9000)])
    assert found(app, today) == count
    assert found(app, today, is_whole_page=True) == count + 1


def test_a_question_that_failed_is_not_repeated_by_itself(stand: Stand, today: date) -> None:
    app = AppTest.from_function(asked)
    assert stand.client.usage(one_day(today), "product").totals.calls
    stand.storage.down = True
    failed = found(app, today)
    assert isinstance(failed, str)
    stand.storage.down = False
    assert found(app, today) == failed
    assert isinstance(found(app, today, is_whole_page=True), int)
