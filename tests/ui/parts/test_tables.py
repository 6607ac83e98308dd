"""Short and long tables, and what their files are told of the order."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.lists import lists
from tests.ui.opening import said
from ui.parts.tables import GRID_ORDER, LIST_ROWS_MAX


def table(rows: int) -> None:
    """A table of so many rows, as a page: a script of its own."""
    import streamlit as st  # noqa: PLC0415

    from ui.parts.tables import count_column, plain_table  # noqa: PLC0415

    columns = {"Calls": count_column(list(range(rows)))}
    st.session_state.shown = plain_table("calls", columns, alt="Calls")


def test_a_list_that_nobody_sorted_has_the_order_of_the_page() -> None:
    app = AppTest.from_function(table, args=(LIST_ROWS_MAX,)).run()
    assert lists(app)[0]["Calls"] == list(range(LIST_ROWS_MAX))
    assert app.session_state.shown.order == ""


def test_files_of_a_grid_say_that_they_do_not_follow_it() -> None:
    app = AppTest.from_function(table, args=(LIST_ROWS_MAX + 1,)).run()
    assert len(app.dataframe) == 1
    assert app.session_state.shown.order == GRID_ORDER
    assert not app.warning


def ordered_grid(rows: int) -> None:
    """A grid whose address has an order."""
    import streamlit as st  # noqa: PLC0415

    from ui.parts.tables import count_column, plain_table  # noqa: PLC0415

    st.query_params["order"] = "calls by Calls, descending"
    plain_table("calls", {"Calls": count_column(list(range(rows)))}, alt="Calls")


def test_a_grid_says_that_it_is_sorted_by_its_heads() -> None:
    app = AppTest.from_function(ordered_grid, args=(LIST_ROWS_MAX + 1,)).run()
    assert len(app.dataframe) == 1
    assert len(app.warning) == 1
    assert "calls cannot be sorted by Calls, descending: so long a list is sorted by" in said(app)
    assert "whole" not in said(app)


def long_list(rows: int, sums: int, order: str) -> None:
    """A list of links with so many rows, of which the last ones are sums."""
    import streamlit as st  # noqa: PLC0415

    from ui.parts.tables import count_column, linked_rows  # noqa: PLC0415

    st.query_params["order"] = order
    ids = [str(number) for number in range(rows)]
    columns = {"Calls": count_column(list(range(rows)))}
    st.session_state.shown = linked_rows(
        "calls", ids, links=[None] * rows, columns=columns, alt="Calls", sortable=rows - sums
    )


@pytest.mark.parametrize(("way", "first"), [("ascending", 0), ("descending", LIST_ROWS_MAX + 1)])
def test_of_a_long_list_the_first_rows_and_the_sums_are_drawn_and_files_have_all(
    way: str, first: int
) -> None:
    rows = LIST_ROWS_MAX + 4
    app = AppTest.from_function(long_list, args=(rows, 2, f"calls by Calls, {way}")).run()
    drawn = lists(app)[0]["Calls"]
    assert len(drawn) == LIST_ROWS_MAX
    assert (drawn[0], drawn[-2:]) == (first, [rows - 2, rows - 1])
    in_files = list(app.session_state.shown.columns["Calls"].cells)
    assert sorted(in_files) == list(range(rows))
    assert in_files[: LIST_ROWS_MAX - 2] == drawn[:-2]
    (said,) = app.caption
    assert (
        said.value == f"The first {LIST_ROWS_MAX:,} of {rows:,} rows. The files have all of them."
    )


def test_a_list_that_fits_has_all_of_its_rows() -> None:
    app = AppTest.from_function(long_list, args=(LIST_ROWS_MAX, 2, "")).run()
    assert len(lists(app)[0]["Calls"]) == LIST_ROWS_MAX
    assert not app.caption
