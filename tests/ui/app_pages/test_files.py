"""Lists of the pages as files: every page offers those that it shows."""

import streamlit as st

from tests.fixtures.calls import book
from tests.ui.opening import opened
from tests.ui.stand import Stand

FILES = {
    "live": {"calls of today"},
    "models": {"models"},
    "prices": {"prices", "price history"},
    "people": {"people"},
    "cost_centres": {"cost centres"},
    "admin": {"partitions", "dead letters"},
}
"""Names of the files, by page; each comes as CSV and as XLSX."""


def test_every_page_offers_what_it_lists_as_files(stand: Stand) -> None:
    stand.publish_prices(book(), age_days_max=10_000)
    stand.add_dead_letter()
    st.cache_data.clear()
    for page, names in FILES.items():
        app = opened(page)
        assert not app.exception, page
        buttons = [each.proto.id for each in app.get("download_button")]
        for name in names:
            for ending in ("csv", "xlsx"):
                key = f"export_{name}_{ending}"
                assert any(button.endswith(key) for button in buttons), (page, key, buttons)
