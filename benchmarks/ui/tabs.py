"""Tabs of one browser: opening a page in one, and what everybody's tabs wait for."""

from playwright.sync_api import Page

SESSIONS = 8
SETTLED = "[data-testid=stApp][data-test-script-state=notRunning]"


def paint(page: Page, url: str) -> None:
    """Until the answer can be read: the heading and the first total."""
    page.goto(url, wait_until="commit")
    page.get_by_role("heading", level=1).wait_for()
    page.get_by_test_id("stMetric").first.wait_for()


def settle(page: Page, url: str) -> None:
    """Until the page is whole."""
    paint(page, url)
    page.wait_for_selector(SETTLED)
