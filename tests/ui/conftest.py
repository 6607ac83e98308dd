"""The fake API on a free port, and a clean cache for every test."""

from collections.abc import Iterator

import pytest
import streamlit as st

from tests.ui.fake_api import Ledger, invented_calls, serving


@pytest.fixture
def ledger() -> Ledger:
    """Three months of calls up to today, of four subjects."""
    ledger = Ledger()
    ledger.calls = invented_calls(ledger.today)
    return ledger


@pytest.fixture
def api_url(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The API of `ledger`, which is also what the pages are configured with."""
    st.cache_data.clear()
    st.cache_resource.clear()
    with serving(ledger) as url:
        monkeypatch.setenv("API_URL", url)
        yield url
