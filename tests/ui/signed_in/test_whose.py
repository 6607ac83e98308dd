"""Everybody sees what is theirs and nothing else, in browsers and in what is sent to them."""

import pytest
from playwright.sync_api import Browser, expect

from tests.fixtures.browser import CHROMIUM
from tests.ui.signed_in.company import Company
from tests.ui.stand import ADA, BOB
from tests.ui.walking import Watched

MARKERS = {
    "ada": (ADA, "Ada Lovelace", "R&D"),
    "bob": (BOB, "Bob Berg", "Sales"),
}
"""What only one of two people may be sent."""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def other(key: str) -> str:
    return "bob" if key == "ada" else "ada"


def open_both(people: dict[str, Watched], path: str, shows: str) -> None:
    """Both browsers ask before either has its answer."""
    for key, watched in people.items():
        own = MARKERS[key][0]
        watched.page.goto(watched.base + path.format(own=own), wait_until="commit")
    for key, watched in people.items():
        shown = watched.page.get_by_text(shows.format(name=MARKERS[key][1])).first
        expect(shown).to_be_visible()
        watched.settle()
        expect(watched.page.get_by_test_id("stException")).to_have_count(0)


def test_two_people_in_two_browsers_at_once_are_sent_nothing_of_each_other(
    here: Company, browser: Browser
) -> None:
    people = {key: here.signed_in(browser, key) for key in ("ada", "bob")}
    for _ in range(3):
        open_both(people, "/", "Tick a row to open it.")
        open_both(people, "/?subject={own}", "{name}")
        open_both(people, "/?sort=Calls&by=Cost+centre", "Tick a row to open it.")
        open_both(people, "/invoices", "No month is closed yet")
    for key, watched in people.items():
        assert all(watched.was_sent(text) for text in MARKERS[key])
        assert [text for text in MARKERS[other(key)] if watched.was_sent(text)] == []
