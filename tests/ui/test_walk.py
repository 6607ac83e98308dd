"""Walks through the real UI in a real browser, by keyboard and by URL, at two widths."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    WebSocket,
    expect,
    sync_playwright,
)

from tests.fixtures.browser import CHROMIUM, CHROMIUM_FLAGS
from tests.paths import ROOT
from tests.ui.stand import ADA, ODD, ODD_NAME, InventedCall, Stand, standing
from ui.format import JOINER
from ui.period import month_of

# Of the grid of subjects; the boxes to tick are column 0.
CALLS_COLUMN = 4
START_RETRIES = 7  # with httpx's doubling pause: about 30 s
STEP_TIMEOUT_MS = 30_000
# Streamlit's client looks for its base path on a deep link and finds it after two 404s; Vega says
# that an empty chart has no extent.
ALLOWED_CONSOLE = ("status of 404", "Infinite extent")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@dataclass
class Watched:
    """A browser page and everything it should not have done."""

    page: Page
    base: str
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def on_request(self, request: Request | WebSocket) -> None:
        address = urlsplit(request.url)
        inline = address.scheme in ("data", "blob")
        if not inline and address.netloc != urlsplit(self.base).netloc:
            self.foreign.append(request.url)

    def on_console(self, message: ConsoleMessage) -> None:
        allowed = any(text in message.text for text in ALLOWED_CONSOLE)
        if message.type in ("error", "warning") and not allowed:
            self.complaints.append(message.text)

    def open(self, path: str) -> None:
        self.page.goto(self.base + path)
        self.settle()

    def settle(self) -> None:
        self.page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")

    def heading(self, text: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)
        self.settle()

    def tick_row(self, text: str) -> None:
        """Choose the grid row that shows `text`, by keyboard alone."""
        cell = self.page.locator("td[data-testid^=glide-cell]", has_text=text).first
        cell.wait_for(state="attached")
        row = int((cell.get_attribute("data-testid") or "").rsplit("-", 1)[1])
        self.page.locator("td[data-testid=glide-cell-1-0]").first.focus()
        for _ in range(row):
            self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Shift+Space")

    def parameters(self) -> dict[str, str]:
        return {k: v[0] for k, v in parse_qs(urlsplit(self.page.url).query).items()}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
    with running_ui(shared_stand.url) as url:
        yield url


@contextmanager
def running_ui(api_url: str) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "ui/streamlit_app.py"]
    options = ["--server.port", str(port), "--server.fileWatcherType", "none"]
    environment = os.environ | {"API_URL": api_url}
    with subprocess.Popen([*command, *options], cwd=ROOT, env=environment) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            retrying = httpx.HTTPTransport(retries=START_RETRIES)
            with httpx.Client(transport=retrying) as probe:
                probe.get(f"{url}/_stcore/health").raise_for_status()
            yield url
        finally:
            server.terminate()


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
    watched.page.on("request", watched.on_request)
    watched.page.on("websocket", watched.on_request)
    watched.page.on("console", watched.on_console)
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
    browser.tick_row("Ada Lovelace")
    browser.heading("Ada Lovelace")
    assert browser.parameters() == {"subject": ADA}
    browser.tick_row("so far")
    browser.page.wait_for_url("**day=*")
    assert browser.parameters() == {"subject": ADA, "day": call.day.isoformat()}
    browser.settle()
    browser.tick_row(f"{call.time:%M:%S}.{call.time.microsecond // 1000:03}")
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
    browser.page.get_by_role("radio", name="Cost centre").click()
    browser.page.wait_for_url("**by=Cost*")
    browser.settle()
    assert browser.parameters() == {"range": "Last month", "by": "Cost centre"}
    browser.open(browser.page.url.removeprefix(browser.base))
    expect(browser.page.get_by_role("radio", name="Last month")).to_be_checked()
    expect(browser.page.get_by_role("radio", name="Cost centre")).to_be_checked()


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


def test_a_refresh_leaves_what_is_being_typed(
    browser: Watched, shared_stand: Stand, call: InventedCall
) -> None:
    browser.open("/")
    search = browser.page.get_by_role("textbox", name="Search")
    search.press_sequentially("lace")
    shared_stand.post([replace(call, number=9001)])
    subjects = shared_stand.client.subjects(
        month_of(call.day), sort="charge", search="", after=None
    )
    ada = next(index for index, row in enumerate(subjects.data) if row.subject == ADA)
    refreshed = browser.page.locator(f"td[data-testid=glide-cell-{CALLS_COLUMN}-{ada}]")
    expect(refreshed).to_have_text(str(subjects.data[ada].calls))
    browser.settle()
    assert search.input_value() == "lace"
    search.press("Enter")
    browser.page.wait_for_url("**q=lace*")
    rows = browser.page.locator("td[data-testid^=glide-cell-1-]")
    expect(rows).to_have_count(1)


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
