"""The site is built without a warning, and a browser that opens it asks no other host."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, ViewportSize, expect

from docs_site.__main__ import MERMAID
from tests.fixtures.browser import CHROMIUM, only_page
from tests.paths import ROOT

TIMEOUT_MS = 30_000
PHONE: ViewportSize = {"width": 420, "height": 900}
# The theme draws diagrams into shadow trees that are closed; a test has to look into them.
OPEN_SHADOWS = """
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function () { return attach.call(this, { mode: "open" }); };
"""

pytestmark = [
    pytest.mark.skipif(find_spec("material") is None, reason="the group `docs` is not installed"),
    pytest.mark.skipif(not MERMAID.is_dir(), reason="npm has not installed @mermaid-js/tiny"),
]


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and logs none of them."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Site:
    """What `make docs` made, and what it said."""

    folder: Path
    code: int
    said: str

    def pages(self) -> list[str]:
        """Every page by its path."""
        assert self.code == 0, self.said
        html = self.folder / "html"
        return sorted(page.relative_to(html).as_posix() for page in html.glob("**/*.html"))

    def diagrams(self, page: str) -> int:
        """How many diagrams a page has."""
        text = (self.folder / "html" / page).read_text(encoding="utf-8")
        return text.count('<pre class="mermaid">')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Built as `make docs` builds it, elsewhere."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "docs_site", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return Site(folder, built.returncode, built.stderr)


@pytest.fixture(scope="module")
def url(site: Site) -> Iterator[str]:
    """The site as a server shows it."""
    assert site.pages()
    serve = partial(Quiet, directory=str(site.folder / "html"))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser(url: str) -> Iterator[Page]:
    """A narrow page, as on a phone."""
    assert url
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with only_page(timeout_ms=TIMEOUT_MS, viewport=PHONE) as page:
        page.add_init_script(OPEN_SHADOWS)
        yield page


def test_the_site_is_built_without_a_warning(site: Site) -> None:
    assert site.code == 0, site.said
    assert re.findall(r"^(?:WARNING|ERROR).*", site.said, re.M) == []


def test_the_navigation_has_every_page_and_no_other(site: Site) -> None:
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = re.findall(r"^ +- .*: (\S+\.md)$", config, re.M)
    staged = site.folder / "pages"
    pages = {page.relative_to(staged).as_posix() for page in staged.glob("**/*.md")}
    assert len(named) == len(set(named))
    assert set(named) == pages


def test_no_page_asks_another_host_complains_or_is_wider_than_a_phone(
    site: Site, url: str, browser: Page
) -> None:
    foreign: list[str] = []
    complaints: list[str] = []
    wide: list[str] = []

    def on_request(request: Request) -> None:
        if not request.url.startswith((f"{url}/", "data:", "blob:")):
            foreign.append(request.url)

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    browser.on("request", on_request)
    browser.on("console", on_console)
    browser.on("pageerror", lambda error: complaints.append(str(error)))
    for page in site.pages():
        browser.goto(f"{url}/{page}", wait_until="networkidle" if site.diagrams(page) else "load")
        if browser.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(page)
    assert (foreign, complaints, wide) == ([], [], [])


def test_every_diagram_is_drawn(site: Site, url: str, browser: Page) -> None:
    pages = {page: count for page in site.pages() if (count := site.diagrams(page))}
    assert "index.html" in pages
    for page, count in pages.items():
        browser.goto(f"{url}/{page}")
        expect(browser.locator("div.mermaid")).to_have_count(count)
        for diagram in browser.locator("div.mermaid").all():
            box = diagram.locator("svg").first.bounding_box()
            assert box
            assert min(box["width"], box["height"]) > 50
    browser.goto(f"{url}/index.html")
    expect(browser.locator("div.mermaid g.node")).to_have_count(7)
    expect(browser.locator("div.mermaid")).to_contain_text("API Management")


def test_the_search_finds_a_page(url: str, browser: Page) -> None:
    browser.goto(f"{url}/index.html")
    browser.locator("label[for=__search]").first.click()
    browser.locator("input.md-search__input").press_sequentially("sweeper")
    expect(browser.locator(".md-search-result__item").first).to_contain_text("sweeper")
