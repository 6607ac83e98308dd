"""Everybody sees what is theirs and nothing else, in browsers and in what is sent to them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.fixtures.browser import CHROMIUM
from tests.ui.signed_in.company import ACCOUNTS, Company
from tests.ui.stand import ADA, BOB, KEY, ODD_NAME, InventedCall
from tests.ui.walking import Watched

MARKERS = {
    "ada": (ADA, "Ada Lovelace", "R&D"),
    "bob": (BOB, "Bob Berg", "Sales"),
}
"""What only one of two people may be sent."""
DAYS = "range=90+days"
"""On the first of a month the running one has calls of few."""

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
        open_both(people, f"/?{DAYS}", "My dearest calls")
        open_both(people, "/?subject={own}", "{name}")
        open_both(people, f"/?sort=Calls&by=Cost+centre&{DAYS}", "My dearest calls")
        open_both(people, "/invoices", "Nothing here yet")
    for key, watched in people.items():
        assert all(watched.was_sent(text) for text in MARKERS[key])
        assert [text for text in MARKERS[other(key)] if watched.was_sent(text)] == []


def test_a_link_to_a_call_of_another_is_like_a_link_to_none(
    here: Company, browser: Browser, calls: list[InventedCall]
) -> None:
    theirs = here.stand.call_ids(BOB, next(call.day for call in calls if call.subject == BOB))[0]
    own = here.stand.call_ids(ADA, calls[-1].day)[0]
    watched = here.signed_in(browser, "ada", f"/?call={own}")
    expect(watched.page.get_by_role("heading", level=1)).to_have_text(re.compile(r"^Call of "))
    watched.settle()
    said = {}
    for call in (theirs, theirs[:-4] + own[-4:], f"{own[:-6]}AAAAAA"):
        watched.page.goto(f"{here.ui_url}/?call={call}", wait_until="commit")
        alert = watched.page.get_by_role("alert")
        expect(alert).to_contain_text("Not found")
        said[call] = alert.inner_text().replace(call, "ID")
    assert len(set(said.values())) == 1, said
    assert not any(watched.was_sent(text) for text in MARKERS["bob"])


def test_an_owner_sees_their_cost_centre_and_no_other(here: Company, browser: Browser) -> None:
    watched = here.signed_in(browser, "owner", f"/?{DAYS}")
    expect(watched.page.get_by_text("People and applications").first).to_be_visible()
    watched.settle()
    watched.page.goto(f"{here.ui_url}/?subject={ADA}", wait_until="commit")
    watched.heading("Ada Lovelace")
    assert watched.was_sent(ODD_NAME)
    assert [text for text in (BOB, KEY, "Sales") if watched.was_sent(text)] == []
    watched.page.goto(f"{here.ui_url}/?subject={BOB}", wait_until="commit")
    expect(watched.page.get_by_role("alert")).to_contain_text("Not found")


EVERYBODYS = ["My usage", "Playground", "Live", "Invoices", "Models", "Prices", "Traces"]
OWNERS = ["Overview", "People", "Cost centres", *EVERYBODYS]
BILLINGS = [
    "Overview",
    "People",
    "Cost centres",
    "My usage",
    "Playground",
    "Live",
    "Re-ratings",
    "Invoices",
    "Is anything missing?",
    "Models",
    "Prices",
    "Traces",
    "Health",
]


def navigation(watched: Watched) -> list[str]:
    links = watched.page.get_by_test_id("stTopNavLink")
    links.first.wait_for()
    return links.all_inner_texts()


def test_a_role_taken_away_takes_its_pages_away(here: Company, browser: Browser) -> None:
    watched = here.signed_in(browser, "admin", "/completeness")
    watched.heading("Is anything missing?")
    assert navigation(watched) == [*BILLINGS, "Access log"]
    here.provider.accounts["admin"] = replace(ACCOUNTS["admin"], roles=())
    watched.page.get_by_role("button", name="Ann Admin").click()
    watched.page.get_by_role("button", name="Sign out").click()
    watched.page.get_by_role("button", name="Sign in", exact=True).wait_for()
    here.sign_in(watched, "admin")
    watched.heading("My usage")
    watched.page.goto(f"{here.ui_url}/completeness", wait_until="commit")
    alert = watched.page.get_by_role("alert")
    expect(alert).to_contain_text("You may not see this")
    expect(alert).to_contain_text("For more, ask whoever looks after billing in your company")
    assert navigation(watched) == EVERYBODYS


SEES = {
    "finance": BILLINGS,
    "admin": [*BILLINGS, "Access log"],
    "owner": OWNERS,
    "ada": EVERYBODYS,
}


@pytest.mark.parametrize("key", SEES)
def test_everybody_walks_through_what_they_may_open(
    here: Company, browser: Browser, key: str, tmp_path: Path
) -> None:
    watched = here.signed_in(browser, key)
    assert navigation(watched) == SEES[key]
    for title in SEES[key]:
        watched.page.get_by_test_id("stTopNavLink").filter(has_text=title).click()
        watched.heading("Re-rating runs" if title == "Re-ratings" else title)
        expect(watched.page.get_by_test_id("stException")).to_have_count(0)
        expect(watched.page.get_by_text("You may not see this")).to_have_count(0)
        watched.page.screenshot(path=tmp_path / f"{key}_{title}.png")
    assert watched.complaints == []
    strangers = {"ada": MARKERS["bob"], "bob": MARKERS["ada"], "owner": MARKERS["bob"]}
    assert [text for text in strangers.get(key, ()) if watched.was_sent(text)] == []


def test_an_administrator_reads_who_looked_at_whom(here: Company, browser: Browser) -> None:
    finance = here.signed_in(browser, "finance", f"/?subject={BOB}")
    finance.heading("Bob Berg")
    watched = here.signed_in(browser, "admin", "/access_log")
    watched.heading("Access log")
    asked = watched.page.get_by_role("cell").filter(has_text=f"{BOB}/usage").first
    asked.wait_for(state="attached")
    assert watched.was_sent(ACCOUNTS["finance"].person.subject)
    finance.page.goto(f"{here.ui_url}/access_log", wait_until="commit")
    expect(finance.page.get_by_role("alert")).to_contain_text("You may not see this")
