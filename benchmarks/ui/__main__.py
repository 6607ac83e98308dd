"""How long people wait for the UI, in headless Chromium, over 10,000 subjects.

    python -m benchmarks.ui

The real API over tables in memory, and the real UI, which both run on this machine next to the
browser. Everything is warm: one visit of each page goes before. A refresh is one run of the
overview's script without any answer kept, so it is all questions to the API and all that is drawn.

Several people at once are tabs of one browser. What they wait for is compared with what they wait
for the least page of Streamlit (`bare_page.py`) on the same machine in the same minutes. Seconds of
CPU say what the work is, whatever else the machine does.
"""

import argparse
import asyncio
import os
import random
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import streamlit as st
from playwright.sync_api import BrowserContext, Page
from streamlit.testing.v1 import AppTest

from benchmarks.api.ledger import insert, monthly_row
from benchmarks.process_cpu import children
from benchmarks.result import Result, add_results_argument, at_most, beside, report, spread
from benchmarks.ui.clicks import warm_clicks
from benchmarks.ui.sessions import open_pages
from benchmarks.ui.spent import Meter, Spent
from benchmarks.ui.tabs import SESSIONS, paint, settle
from table_api.monthly.projected_day import MONTHLY_TABLE
from tests.fixtures.browser import CHROMIUM, launched
from tests.paths import ROOT
from tests.ui.stand import ADA, Stand, billing_today, invented_calls, standing
from tests.ui.walking import Running, free_port, running_streamlit
from ui.api.connection import REFRESH_S as LIVE_S
from ui.period import DAY

SUBJECTS = 10_000
ROUNDS = 5
CROWDS = 3
"""Times that several people come at once."""
LIVE_REFRESHES = 6
ENDED_S = 1.0
"""Until the processes of closed tabs have ended, so that none of them is counted once only."""
SEED = 20261130
WAIT_MS = 120_000
"""Longer than anybody waits: a loaded machine shall give a figure too."""
BARE = (
    *("--server.address", "127.0.0.1", "--server.headless", "true"),
    *("--browser.gatherUsageStats", "false"),
)
PAINT_S, DRILL_S, REFRESH_S, SESSIONS_S = 1.0, 1.0, 0.3, 2.0
"""Goals."""


def fill(stand: Stand, subjects: int) -> None:
    """Calls of a few people, and two months of everybody's daily totals."""
    today = billing_today()
    stand.save_people()
    stand.post(invented_calls(today))
    chance = random.Random(SEED)
    for day in (today, today.replace(day=1) - DAY):
        rows = [monthly_row(chance, number, last_day=28) for number in range(subjects)]
        asyncio.run(insert(stand.storage, MONTHLY_TABLE, f"{day:%Y%m}", rows))


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def drill(page: Page, url: str) -> float:
    """From the click on a row to the next page's first total."""
    settle(page, f"{url}/?q=lovelace")
    row = page.get_by_role("rowheader").get_by_role("link", name="Ada Lovelace")
    row.wait_for()
    started = time.perf_counter()
    row.click()
    page.get_by_role("heading", level=1).filter(has_text="Ada Lovelace").wait_for()
    page.get_by_test_id("stMetric").first.wait_for()
    return time.perf_counter() - started


def all_at_once(context: BrowserContext, url: str, meter: Meter) -> Spent:
    """Until the last of several people reads an answer."""
    pages = [context.new_page() for _ in range(SESSIONS)]

    def come() -> None:
        for page in pages:
            page.goto(url, wait_until="commit")
        for page in pages:
            page.get_by_test_id("stMetric").first.wait_for()

    spent = meter.spent(come)
    for page in pages:
        page.close()
    time.sleep(ENDED_S)
    return spent


def refresh(api_url: str) -> list[Spent]:
    """The script in this process, so that no browser and no start is in it."""
    os.environ["API_URL"] = api_url
    app = AppTest.from_file(str(ROOT / "ui/streamlit_app.py"), default_timeout=60)
    app.run()
    took = []
    for _ in range(ROUNDS):
        st.cache_data.clear()
        took.append(Meter().spent(app.run))
    assert not app.exception
    return took


@contextmanager
def chromium() -> Iterator[tuple[BrowserContext, int]]:
    """One browser as people have it, whose pages share what they have loaded; and its process."""
    before = children(os.getpid())
    with launched(shutil.which("chromium") or CHROMIUM) as browser:
        (driver,) = set(children(os.getpid())) - set(before)
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        context.set_default_timeout(WAIT_MS)
        yield context, driver


def one_person(context: BrowserContext, ui: Running) -> list[Result]:
    """What somebody waits for, and what their page costs while it is open."""
    page = context.new_page()
    url = ui.url
    paint(page, url)
    paint(page, f"{url}/?subject={ADA}")
    painted = [timed(lambda: paint(page, url)) for _ in range(ROUNDS)]
    drilled = [drill(page, url) for _ in range(ROUNDS)]
    settle(page, url)
    live = Meter(server=ui.pid).spent(lambda: time.sleep(LIVE_S * LIVE_REFRESHES))
    page.close()
    return [
        waited("first paint of the overview, s", painted, PAINT_S),
        waited("click on a row to the next page, s", drilled, DRILL_S),
        at_most(
            f"an open overview, CPU s of UI and API for each refresh; goal {REFRESH_S} s",
            live.server / LIVE_REFRESHES,
            REFRESH_S,
            1,
        ),
    ]


def waited(name: str, seconds: Sequence[float], goal_s: float) -> Result:
    """The median, compared with its goal."""
    result = at_most(f"{name}; goal {goal_s} s", statistics.median(seconds), goal_s, 1)
    return spread(result, seconds)


def crowd(context: BrowserContext, browser: int, ui: Running, bare: Running) -> list[Result]:
    """Several people at once, with browsers and without; ours and the bare page take turns."""
    measured: dict[str, list[Spent]] = {"ours": [], "bare": [], "ours alone": [], "bare alone": []}
    for _ in range(CROWDS):
        for name, side in (("ours", ui), ("bare", bare)):
            meter = Meter(server=side.pid, browser=browser)
            measured[name].append(all_at_once(context, side.url, meter))
            no_browser = Meter(server=side.pid)
            drawn = no_browser.spent(partial(open_pages, side.url, SESSIONS))
            measured[f"{name} alone"].append(drawn)
    of = {
        (name, part): statistics.median(getattr(each, part) for each in found)
        for name, found in measured.items()
        for part in ("wall", "server", "browser")
    }
    tabs = f"{SESSIONS} sessions at once, in {SESSIONS} tabs"
    alone = f"{SESSIONS} sessions at once, without their browsers"
    than = "compared with Streamlit's bare page"
    return [
        waited(f"{tabs}, s", [each.wall for each in measured["ours"]], SESSIONS_S),
        beside(f"{tabs}, s, {than}", of["ours", "wall"], of["bare", "wall"]),
        beside(
            f"{tabs}: CPU s of the browser, {than}", of["ours", "browser"], of["bare", "browser"]
        ),
        beside(f"{tabs}: CPU s of UI and API, {than}", of["ours", "server"], of["bare", "server"]),
        waited(f"{alone}, s", [each.wall for each in measured["ours alone"]], SESSIONS_S),
        beside(f"{alone}, s, {than}", of["ours alone", "wall"], of["bare alone", "wall"]),
        beside(f"{alone}: CPU s, {than}", of["ours alone", "server"], of["bare alone", "server"]),
    ]


def measure(subjects: int) -> list[Result]:
    with standing() as stand:
        fill(stand, subjects)
        with (
            running_streamlit("ui/server.py", {"API_URL": stand.url}, port=free_port()) as ui,
            running_streamlit(
                "benchmarks/ui/bare_page.py", {}, port=free_port(), options=BARE
            ) as bare,
            chromium() as (context, browser),
        ):
            results = one_person(context, ui)
            paint(context.new_page(), bare.url)
            results += crowd(context, browser, ui, bare)
            results += warm_clicks(context, browser, ui, bare)
        refreshed = refresh(stand.url)
    of = f"refresh of the overview, {subjects:,} subjects"
    return [
        waited(f"{of}, s", [each.wall for each in refreshed], REFRESH_S),
        waited(f"{of}, CPU s of UI and API", [each.server for each in refreshed], REFRESH_S),
        *results,
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--subjects", type=int, default=SUBJECTS)
    add_results_argument(parser)
    options = parser.parse_args()
    report(measure(options.subjects), options.results)


if __name__ == "__main__":
    main()
