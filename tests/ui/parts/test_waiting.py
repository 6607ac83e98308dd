"""A page or a part of one that the API could not answer comes by itself, and asks ever less often.

The API answers what every page asks all the while.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import CHROMIUM, only_page
from tests.ui.stand import ADA, InventedCall, Stand, standing
from tests.ui.walking import STEP_TIMEOUT_MS, Watched, free_port, running_ui
from ui.api.connection import CACHE_TTL_S
from ui.parts.failure import wait_s

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
FAILED = "The API could not answer"


@pytest.fixture(scope="module")
def shared_stand(calls: list[InventedCall]) -> Iterator[Stand]:
    with standing() as stand:
        stand.save_people()
        stand.post(calls)
        yield stand


@pytest.fixture(scope="module")
def browser(shared_stand: Stand) -> Iterator[Watched]:
    with (
        running_ui({"API_URL": shared_stand.url}, port=free_port()) as url,
        only_page(timeout_ms=STEP_TIMEOUT_MS) as page,
    ):
        yield Watched(page=page, base=url)


@pytest.mark.parametrize(
    ("address", "drawn", "table"),
    [
        ("/search?find=Love", "Search", "People and applications"),
        (f"/?subject={ADA}&model=gpt-4.1", "Ada Lovelace, gpt-4.1", "Calls with their tokens"),
    ],
)
def test_a_part_that_is_not_live_comes_without_a_touch(
    browser: Watched, shared_stand: Stand, address: str, drawn: str, table: str
) -> None:
    """The second one has its totals from a page before: its list alone fails."""
    failed = browser.page.get_by_text(FAILED)
    for days in ("90+days", "30+days", "7+days"):
        if "subject" in address:
            browser.open(f"/?subject={ADA}&range={days}")
            browser.page.get_by_role("table", name="Models with their charge").wait_for()
        else:
            browser.open("/people")
        shared_stand.storage.down = True
        try:
            browser.page.goto(f"{browser.base}{address}&range={days}")
            failed.first.wait_for()
            heading = browser.page.get_by_role("heading", level=1).inner_text()
        finally:
            shared_stand.storage.down = False
        browser.page.get_by_role("table", name=table).wait_for()
        expect(failed).to_have_count(0)
        if heading == drawn:  # what every page asks was kept
            return
        browser.page.wait_for_timeout(CACHE_TTL_S * 1000)
    raise AssertionError("the part never failed alone")


def test_a_page_that_fails_again_and_again_is_drawn_less_often(
    browser: Watched, shared_stand: Stand
) -> None:
    browser.open("/search")
    browser.page.wait_for_timeout(1.5 * CACHE_TTL_S * 1000)  # nothing is kept
    shared_stand.storage.down = True
    shared_stand.late.late_s, shared_stand.late.answers = 0.0, 1000
    shared_stand.late.asked.clear()
    try:
        browser.page.goto(f"{browser.base}/models?range=90+days")
        browser.page.get_by_text(FAILED).first.wait_for()
        drawn_at_first = asked(shared_stand)
        browser.page.wait_for_timeout((wait_s(0) + wait_s(1) + wait_s(0)) * 1000)
        again = asked(shared_stand) - drawn_at_first
    finally:
        shared_stand.storage.down, shared_stand.late.answers = False, 0
    assert again == 2 * drawn_at_first > 0, shared_stand.late.asked


def asked(stand: Stand) -> int:
    """Questions that each draw of the page asks at first, and that fail."""
    return sum(each.startswith("/healthz") for each in stand.late.asked)
