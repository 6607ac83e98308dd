"""Walks through the real UI in a real browser, by keyboard and by URL, at two widths."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, expect, sync_playwright

from tests.fixtures.browser import CHROMIUM, CHROMIUM_FLAGS
from tests.ui.barriers import barriers
from tests.ui.stand import ADA, ODD, ODD_NAME, InventedCall, Stand, standing
from tests.ui.walking import STEP_TIMEOUT_MS, Watched, free_port, running_ui
from ui.format import JOINER
from ui.period import month_of

OPENED_MAX = 40
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def shared_stand(calls: list[InventedCall]) -> Iterator[Stand]:
    """Shared by the walks: a test that changes it must not mind the others' changes."""
    with standing() as stand:
        stand.save_people()
        stand.post(calls)
        yield stand


@pytest.fixture(scope="module")
def ui_url(shared_stand: Stand) -> Iterator[str]:
    """The UI as an operator starts it."""
    with running_ui({"API_URL": shared_stand.url}, port=free_port()) as url:
        yield url


@pytest.fixture(scope="module")
def warm_browser(ui_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """One browser for all walks."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"), executable_path=CHROMIUM, args=CHROMIUM_FLAGS
        )
        context.set_default_timeout(STEP_TIMEOUT_MS)
        expect.set_options(timeout=STEP_TIMEOUT_MS)
        yield context
        context.close()


@pytest.fixture
def browser(ui_url: str, warm_browser: BrowserContext) -> Iterator[Watched]:
    watched = Watched(page=warm_browser.new_page(), base=ui_url)
    watched.watch()
    yield watched
    watched.page.close()


@pytest.fixture(scope="module")
def call(calls: list[InventedCall]) -> InventedCall:
    """Ada's last call of today."""
    return [call for call in calls if (call.subject, call.day) == (ADA, calls[-1].day)][-1]


def test_the_way_from_the_total_to_one_call_is_a_chain_of_urls(
    browser: Watched, shared_stand: Stand, call: InventedCall
) -> None:
    call_id = shared_stand.call_ids(ADA, call.day)[-1]
    browser.open("/")
    browser.heading("Overview")
    browser.open_row("Ada Lovelace")
    browser.heading("Ada Lovelace")
    assert browser.parameters() == {"subject": ADA}
    browser.open_row("so far")
    browser.page.wait_for_url("**day=*")
    assert browser.parameters() == {"subject": ADA, "day": call.day.isoformat()}
    browser.settle()
    browser.open_row(f"{call.time:%M:%S}.{call.time.microsecond // 1000:03}")
    browser.page.wait_for_url("**call=*")
    assert browser.parameters()["call"] == call_id
    browser.settle()
    expect(browser.page.get_by_text("The lines add up to the charge")).to_be_visible()
    browser.page.go_back()
    browser.page.wait_for_url("**day=*")
    browser.settle()
    browser.page.get_by_role("link", name="Ada Lovelace").click()
    browser.heading("Ada Lovelace")
    assert browser.foreign == []
    assert browser.complaints == []


def test_a_range_and_its_order_survive_being_sent_as_a_url(browser: Watched) -> None:
    browser.open("/")
    browser.page.get_by_role("radio", name="Last month").click()
    browser.page.wait_for_url("**range=Last*")
    browser.settle()
    browser.page.get_by_role("radio", name="Cost centre").click()
    browser.page.wait_for_url("**by=Cost*")
    browser.settle()
    assert browser.parameters() == {"range": "Last month", "by": "Cost centre"}
    browser.open(browser.page.url.removeprefix(browser.base))
    expect(browser.page.get_by_role("radio", name="Last month")).to_be_checked()
    expect(browser.page.get_by_role("radio", name="Cost centre")).to_be_checked()


def test_two_choices_before_the_page_answers_are_both_kept(browser: Watched) -> None:
    browser.open("/")
    browser.page.get_by_role("radio", name="Last month").wait_for()
    browser.page.get_by_role("radio", name="Cost centre").wait_for()
    browser.page.evaluate(
        """async () => {
            const named = (name) => [...document.querySelectorAll('[role=radio]')]
                .find((radio) => radio.textContent.trim() === name);
            named('Last month').click();
            await new Promise((sent) => setTimeout(sent, 20));
            named('Cost centre').click();
        }"""
    )
    browser.page.wait_for_url("**by=Cost*")
    browser.settle()
    assert browser.parameters() == {"range": "Last month", "by": "Cost centre"}


def test_new_calls_and_a_recovered_api_show_without_a_touch(
    browser: Watched, shared_stand: Stand, call: InventedCall
) -> None:
    browser.open("/")
    calls = browser.page.get_by_test_id("stMetric").filter(has_text="Calls").first
    before = int(calls.get_by_test_id("stMetricValue").inner_text())
    shared_stand.post([replace(call, number=9000)])
    expect(calls.get_by_test_id("stMetricValue")).to_have_text(str(before + 1))
    shared_stand.storage.down = True
    expect(browser.page.get_by_text("The API could not answer").first).to_be_visible()
    shared_stand.storage.down = False
    expect(calls.get_by_test_id("stMetricValue")).to_have_text(str(before + 1))
    expect(browser.page.get_by_text("The API could not answer")).to_have_count(0)


def test_a_page_that_was_opened_while_nothing_answered_comes_without_a_touch(
    browser: Watched, shared_stand: Stand
) -> None:
    heading = browser.page.get_by_role("heading", level=1)

    def title_of_the_page() -> str:
        browser.page.goto(f"{browser.base}/people?range=90+days")
        return heading.inner_text()

    shared_stand.late.refuses = True
    try:
        # Answers that the UI still keeps are too old after some seconds.
        assert any(title_of_the_page() == "LLM chargeback" for _ in range(OPENED_MAX))
        expect(browser.page.get_by_text("The API could not answer")).to_be_visible()
    finally:
        shared_stand.late.refuses = False
    browser.heading("People")
    assert browser.parameters() == {"range": "90 days"}
    expect(browser.page.get_by_text("The API could not answer")).to_have_count(0)


def test_a_refresh_leaves_what_is_being_typed(
    browser: Watched, shared_stand: Stand, call: InventedCall
) -> None:
    browser.open("/")
    search = browser.page.get_by_role("textbox", name="Search", exact=True)
    search.press_sequentially("lace")
    shared_stand.post([replace(call, number=9001)])
    subjects = shared_stand.client.subjects(
        month_of(call.day), sort="charge", search="", after=None
    )
    calls = next(str(row.calls) for row in subjects.data if row.subject == ADA)
    people = browser.page.get_by_role("table", name="People and applications")
    ada = people.get_by_role("row").filter(has_text="Ada Lovelace")
    expect(ada.get_by_role("cell", name=calls, exact=True)).to_be_visible()
    browser.settle()
    assert search.input_value() == "lace"
    search.press("Enter")
    browser.page.wait_for_url("**q=lace*")
    expect(people.get_by_role("rowheader")).to_have_count(1)


def test_an_empty_range_has_a_way_out(browser: Watched) -> None:
    browser.open("/?range=Custom&first=2020-01-01&last=2020-01-31")
    expect(browser.page.get_by_text("No calls in this range")).to_be_visible()
    browser.page.get_by_test_id("stButton").filter(has_text="Show").get_by_role("button").click()
    expect(browser.page.get_by_role("radio", name="This month")).to_be_checked()
    expect(browser.page.get_by_test_id("stMetric").first).to_be_visible()


def test_a_name_is_shown_as_it_is_written(browser: Watched) -> None:
    browser.open(f"/?subject={ODD}")
    heading = browser.page.get_by_role("heading", level=1)
    heading.wait_for()
    assert heading.inner_text().replace(JOINER, "") == ODD_NAME
    assert heading.locator("a[href*=contoso], .katex, em, strong, b, img").count() == 0


@pytest.mark.parametrize("width_px", [1400, 420])
def test_every_page_fits_its_width(
    browser: Watched,
    shared_stand: Stand,
    call: InventedCall,
    tmp_path: Path,
    width_px: int,
) -> None:
    pages = {
        "overview": "/",
        "subject": f"/?subject={ADA}",
        "day": f"/?subject={ADA}&day={call.day}",
        "call": f"/?call={shared_stand.call_ids(ADA, call.day)[0]}",
    }
    browser.page.set_viewport_size({"width": width_px, "height": 1600})
    for name, path in pages.items():
        browser.open(path)
        browser.page.get_by_test_id("stMetric").first.wait_for()
        browser.page.screenshot(path=tmp_path / f"{name}_{width_px}.png")
        main = browser.page.get_by_test_id("stMain")
        assert main.evaluate("main => main.scrollWidth <= main.clientWidth"), name
    assert browser.foreign == []


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/live", "Live"),
        ("/models?range=90+days", "Models"),
        ("/prices", "Prices"),
        ("/traces", "Traces"),
        ("/completeness", "Is anything missing?"),
        ("/admin", "Health"),
    ],
)
def test_pages_over_everybody_fit_a_telephone(browser: Watched, path: str, title: str) -> None:
    browser.page.set_viewport_size({"width": 420, "height": 900})
    browser.open(path)
    browser.heading(title)
    expect(browser.page.get_by_test_id("stException")).to_have_count(0)
    main = browser.page.get_by_test_id("stMain")
    assert main.evaluate("main => main.scrollWidth <= main.clientWidth")
    assert browser.foreign == []
    assert browser.complaints == []


def test_a_live_list_pauses_while_somebody_reads_further_down(browser: Watched) -> None:
    browser.page.set_viewport_size({"width": 1000, "height": 400})
    browser.open("/live")
    browser.page.get_by_test_id("stMetric").first.wait_for()
    scroll = "(main, top) => main.scrollTo(0, top)"
    browser.page.get_by_test_id("stMain").evaluate(scroll, 300)
    expect(browser.page.get_by_text("Paused while you read further down")).to_be_attached()
    browser.page.get_by_test_id("stMain").evaluate(scroll, 0)
    expect(browser.page.get_by_text("Asks every")).to_be_visible()


@pytest.mark.parametrize(
    ("scheme", "background"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(18, 22, 29)")]
)
def test_pages_are_as_light_or_dark_as_the_browser_prefers(
    browser: Watched, scheme: Literal["light", "dark"], background: str
) -> None:
    browser.page.emulate_media(color_scheme=scheme)
    browser.page.goto(browser.base)
    expect(browser.page.locator(".stApp")).to_have_css("background-color", background)


def test_no_page_has_a_serious_barrier(
    browser: Watched, shared_stand: Stand, call: InventedCall
) -> None:
    """By axe-core. The tables of text and the charts are read as a screen reader would."""
    pages = {
        "/": "Overview",
        f"/?subject={ADA}": "Ada Lovelace",
        f"/?call={shared_stand.call_ids(ADA, call.day)[0]}": "Call of",
        "/?cost_centre=R%26D": "R&D",
        f"/?subject={ADA}&model=gpt-4.1": "gpt-4.1",
        "/people": "People",
        "/cost_centres": "Cost centres",
        "/search?find=ada": "Search",
        "/reratings": "Re-rating",
        "/invoices": "Invoices",
        "/completeness": "Is anything missing?",
        "/live": "Live",
        "/models": "Models",
        "/models?model=gpt-4.1": "gpt-4.1",
        "/prices": "Prices",
        "/traces": "Traces",
        "/admin": "Health",
        "/access_log": "Access log",
    }
    found = []
    for path, heading in pages.items():
        browser.open(path)
        browser.page.get_by_role("heading", level=1).filter(has_text=heading).first.wait_for()
        browser.settle()
        found += [(path, *each) for each in barriers(browser.page)]
    assert found == []


def test_a_skeleton_fills_the_page_until_the_answer_comes(
    browser: Watched, shared_stand: Stand
) -> None:
    shared_stand.storage.delay_s = 1
    try:
        browser.page.goto(f"{browser.base}/people?range=90+days&q=lace")
        skeleton = browser.page.get_by_test_id("stSkeleton")
        skeleton.filter(visible=True).first.wait_for()
        heading = browser.page.get_by_role("heading", level=1)
        before = heading.bounding_box()
        browser.page.get_by_role("table", name="People and applications").wait_for()
        expect(skeleton).to_have_count(0)
    finally:
        shared_stand.storage.delay_s = 0
    assert heading.bounding_box() == before


def test_a_skeleton_is_there_before_anything_else(browser: Watched, shared_stand: Stand) -> None:
    shared_stand.late.late_s, shared_stand.late.answers = 1.5, 1000
    try:
        # Answers that the UI still keeps are too old after some seconds.
        assert any(skeleton_alone(browser) for _ in range(OPENED_MAX))
    finally:
        shared_stand.late.answers = 0
    browser.heading("People")
    expect(browser.page.get_by_test_id("stSkeletonElement")).to_have_count(0)


def skeleton_alone(browser: Watched) -> bool:
    """Whether a page that was opened just now shows a skeleton and nothing else."""
    browser.page.goto(f"{browser.base}/people")
    heading = browser.page.get_by_role("heading", level=1)
    skeleton = browser.page.get_by_test_id("stSkeletonElement")
    heading.or_(skeleton).first.wait_for()
    return heading.count() == 0 and skeleton.count() == 1


def test_a_click_on_a_bar_narrows_the_page_and_a_button_widens_it(browser: Watched) -> None:
    browser.open("/")
    bars = browser.page.locator("[aria-roledescription=bar][aria-label*='gpt-4.1']")
    bars.first.click()
    browser.page.wait_for_url("**model=gpt-4.1*")
    browser.settle()
    browser.page.get_by_role("button", name="Only model gpt-4.1").click()
    browser.page.wait_for_url(lambda url: "model=" not in url)


def test_another_view_starts_at_its_top_with_the_focus_there(browser: Watched) -> None:
    browser.open("/")
    name = browser.page.get_by_role("rowheader").get_by_role("link", name="Ada Lovelace").first
    name.scroll_into_view_if_needed()
    main = browser.page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollTop") > 0
    name.press("Enter")
    browser.heading("Ada Lovelace")
    assert main.evaluate("element => element.scrollTop") == 0
    expect(main).to_be_focused()


def test_a_bar_and_a_button_lead_to_the_top_too_and_a_chooser_to_no_other_place(
    browser: Watched,
) -> None:
    browser.page.set_viewport_size({"width": 1000, "height": 500})
    main = browser.page.get_by_test_id("stMain")
    browser.open("/")
    bar = browser.page.locator("[aria-roledescription=bar][aria-label*='gpt-4.1']").first
    bar.scroll_into_view_if_needed()
    place = main.evaluate("element => element.scrollTop")
    assert place > 0
    browser.page.get_by_role("radio", name="Calls").press("Enter")
    browser.page.wait_for_url("**sort=Calls*")
    browser.settle()
    assert main.evaluate("element => element.scrollTop") > 0, "the list is where it was"
    bar.click()
    heading = browser.page.get_by_role("heading", level=1)
    heading.filter(has_text="gpt-4.1").wait_for()
    browser.settle()
    expect(main).to_be_focused()
    assert main.evaluate("element => element.scrollTop") == 0
    browser.page.get_by_role("button", name="Only model gpt-4.1").press("Enter")
    heading.filter(has_text="Overview").wait_for()
    expect(main).to_be_focused()


def test_a_view_is_saved_by_its_name(browser: Watched) -> None:
    browser.open("/?range=7+days&by=Cost+centre")
    browser.page.get_by_role("button", name="Saved views").click()
    browser.page.get_by_label("Name of this view").fill("Friday <b>check</b>")
    browser.page.get_by_role("button", name="Save", exact=True).click()
    browser.open("/")
    browser.page.get_by_role("button", name="Saved views").click()
    browser.page.get_by_role("link", name="Friday <b>check</b>").click()
    browser.page.get_by_role("button", name="View: Friday").wait_for()
    expect(browser.page.get_by_role("radio", name="7 days")).to_be_checked()
    assert browser.parameters()["by"] == "Cost centre"


def test_a_call_is_found_by_its_request_id_from_any_page(
    browser: Watched, shared_stand: Stand, call: InventedCall
) -> None:
    shared_stand.report([call])
    request_id = call.priced.event.id
    browser.open("/prices")
    box = browser.page.get_by_role("textbox", name="Find a person or a call")
    box.fill(request_id)
    box.press("Enter")
    browser.heading("Search")
    browser.page.get_by_role("table", name="Calls with this id").get_by_role("link").click()
    browser.page.wait_for_url("**call=*")
    expect(browser.page.get_by_text(request_id).first).to_be_visible()


def test_a_list_is_downloaded_as_it_is_shown(browser: Watched) -> None:
    browser.open("/people?range=7+days&q=lace")
    with browser.page.expect_download() as started:
        browser.page.get_by_role("button", name="CSV").click()
    head, *lines = started.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert head.startswith("Name,Charge (USD),Change (USD)")
    assert head.endswith("Days,From,To,Zone,Currency,Shown,Rows,Compared with,Order")
    assert [line.split(",")[0] for line in lines] == ["Ada Lovelace"]
    assert "Europe/Berlin,USD,q = lace,all 1," in lines[0]
    assert lines[0].endswith(",by charge")


def test_a_chart_is_downloaded_as_a_picture(browser: Watched) -> None:
    browser.open("/models?range=90+days")
    browser.page.get_by_test_id("stVegaLiteChart").hover()
    with browser.page.expect_download() as started:
        browser.page.get_by_role("button", name="Download as PNG").click()
    assert started.value.path().read_bytes().startswith(b"\x89PNG")
