"""One company and one browser for all walks of a module; each walk has cookies of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.fixtures.browser import launched
from tests.ui.signed_in.company import ACCOUNTS, Company, company
from tests.ui.stand import InventedCall


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def running(calls: list[InventedCall]) -> Iterator[Company]:
    with company(calls) as signed:
        yield signed


@pytest.fixture
def here(running: Company) -> Iterator[Company]:
    """Everybody has their roles, and every browser is closed afterwards."""
    yield running
    running.clock.behind_s = 0
    running.provider.accounts.update(ACCOUNTS)
    while running.opened:
        watched = running.opened.pop()
        watched.page.context.close()
        assert watched.foreign == []
