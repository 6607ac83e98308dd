"""A chooser that has its value is left alone: a newer choice there is not undone.

What a page sets, Streamlit sets in the browser too, over whatever is there by now.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

from tests.fixtures.browser import CHROMIUM, only_page
from tests.ui.opening import opened
from tests.ui.stand import ADA, InventedCall, Stand, standing
from tests.ui.walking import STEP_TIMEOUT_MS, Watched, free_port, running_ui
from ui.api.connection import REFRESH_S

LATE_S = 1.5
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def choosers(app: AppTest) -> dict[str, bool]:
    """Whether the page sets the value of each chooser, by its label."""
    drawn = [*app.button_group, *app.selectbox, *app.text_input, *app.date_input]
    return {each.label: each.proto.set_value for each in drawn if "Find" not in each.label}


@pytest.mark.usefixtures("stand")
def test_a_page_that_is_drawn_again_sets_only_what_is_another_value() -> None:
    app = opened("people", range="Custom", first="2026-11-01", last="2026-11-02", sort="Calls")
    first = choosers(app)
    assert set(first) >= {"Days", "Compared with", "Sort by", "Search", "From", "To (included)"}
    assert all(first.values())
    app.run()
    assert not any(choosers(app).values())
    app.query_params["sort"] = "Change"  # as Back does
    app.run()
    assert [label for label, is_set in choosers(app).items() if is_set] == ["Sort by"]
    assert next(each for each in app.button_group if each.label == "Sort by").value == "Change"


@pytest.mark.usefixtures("stand")
def test_the_choosers_of_another_page_are_set_there() -> None:
    app = opened("people", range="90 days")
    app.switch_page("app_pages/models.py")
    app.query_params["range"] = "90 days"
    app.run()
    assert not app.exception
    assert next(each for each in app.button_group if each.label == "Days").value == "90 days"


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


@in_a_browser
def test_three_choices_while_the_page_is_drawn_are_all_kept(
    browser: Watched, shared_stand: Stand
) -> None:
    browser.open("/?range=90+days")
    table = browser.page.get_by_role("table", name="People and applications")
    table.wait_for()
    shared_stand.late.late_s, shared_stand.late.answers = LATE_S, 1000
    try:
        for choice in ("30 days", "Cost centre", "Calls"):
            browser.page.get_by_role("radio", name=choice, exact=True).click(force=True)
            browser.page.wait_for_timeout(200)
        browser.page.wait_for_url("**sort=Calls**")
    finally:
        shared_stand.late.answers = 0
    browser.settle()
    expect(table).to_be_visible()
    assert browser.parameters() == {"range": "30 days", "by": "Cost centre", "sort": "Calls"}
    for choice in ("30 days", "Cost centre", "Calls"):
        expect(browser.page.get_by_role("radio", name=choice, exact=True)).to_be_checked()


@in_a_browser
def test_a_click_on_a_row_outlives_a_list_that_is_drawn_meanwhile(
    browser: Watched, shared_stand: Stand, calls: list[InventedCall]
) -> None:
    browser.open("/people?range=90+days")
    row = browser.page.get_by_role("rowheader").get_by_role("link", name="Ada Lovelace")
    row.hover()
    page = browser.page
    page.mouse.down()
    before = browser.page.get_by_role("table", name="People and applications").inner_text()
    shared_stand.post([newer_call(calls)])
    page.wait_for_timeout(2.5 * REFRESH_S * 1000)
    shown = browser.page.get_by_role("table", name="People and applications").inner_text()
    assert shown == before, "it waits for the release"
    page.mouse.up()
    browser.heading("Ada Lovelace")
    assert browser.parameters() == {"range": "90 days", "subject": ADA}


def newer_call(calls: list[InventedCall]) -> InventedCall:
    return InventedCall(
        number=9_999, subject=ADA, day=calls[-1].day, deployment="gpt-4.1", input=100_000
    )
