"""The first screen of the overview in a real browser, the list of all groups, and its files."""

import csv
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.fixtures.browser import CHROMIUM, only_page
from tests.ui.stand import ADA, PEOPLE, InventedCall, Stand, standing
from tests.ui.walking import STEP_TIMEOUT_MS, Watched, free_port, running_ui
from ui.parts.charts import GROUPS_MAX
from ui.period import Range

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

UNITS = {f"app:unit-{n:02}": (f"Unit {n:02}", f"Centre {n:02}") for n in range(GROUPS_MAX + 4)}
WIDE, TELEPHONE = ViewportSize(width=1400, height=900), ViewportSize(width=420, height=900)
GROUPS = "Charge by Cost centre"
SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

ASKED_MAX = 5


@pytest.fixture(scope="module")
def stand_of_many(calls: list[InventedCall]) -> Iterator[Stand]:
    """More cost centres than a list has rows for."""
    today = calls[-1].day
    more = [
        InventedCall(
            number=5000 + number,
            subject=subject,
            day=today - timedelta(days=back),
            deployment="gpt-4.1",
            input=900 + 50 * number + back,
        )
        for number, subject in enumerate(UNITS)
        for back in (0, 31)
    ]
    with standing() as stand:
        stand.save_people({**PEOPLE, **UNITS})
        stand.post(sorted([*calls, *more], key=lambda call: call.time))
        yield stand


@pytest.fixture(scope="module")
def ui_url(stand_of_many: Stand) -> Iterator[str]:
    with running_ui({"API_URL": stand_of_many.url}, port=free_port()) as url:
        yield url


@pytest.fixture(scope="module")
def warm_page(ui_url: str) -> Iterator[Page]:
    with only_page(timeout_ms=STEP_TIMEOUT_MS) as page:
        yield page


@pytest.fixture
def browser(ui_url: str, warm_page: Page) -> Watched:
    return Watched(page=warm_page, base=ui_url)


def assert_seen(where: Locator) -> None:
    """Whole, on the screen, without a scroll."""
    where.wait_for()
    box, screen = where.bounding_box(), where.page.viewport_size
    assert box is not None
    assert screen is not None
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= screen["width"], where
    assert box["y"] + box["height"] <= screen["height"], where


def first_change(page: Page) -> Locator:
    """The line of what changed most, with its reason."""
    return page.get_by_role("listitem").filter(has_text="USD").first


@pytest.mark.parametrize("path", ["/", "/?by=Cost+centre", "/?range=7+days&by=Cost+centre"])
def test_a_wide_screen_answers_how_much_why_and_whose(browser: Watched, path: str) -> None:
    page = browser.page
    page.set_viewport_size(WIDE)
    browser.open(path)
    rows = page.get_by_role("table", name="Charge by").get_by_role("row")
    rows.nth(2).wait_for()
    chart = page.get_by_test_id("stVegaLiteChart").first
    chart.locator("svg").wait_for()
    browser.settle()
    assert_seen(page.get_by_role("heading", level=1))
    assert_seen(page.get_by_text("than on"))
    for total in page.get_by_test_id("stMetric").all():
        assert_seen(total)
    assert_seen(page.get_by_text("What changed most"))
    assert_seen(first_change(page))
    assert_seen(chart)
    assert_seen(page.get_by_text("Cost by", exact=True))
    for row in range(3):  # its head and two groups
        assert_seen(rows.nth(row))


def test_a_telephone_answers_how_much_and_what_changed_most(browser: Watched) -> None:
    page = browser.page
    page.set_viewport_size(TELEPHONE)
    browser.open("/?by=Cost+centre")
    first_change(page).wait_for()
    browser.settle()
    assert_seen(page.get_by_text("than on"))
    for total in page.get_by_test_id("stMetric").all():
        assert_seen(total)
    assert_seen(first_change(page))


def test_every_preset_can_be_read_and_reached_on_a_telephone(browser: Watched) -> None:
    page = browser.page
    page.set_viewport_size(TELEPHONE)
    browser.open("/")
    days = page.get_by_role("radiogroup", name="Days")
    days.wait_for()
    for choice in Range:
        assert_seen(days.get_by_role("radio", name=choice, exact=True))
    days.get_by_role("radio", name=Range.THIS_MONTH).focus()
    for choice in list(Range)[1:]:
        page.keyboard.press("ArrowRight")
        expect(days.get_by_role("radio", name=choice, exact=True)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_url("**range=This+quarter*")


def test_others_in_a_list_open_all_groups_and_back_closes_them(browser: Watched) -> None:
    page = browser.page
    page.set_viewport_size(WIDE)
    browser.open("/?by=Cost+centre")
    rows = page.get_by_role("table", name=GROUPS).get_by_role("rowheader")
    others = rows.filter(has_text="Others")
    others.wait_for()
    few = rows.count()
    others.scroll_into_view_if_needed()
    main = page.get_by_test_id("stMain")
    place = main.evaluate("element => element.scrollTop")
    assert place > 0
    others.get_by_role("link").press("Enter")
    page.wait_for_url("**groups=all*")
    expect(others).to_have_count(0)
    assert main.evaluate("element => element.scrollTop") == place, "the same list, with more rows"
    assert browser.parameters() == {"by": "Cost centre", "groups": "all"}
    names = rows.all_inner_texts()
    assert {centre for _, centre in UNITS.values()} < set(names)
    assert names[-1] == "no cost centre"
    page.go_back()
    others.wait_for()
    assert rows.count() == few
    page.go_forward()
    expect(others).to_have_count(0)
    page.get_by_role("button", name="Show the dearest alone").click()
    others.wait_for()
    assert browser.parameters() == {"by": "Cost centre"}


def test_others_in_a_chart_open_all_groups(browser: Watched) -> None:
    page = browser.page
    page.set_viewport_size(WIDE)
    browser.open("/?by=Cost+centre&range=Today")
    bars = page.locator("[aria-roledescription=bar][aria-label*='Others']")
    bars.first.click()
    page.wait_for_url("**groups=all*")
    assert browser.parameters() == {"by": "Cost centre", "groups": "all", "range": "Today"}
    browser.settle()
    expect(page.get_by_text("Others in the chart: 5 groups, each with a row")).to_be_visible()
    bars.first.click()
    browser.settle()
    assert browser.parameters() == {"by": "Cost centre", "groups": "all", "range": "Today"}


def test_a_bar_opens_the_page_that_the_row_of_its_group_opens(browser: Watched) -> None:
    page = browser.page
    page.set_viewport_size(WIDE)
    browser.open("/?by=Cost+centre&range=7+days")
    bars = page.locator("[aria-roledescription=bar][aria-label*='Sales']")
    bars.first.click()
    page.wait_for_url("**cost_centre=Sales*")
    of_the_bar = browser.parameters()
    browser.open("/?by=Cost+centre&range=7+days")
    browser.open_row("Sales")
    page.wait_for_url("**cost_centre=Sales*")
    assert browser.parameters() == of_the_bar == {"range": "7 days", "cost_centre": "Sales"}


def first_column(file: Path) -> list[str]:
    """The first column below its head, of a CSV file or a workbook."""
    if file.suffix == ".csv":
        return [row[0] for row in csv.reader(file.read_text("utf-8-sig").splitlines())][1:]
    with zipfile.ZipFile(file) as book:
        texts, lines = (
            ElementTree.fromstring(book.read(f"xl/{part}.xml"))
            for part in ("sharedStrings", "worksheets/sheet1")
        )
    words = ["".join(each.itertext()) for each in texts]
    cells = [cell for cell in lines.iter(f"{SPREADSHEET}c") if cell.get("r", "")[:1] == "A"]
    return [words[int("".join(cell.itertext()))] for cell in cells if cell.get("r") != "A1"]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_file_has_the_order_that_somebody_chose(
    browser: Watched, tmp_path: Path, ending: str
) -> None:
    page = browser.page
    page.set_viewport_size(WIDE)
    browser.open("/cost_centres?range=30+days")
    table = page.get_by_role("table", name="Cost centres")
    names = table.get_by_role("rowheader")
    names.first.wait_for()
    unsorted = names.all_inner_texts()
    seen = []
    for title, state in (
        ("Calls", "descending"),
        ("Calls", "ascending"),
        ("Cost centre", "ascending"),
        ("Cost centre", "descending"),
        ("Change (USD)", "descending"),
    ):
        head = table.get_by_role("columnheader", name=title, exact=True)
        head.get_by_role("button").press("Enter")
        expect(head).to_have_attribute("aria-sort", state)
        expect(head.get_by_role("button")).to_be_focused()
        shown = names.all_inner_texts()
        assert set(shown) == set(unsorted)
        with page.expect_download() as started:
            page.get_by_role("button", name=ending.upper()).click()
        file = tmp_path / f"list.{ending}"
        started.value.save_as(file)
        assert first_column(file) == shown
        if ending == "csv":
            assert f"by {title}, {state}" in file.read_text("utf-8-sig")
        seen.append(shown)
    assert {each[-1] for each in (unsorted, *seen)} == {"no cost centre"}, "last in each order"
    assert seen[3][:-1] == seen[2][:-1][::-1]
    # The page's own order is by charge: whoever calls most costs most here.
    assert seen[0][0] == seen[1][-2] == unsorted[0] == "R&D"
    assert len({tuple(each) for each in seen}) == len(seen)


def test_an_order_survives_new_calls(
    browser: Watched, stand_of_many: Stand, calls: list[InventedCall]
) -> None:
    page = browser.page
    page.set_viewport_size(WIDE)
    browser.open("/cost_centres")
    table = page.get_by_role("table", name="Cost centres")
    head = table.get_by_role("columnheader", name="Calls", exact=True)
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    first = table.get_by_role("row").nth(1)
    before = first.inner_text()
    stand_of_many.post([replace(calls[-1], subject=ADA, number=9000)])
    expect(first).not_to_have_text(before, use_inner_text=True)
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(first.get_by_role("rowheader")).to_have_text("R&D")


@pytest.mark.parametrize("size", [WIDE, TELEPHONE])
def test_nothing_jumps_when_the_page_asks_again(
    browser: Watched, stand_of_many: Stand, calls: list[InventedCall], size: ViewportSize
) -> None:
    page = browser.page
    page.set_viewport_size(size)
    browser.open("/?by=Cost+centre")
    page.get_by_test_id("stVegaLiteChart").nth(1).locator("svg").wait_for()
    browser.settle()
    parts = [
        page.get_by_test_id("stMetric").last,
        first_change(page),
        page.get_by_test_id("stVegaLiteChart").first,
        page.get_by_role("table", name=GROUPS),
        page.get_by_role("table", name="People and applications"),
    ]
    before = [top_of(part) for part in parts]
    count = page.get_by_test_id("stMetric").filter(has_text="Calls").get_by_test_id("stMetricValue")
    shown = count.inner_text()
    # Small enough to change no text but counts: a longer text may need one more line.
    small = replace(calls[-1], number=9100 + size["width"], input=1, cache_read=0, output=0)
    stand_of_many.post([small])
    expect(count).not_to_have_text(shown)
    assert [top_of(part) for part in parts] == before


def top_of(part: Locator) -> float:
    """Asked again where a refresh has put a new element in place of the one that was found."""
    for _ in range(ASKED_MAX):
        if box := part.bounding_box():
            return box["y"]
    raise AssertionError(f"{part} is not there")
