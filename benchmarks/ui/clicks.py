"""Several people whose pages are open and warm, and who all click at the same moment."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from playwright.sync_api import BrowserContext, ElementHandle, Page

from benchmarks.result import Result, at_most, beside, spread
from benchmarks.ui.spent import Meter, Spent
from benchmarks.ui.tabs import SESSIONS, settle
from tests.ui.stand import ADA
from tests.ui.walking import Running

ROUNDS = 5
CLICK_S = 2.0
"""Goal: until the last of them reads the answer."""
CALLS = "[data-testid=stMetric]:has-text('Calls') [data-testid=stMetricValue]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """What everybody does, and how one sees that it is answered."""

    name: str
    start: str
    """The page on which they are, as the rest of its address."""
    target: Callable[[Page], ElementHandle]
    heading: str
    figure: Callable[[Page], str]
    """A selector of what the answer alone has; asked before the click."""


def row_of_ada(page: Page) -> ElementHandle:
    row = page.get_by_role("rowheader").get_by_role("link", name="Ada Lovelace")
    return row.element_handle()


def link_to_models(page: Page) -> ElementHandle:
    return page.get_by_test_id("stTopNavLink").filter(has_text="Models").element_handle()


def button_of_the_bare_page(page: Page) -> ElementHandle:
    return page.get_by_role("button", name="Draw again").element_handle()


def figure(text: str) -> str:
    """The total of calls with this text."""
    return f"{CALLS} :text-is('{text}')"


def clicks_of(page: Page, url: str) -> list[Click]:
    """What people do on the overview; the page is read once for what the answers will say."""
    settle(page, f"{url}/?subject={ADA}")
    of_ada = page.locator(CALLS).inner_text()
    return [
        Click(
            name="open a person",
            start="/?q=lovelace",
            target=row_of_ada,
            heading="Ada Lovelace",
            figure=lambda _: figure(of_ada),
        ),
        Click(
            name="open the page of models",
            start="/",
            target=link_to_models,
            heading="Models",
            figure=lambda _: "table[aria-label^='Models with their charge']",
        ),
    ]


def next_figure(page: Page) -> str:
    """What the bare page will show after the click."""
    shown = int(page.locator(CALLS).inner_text().replace(",", ""))
    return figure(f"{shown + 1:,}")


AGAIN = Click(
    name="draw the page again",
    start="/",
    target=button_of_the_bare_page,
    heading="A bare page",
    figure=next_figure,
)


def at_once(pages: Sequence[Page], url: str, click: Click, meter: Meter) -> Spent:
    """Everybody's page is open; then everybody clicks, until the last one reads the answer."""
    for page in pages:
        settle(page, url + click.start)
    targets = [click.target(page) for page in pages]
    figures = [click.figure(page) for page in pages]

    def wait() -> None:
        for target in targets:
            target.evaluate("each => each.click()")
        for page, shown in zip(pages, figures, strict=True):
            page.get_by_role("heading", level=1).filter(has_text=click.heading).wait_for()
            page.locator(shown).first.wait_for()

    return meter.spent(wait)


def warm_clicks(context: BrowserContext, browser: int, ui: Running, bare: Running) -> list[Result]:
    """Ours and the bare page take turns."""
    pages = [context.new_page() for _ in range(SESSIONS)]
    clicks = clicks_of(pages[0], ui.url)
    measured: dict[str, list[Spent]] = {each.name: [] for each in (*clicks, AGAIN)}
    for _ in range(ROUNDS):
        for side, of_side in ((ui, clicks), (bare, [AGAIN])):
            meter = Meter(server=side.pid, browser=browser)
            for click in of_side:
                measured[click.name].append(at_once(pages, side.url, click, meter))
    for page in pages:
        page.close()
    return [
        result
        for click in clicks
        for result in compared(click.name, measured[click.name], measured[AGAIN.name])
    ]


def compared(name: str, ours: Sequence[Spent], bare: Sequence[Spent]) -> list[Result]:
    """The medians of both, and of the wait the goal."""
    what = f"{SESSIONS} open tabs that all {name} at once"
    than = "compared with Streamlit's bare page drawn again"

    def medians(part: str) -> tuple[float, float]:
        of_ours, of_bare = ([getattr(each, part) for each in side] for side in (ours, bare))
        return statistics.median(of_ours), statistics.median(of_bare)

    waits = [each.wall for each in ours]
    wait = at_most(f"{what}, s; goal {CLICK_S} s", statistics.median(waits), CLICK_S, 1)
    return [
        spread(wait, waits),
        beside(f"{what}, s, {than}", *medians("wall")),
        beside(f"{what}: CPU s of the browser, {than}", *medians("browser")),
        beside(f"{what}: CPU s of UI and API, {than}", *medians("server")),
    ]
