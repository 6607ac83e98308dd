"""My usage: where an employee lands, and what it says of their own calls."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.fixtures.browser import CHROMIUM
from tests.ui.signed_in.company import Company
from tests.ui.stand import ADA, InventedCall, charge_of
from ui.format import amount
from ui.period import month_of

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def test_an_employee_lands_on_their_own_month_and_opens_their_dearest_call(
    here: Company, browser: Browser, calls: list[InventedCall], tmp_path: Path
) -> None:
    month = month_of(calls[-1].day)
    own = [call for call in calls if call.subject == ADA and call.day >= month.first]
    watched = here.signed_in(browser, "ada")
    watched.heading("My usage")
    said = watched.page.get_by_text(f"for {len(own)} calls")
    expect(said).to_contain_text(amount(charge_of(own), "USD"))
    expect(watched.page.get_by_text("Ada Lovelace · cost centre R&D")).to_be_visible()
    expect(watched.page.get_by_role("heading", name="My dearest calls")).to_be_visible()
    for width in (1400, 420):
        watched.page.emulate_media(color_scheme="light" if width > 420 else "dark")
        watched.page.set_viewport_size({"width": width, "height": 1600})
        watched.settle()
        watched.page.wait_for_timeout(1000)
        watched.page.screenshot(path=tmp_path / f"my_usage_{width}.png")
    watched.page.set_viewport_size({"width": 1400, "height": 1600})
    dearest = max(own, key=lambda call: call.priced.charge)
    first = watched.page.get_by_role("table", name="My dearest calls").get_by_role("row").nth(1)
    expect(first).to_contain_text(f"{dearest.tokens:,}")
    first.get_by_role("link").focus()
    watched.page.keyboard.press("Enter")
    watched.page.wait_for_url("**/*call=*")
    expect(watched.page.get_by_text("My usage").first).to_be_visible()
    expect(watched.page.get_by_role("heading", level=1)).to_contain_text("Call of")
    assert watched.complaints == []
    watched.page.goto(f"{here.ui_url}/?range=90+days", wait_until="commit")
    warning = watched.page.get_by_role("alert").filter(has_text="without a price")
    expect(warning).to_contain_text("ask whoever looks after billing in your company to add it")
    expect(warning).not_to_contain_text("lines to add")


def test_finance_has_a_page_of_their_own_usage_that_says_they_have_no_calls_yet(
    here: Company, browser: Browser
) -> None:
    watched = here.signed_in(browser, "finance", "/my_usage")
    watched.heading("My usage")
    expect(watched.page.get_by_text("You have no calls on these days")).to_be_visible()
