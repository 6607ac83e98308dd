"""A month that the API does not list by itself is opened in a real browser, by keyboard alone."""

import asyncio

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import CHROMIUM, only_page
from tests.ui.app_pages.test_invoices import fifteen_months, served
from tests.ui.walking import STEP_TIMEOUT_MS, Watched, free_port, running_ui

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def test_the_oldest_month_is_chosen_by_typing_its_name() -> None:
    billing = asyncio.run(fifteen_months())  # before playwright's own loop
    with (
        served(billing) as api,
        running_ui({"API_URL": api}, port=free_port()) as url,
        only_page(timeout_ms=STEP_TIMEOUT_MS, viewport={"width": 1400, "height": 1000}) as page,
    ):
        watched = Watched(page=page, base=url)
        watched.watch()
        watched.open("/invoices")
        chooser = page.get_by_role("combobox", name="Month")
        chooser.focus()
        page.keyboard.type("September 2025")
        page.keyboard.press("Enter")
        page.wait_for_url("**month=2025-09*")
        expect(page.get_by_text("September 2025: ")).to_be_visible()
        watched.settle()
        watched.open_row("INV-0")
        page.wait_for_url("**invoice=INV-*")
        expect(page.get_by_text("September 2025", exact=False).first).to_be_visible()
        assert watched.complaints == []
        assert watched.foreign == []
