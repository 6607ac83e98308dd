"""The real API on a free port, and a clean cache for every test."""

from collections.abc import Callable, Generator, Iterator
from datetime import date
from functools import cache
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.media_file_manager import MediaFileManager

from tests.ui.stand import InventedCall, Stand, billing_today, invented_calls, standing
from tests.ui.walking import what_pages_show


@pytest.fixture(scope="session", autouse=True)
def installed_components() -> Iterator[None]:
    """AppTest looks for components in the metadata of each installed package, at each run of a
    page: half of the CPU of all tests of pages. No package comes meanwhile, so once is enough.
    """
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(scope="session")
def calls() -> list[InventedCall]:
    """Seventy days of calls up to today, of four subjects."""
    return invented_calls(billing_today())


@pytest.fixture(scope="session")
def today(calls: list[InventedCall]) -> date:
    """The billing day that `calls` end with."""
    return calls[-1].day


@pytest.fixture
def empty_stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    """An API without a call, which is also what the pages are configured with."""
    st.cache_data.clear()
    st.cache_resource.clear()
    with standing() as stand:
        monkeypatch.setenv("API_URL", stand.url)
        stand.save_people()
        yield stand
        st.cache_resource.clear()  # closes the pages' connections


@pytest.fixture
def stand(empty_stand: Stand, calls: list[InventedCall]) -> Stand:
    """The API over all of `calls`."""
    empty_stand.post(calls)
    return empty_stand


@pytest.fixture
def made_files(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], bytes]]:
    """What makes each file that pages offer, by the name of the file."""
    found: dict[str, Callable[[], bytes]] = {}
    add = MediaFileManager.add_deferred

    def noted(self: MediaFileManager, made: Any, *place: Any, **more: Any) -> str:
        found[more["file_name"]] = made
        return add(self, made, *place, **more)

    monkeypatch.setattr(MediaFileManager, "add_deferred", noted)
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say what the browser's pages showed when a test failed."""
    report = yield
    if report.failed and call.when == "call" and (shown := what_pages_show()):
        report.sections.append(("pages", shown))
    return report
