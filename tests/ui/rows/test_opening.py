"""A click on a row leads where its link does, before its list is asked for again."""

from collections.abc import Mapping
from urllib.parse import urlencode

import pytest
import streamlit as st

from tests.ui.lists import links, open_row
from tests.ui.opening import opened
from tests.ui.stand import ADA, Stand

OF_SEVERAL_PAGES = {"/healthz?", "/v1/me?", "/v1/metering?", "/v1/prices?"}
PEOPLE = "People and applications"


@pytest.mark.parametrize(
    ("page", "parameters", "label", "row"),
    [
        ("usage", {}, PEOPLE, ADA),
        ("people", {}, PEOPLE, ADA),
        ("models", {}, "Models with their charge", "gpt-4.1"),
        ("cost_centres", {}, "Cost centres", "R&D"),
    ],
)
def test_a_row_opens_its_link_and_asks_nothing_of_its_list(
    stand: Stand, page: str, parameters: Mapping[str, str], label: str, row: str
) -> None:
    stand.late.answers = 1000
    app = opened(page, range="90 days", **parameters)
    linked = [each.partition("?")[2] for each in links(app, label) if each is not None]
    of_list = set(stand.late.asked) - OF_SEVERAL_PAGES
    st.cache_data.clear()
    stand.late.asked.clear()
    app = open_row(app, label, row)
    assert not app.exception
    assert urlencode(app.query_params, doseq=True) in linked
    assert of_list
    assert not of_list & set(stand.late.asked)
