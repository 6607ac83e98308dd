"""Columns of times and days: they are sorted by what they are, not by how they are written."""

import ast
from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.fixtures.calls import book
from tests.paths import ROOT
from tests.ui.lists import lists
from tests.ui.opening import opened
from tests.ui.stand import Stand
from ui.format import day as day_text
from ui.page_parts.price.book_table import price_columns
from ui.period import DAY

TIMES = [datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC)]
TIMES += [datetime(2026, 12, 1, tzinfo=UTC)]


def times(order: str, moments: "list[datetime]") -> None:
    """A list of times, as a page: a script of its own."""
    import streamlit as st  # noqa: PLC0415

    from ui.format import instant  # noqa: PLC0415
    from ui.parts.tables import moment_column, plain_table  # noqa: PLC0415

    st.query_params["order"] = order
    columns = {"At": moment_column([*moments, None], lambda at: instant(at, "UTC"))}
    st.session_state.shown = plain_table("times", columns, alt="Times")


@pytest.mark.parametrize(
    ("way", "days"),
    [("ascending", ["30 Oct", "2 Nov", "1 Dec"]), ("descending", ["1 Dec", "2 Nov", "30 Oct"])],
)
def test_times_are_sorted_by_what_they_are(way: str, days: list[str]) -> None:
    app = AppTest.from_function(times, args=(f"times by At, {way}", TIMES)).run()
    shown = lists(app)[0]["At"]
    assert [str(cell).split(" 2026")[0] for cell in shown[:-1]] == days
    assert shown[-1] is None
    assert list(app.session_state.shown.columns["At"].cells) == shown


def test_days_of_imports_are_sorted_by_what_they_are(stand: Stand, today: date) -> None:
    days = [today, today - 1 * DAY, today - 30 * DAY, today - 61 * DAY]
    for moved in days:
        stand.regroup(f"subject {moved}", moved)
    st.cache_data.clear()
    app = opened("reratings", order="moved days by From, ascending")
    assert not app.exception
    (shown,) = [each for each in lists(app) if "Was" in each]
    assert shown["From"] == [each.isoformat() for each in sorted(days)]


def test_the_day_of_a_check_is_sorted_by_what_it_is(stand: Stand) -> None:
    stand.publish_prices(book(), age_days_max=10_000)
    checked = price_columns(stand.client.prices().data)["Checked"]
    assert checked.sorted_by is not None
    assert [day_text(each) for each in checked.sorted_by] == list(checked.cells)


WORDS_OF_TIMES = {"day_text", "days_text", "instant", "clock", "hour", "local_day", "age"}
KEEPS_ITS_ORDER = "search.py"
"""No head sorts what it lists."""


def named(call: ast.AST) -> str | None:
    return getattr(getattr(call, "func", None), "id", None)


def is_sorted_apart(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
    outer = parents[node]
    keywords = outer.keywords if isinstance(outer, ast.Call) else []
    return any(each.arg == "sorted_by" for each in keywords)


def test_no_list_sorts_times_by_their_words() -> None:
    found = []
    for path in sorted((ROOT / "ui").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        found += [
            f"{path.name}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and named(node) == "text_column"
            if path.name != KEEPS_ITS_ORDER
            if {named(each) for each in ast.walk(node)} & WORDS_OF_TIMES
            if not is_sorted_apart(node, parents)
        ]
    assert found == []
