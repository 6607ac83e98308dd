"""How long people wait for the UI, in headless Chromium, over 10,000 subjects.

    python -m benchmarks.ui

The real API over tables in memory, and the real UI, which both run on this machine next to the
browser. Everything is warm: one visit of each page goes before. A refresh is one run of the
overview's script without any answer kept, so it is all questions to the API and all that is drawn.
"""

import argparse
import asyncio
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st
from playwright.sync_api import Browser, Page, sync_playwright
from streamlit.testing.v1 import AppTest

from benchmarks.api.ledger import insert, monthly_row
from benchmarks.result import Result, add_results_argument, at_most, report
from table_api.monthly.projected_day import MONTHLY_TABLE
from tests.fixtures.browser import CHROMIUM, CHROMIUM_FLAGS
from tests.paths import ROOT
from tests.ui.stand import ADA, Stand, billing_today, invented_calls, standing
from tests.ui.walking import free_port, running_ui
from ui.period import DAY

SUBJECTS = 10_000
ROUNDS = 5
SESSIONS = 8
SEED = 20261130
SETTLED = "[data-testid=stApp][data-test-script-state=notRunning]"
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


def paint(page: Page, url: str) -> None:
    """Until the answer can be read: the heading and the first total."""
    page.goto(url, wait_until="commit")
    page.get_by_role("heading", level=1).wait_for()
    page.get_by_test_id("stMetric").first.wait_for()


def drill(page: Page, url: str) -> float:
    """From the click on a row to the next page's first total."""
    paint(page, f"{url}/?q=lovelace")
    page.wait_for_selector(SETTLED)
    row = page.get_by_role("rowheader").get_by_role("link", name="Ada Lovelace")
    row.wait_for()
    started = time.perf_counter()
    row.click()
    page.get_by_role("heading", level=1).filter(has_text="Ada Lovelace").wait_for()
    page.get_by_test_id("stMetric").first.wait_for()
    return time.perf_counter() - started


def all_at_once(browser: Browser, url: str) -> float:
    """Until the last of several people reads an answer."""
    pages = [browser.new_page() for _ in range(SESSIONS)]
    started = time.perf_counter()
    for page in pages:
        page.goto(url, wait_until="commit")
    for page in pages:
        page.get_by_test_id("stMetric").first.wait_for()
    took = time.perf_counter() - started
    for page in pages:
        page.close()
    return took


def refresh(api_url: str) -> float:
    """The script in this process, so that no browser and no start is in it."""
    os.environ["API_URL"] = api_url
    app = AppTest.from_file(str(ROOT / "ui/streamlit_app.py"), default_timeout=60)
    app.run()
    took = []
    for _ in range(ROUNDS):
        st.cache_data.clear()
        took.append(timed(app.run))
    assert not app.exception
    return statistics.median(took)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


def measure(subjects: int) -> list[Result]:
    with standing() as stand:
        fill(stand, subjects)
        with running_ui({"API_URL": stand.url}, port=free_port()) as url, chromium() as browser:
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            paint(page, url)
            paint(page, f"{url}/?subject={ADA}")
            painted = statistics.median(timed(lambda: paint(page, url)) for _ in range(ROUNDS))
            drilled = statistics.median(drill(page, url) for _ in range(ROUNDS))
            page.close()
            crowd = statistics.median(all_at_once(browser, url) for _ in range(3))
        refreshed = refresh(stand.url)
    of = f"{subjects:,} subjects"
    return [
        at_most(f"first paint of the overview, s; {of}, goal {PAINT_S} s", painted, PAINT_S, 1),
        at_most(f"click on a row to the next page, s; goal {DRILL_S} s", drilled, DRILL_S, 1),
        at_most(f"refresh of the overview, s; {of}, goal {REFRESH_S} s", refreshed, REFRESH_S, 1),
        at_most(f"{SESSIONS} sessions at once, s; goal {SESSIONS_S} s", crowd, SESSIONS_S, 1),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--subjects", type=int, default=SUBJECTS)
    add_results_argument(parser)
    options = parser.parse_args()
    report(measure(options.subjects), options.results)


if __name__ == "__main__":
    main()
