"""Walks over lists of two pages, and past an API that fails below the heading of a page."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.fixtures.browser import CHROMIUM, only_page
from tests.ui.stand import BOB, PEOPLE, InventedCall, Stand, standing
from tests.ui.walking import STEP_TIMEOUT_MS, Watched, free_port, running_ui
from ui.api.client import CALLS_PAGE_ROWS, SUBJECTS_PAGE_ROWS
from ui.rows.component import LONG_ROWS

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
LONG_AGO = timedelta(days=60)
OLD = [f"old:{each:03}" for each in range(LONG_ROWS + 1)]
"""Who called twice as long ago, each for a cost centre of their own: a list with a scroll bar."""


@pytest.fixture(scope="module")
def crowd(calls: list[InventedCall]) -> date:
    """A day on which many people call once, and Bob often: lists of two pages."""
    return calls[-1].day - LONG_AGO


@pytest.fixture(scope="module")
def shared_stand(calls: list[InventedCall], crowd: date) -> Iterator[Stand]:
    like = replace(calls[-1], day=crowd)
    people = [
        replace(like, number=20_000 + each, subject=f"app:{each:03}")
        for each in range(SUBJECTS_PAGE_ROWS)
    ]
    of_bob = [
        replace(like, number=30_000 + each, subject=BOB) for each in range(CALLS_PAGE_ROWS + 1)
    ]
    old = [
        replace(like, number=40_000 + at, subject=each, day=crowd - LONG_AGO)
        for at, each in enumerate(OLD)
    ]
    with standing() as stand:
        stand.save_people({**PEOPLE, **{each: (each, f"Centre of {each}") for each in OLD}})
        stand.post([*calls, *people, *of_bob, *old])
        yield stand


@pytest.fixture(scope="module")
def browser(shared_stand: Stand) -> Iterator[Watched]:
    """One page for all walks, over the UI as an operator starts it."""
    settings = {"API_URL": shared_stand.url}
    with (
        running_ui(settings, port=free_port()) as url,
        only_page(timeout_ms=STEP_TIMEOUT_MS, viewport={"width": 1000, "height": 500}) as page,
    ):
        yield Watched(page=page, base=url)


@pytest.mark.parametrize("is_people", [True, False])
def test_the_next_page_of_a_list_starts_at_its_top(
    browser: Watched, crowd: date, is_people: bool
) -> None:
    browser.open("/people?range=90+days" if is_people else f"/?subject={BOB}&day={crowd}")
    main = browser.page.get_by_test_id("stMain")
    for button, is_later in (("Next page", True), ("First page", False)):
        turn = browser.page.get_by_role("button", name=button)
        turn.scroll_into_view_if_needed()
        assert main.evaluate("element => element.scrollTop") > 0
        turn.click()
        expect(main).to_be_focused()
        browser.settle()
        assert ("after" in browser.parameters()) == is_later
        assert main.evaluate("element => element.scrollTop") == 0


def test_the_next_page_of_people_below_the_overview_is_where_the_list_was(
    browser: Watched, crowd: date
) -> None:
    browser.open(f"/?range=Custom&first={crowd}&last={crowd}")
    turn = browser.page.get_by_role("button", name="Next page")
    turn.scroll_into_view_if_needed()
    turn.click()
    browser.page.wait_for_url("**after=*")
    browser.settle()
    main = browser.page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollTop") > 0


def test_a_page_whose_own_answer_failed_comes_without_a_touch(
    browser: Watched, shared_stand: Stand
) -> None:
    heading = browser.page.get_by_role("heading", level=1)
    table = browser.page.get_by_role("table", name="Models with their charge")
    failed = browser.page.get_by_text("The API could not answer")

    def fails_below_its_heading(days: str) -> bool:
        """Whether the UI still kept what every page asks."""
        browser.open("/people")
        shared_stand.storage.down = True
        browser.page.goto(f"{browser.base}/models?range={days}")
        failed.first.wait_for()
        if heading.inner_text() == "Models":
            return True
        shared_stand.storage.down = False
        browser.heading("Models")
        return False

    try:
        assert any(fails_below_its_heading(days) for days in ("90+days", "30+days", "7+days"))
        expect(browser.page.get_by_text("does not use")).to_have_count(0)
    finally:
        shared_stand.storage.down = False
    table.wait_for()
    expect(failed).to_have_count(0)
    expect(heading).to_have_text("Models")


def printed(page: Page) -> list[str]:
    """The text of each A4 page of paper."""
    return [each.extract_text() for each in PdfReader(BytesIO(page.pdf(format="A4"))).pages]


def test_paper_has_every_column_and_every_row_of_a_list(browser: Watched, crowd: date) -> None:
    """Nobody scrolls on paper, neither to the right nor within a long list."""
    day = crowd - LONG_AGO
    browser.open(f"/cost_centres?range=Custom&first={day}&last={day}")
    browser.page.get_by_role("columnheader", name="Unpriced calls").wait_for()
    paper = "".join("".join(printed(browser.page)).split())
    assert all(head in paper for head in ("Charge(USD)", "Lastactive", "Unpricedcalls"))
    assert [each for each in OLD if f"Centreof{each}" not in paper] == []
