"""What is another view, and so starts at its top."""

from collections.abc import Mapping

import pytest
from streamlit.testing.v1 import AppTest

ADA = {"subject": "ada"}


def view(page: str, parameters: dict[str, str]) -> None:
    """The name of a view, as a page: a script of its own."""
    import streamlit as st  # noqa: PLC0415

    from ui.view_top import view_of  # noqa: PLC0415

    st.query_params.from_dict(parameters)
    st.text(view_of(page))


def named(page: str, **parameters: str) -> str:
    app = AppTest.from_function(view, args=(page, parameters)).run()
    assert not app.exception
    return str(app.text[0].value)


@pytest.mark.parametrize(
    ("page", "before", "after"),
    [
        ("", {}, ADA),
        ("", {}, {"model": "gpt-4.1"}),
        ("", {"cost_centre": "R&D"}, {"range": "7 days"}),
        ("", ADA, {**ADA, "day": "2026-11-03"}),
        ("", {**ADA, "day": "2026-11-03"}, {**ADA, "day": "2026-11-03", "after": "x"}),
        ("people", {}, {"after": "x"}),
        ("reratings", {"run": "1"}, {"run": "2"}),
        ("models", {}, {"model": "gpt-4.1"}),
    ],
)
def test_another_view_starts_at_its_top(
    page: str, before: Mapping[str, str], after: Mapping[str, str]
) -> None:
    assert named(page, **before) != named(page, **after)


@pytest.mark.parametrize(
    ("page", "after"),
    [
        ("", {"range": "7 days", "by": "Cost centre", "order": "groups by Calls, ascending"}),
        ("", {"groups": "all", "after": "x", "sort": "Calls", "q": "ada", "view": "mine"}),
        ("prices", {"model": "gpt-4.1", "tier": "default"}),
        ("invoices", {"documents": "Compare", "month": "2026-10"}),
    ],
)
def test_what_is_chosen_within_a_view_leaves_it_in_place(
    page: str, after: Mapping[str, str]
) -> None:
    assert named(page) == named(page, **after)


def test_each_page_is_a_view() -> None:
    assert named("people") != named("models")
