"""Short and long tables, and what their files are told of the order."""

from streamlit.testing.v1 import AppTest

from tests.ui.lists import lists
from ui.parts.tables import GRID_ORDER, LIST_ROWS_MAX


def table(rows: int) -> None:
    """A table of so many rows, as a page: a script of its own."""
    import streamlit as st  # noqa: PLC0415

    from ui.parts.tables import count_column, plain_table  # noqa: PLC0415

    st.session_state.shown = plain_table({"Calls": count_column(list(range(rows)))}, alt="Calls")


def test_a_list_that_nobody_sorted_has_the_order_of_the_page() -> None:
    app = AppTest.from_function(table, args=(LIST_ROWS_MAX,)).run()
    assert lists(app)[0]["Calls"] == list(range(LIST_ROWS_MAX))
    assert app.session_state.shown.order == ""


def test_files_of_a_grid_say_that_they_do_not_follow_it() -> None:
    app = AppTest.from_function(table, args=(LIST_ROWS_MAX + 1,)).run()
    assert len(app.dataframe) == 1
    assert app.session_state.shown.order == GRID_ORDER
