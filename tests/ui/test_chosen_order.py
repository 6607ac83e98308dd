"""A list's chosen order is in the address: whoever gets it, Back and the files have it."""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import process_time

import pytest
from playwright.sync_api import Locator, Page, expect
from streamlit.testing.v1 import AppTest

from tests.fixtures.browser import CHROMIUM, only_page
from tests.ui.lists import lists
from tests.ui.opening import opened, said
from tests.ui.stand import ADA, InventedCall, Stand, standing
from tests.ui.walking import STEP_TIMEOUT_MS, Watched, free_port, running_ui
from ui.api import connection
from ui.api.client import SUBJECTS_PAGE_ROWS
from ui.rows.row_order import ORDER_CHARS_MAX, RowOrder, orders_of

READ_S_MAX = 0.5
"""Of CPU. A regular expression that looks on from each " by " took 1.4 s."""
UNUSED = "The address names what this page does not use"


def test_the_words_of_an_address_are_read_as_they_are_written() -> None:
    text = "people by Charge (USD), descending; two months by October 2026, USD, ascending; x"
    assert orders_of(text) == {
        "people": RowOrder(title="Charge (USD)", descending=True),
        "two months": RowOrder(title="October 2026, USD", descending=False),
        "x": None,
    }
    assert orders_of("") == {}


def test_words_that_are_no_order_are_none() -> None:
    for words in ("people", "people by Calls", "people by Calls, down", "people by , ascending"):
        assert orders_of(words) == {words: None}
    shortest = "people by , ascending"
    fitting, longer = (
        shortest.replace(" by ", f" by {'x' * (ORDER_CHARS_MAX - len(shortest) + more)}")
        for more in (0, 1)
    )
    assert list(orders_of(fitting)) == ["people"]
    assert orders_of(longer) == {longer: None}


def test_a_hostile_order_is_read_in_the_time_of_its_length() -> None:
    text = "a by " * 10_000
    began = process_time()
    assert orders_of(text) == {text: None}
    assert process_time() - began < READ_S_MAX


@pytest.mark.usefixtures("stand")
@pytest.mark.parametrize(("way", "first"), [("ascending", -1), ("descending", 0)])
def test_an_address_orders_the_list_that_it_names(way: str, first: int) -> None:
    by_calls = sorted(table("Calls")["Calls"], reverse=True)  # type: ignore[type-var]
    assert len(set(by_calls)) > 2
    ordered = table("Calls", order=f"people by Calls, {way}")["Calls"]
    assert ordered == (by_calls if first == 0 else by_calls[::-1])
    assert table("Share", order=f"people by Calls, {way}") == table("Share"), "another list"


def table(column: str, **parameters: str) -> dict[str, list[object]]:
    """The list of people, or of groups where the column is Share."""
    app = opened("usage", range="90 days", by="Model", **parameters)
    assert not app.exception
    assert UNUSED not in said(app)
    first = "Name" if column == "Calls" else "Model"
    return next(each for each in lists(app) if next(iter(each)) == first)


@pytest.mark.usefixtures("stand")
@pytest.mark.parametrize(
    ("order", "words"),
    [
        ("people by Zzz*, descending", "people cannot be sorted by Zzz*, descending: it has no"),
        ("days by Calls, descending", f"**{UNUSED}**: order days by Calls, descending."),
        ("people", f"**{UNUSED}**: order people."),
        ("people by Calls, ascending; groups", f"**{UNUSED}**: order groups."),
        ("zz*", f"**{UNUSED}**: order zz*."),
        ("people by Calls, ascending; zz", f"**{UNUSED}**: order zz."),
    ],
)
def test_an_order_that_no_list_has_is_named(order: str, words: str) -> None:
    app = opened("usage", range="90 days", order=order)
    assert not app.exception
    assert words in said(app)


def test_a_list_that_goes_on_says_that_it_keeps_its_order(stand: Stand, today: date) -> None:
    call = InventedCall(number=0, subject="", day=today, deployment="gpt-4.1", input=9)
    more = range(SUBJECTS_PAGE_ROWS + 1)
    stand.post([replace(call, number=7000 + n, subject=f"app:{n:03}") for n in more])
    app = opened("people", order="people by Calls, descending")
    assert "people cannot be sorted by Calls, descending: it is not shown whole" in said(app)


def sessions() -> None:
    """More sessions than the API gives: a script of its own."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from ui.api.telemetry_answers import Session, Sessions  # noqa: PLC0415
    from ui.page_parts.trace.sessions import show_sessions  # noqa: PLC0415

    at = datetime(2026, 11, 30, tzinfo=UTC)
    row = Session(
        session="a",
        first=at,
        last=at,
        calls=1,
        errors=0,
        charge=None,
        input_tokens=1,
        output_tokens=1,
    )
    found = Sessions(
        first=at.date(),
        until=at.date(),
        zone="UTC",
        currency="USD",
        subject="ada",
        name=None,
        published_until=None,
        more=True,
        data=[row],
    )
    show_sessions(found)


def dearest_sessions() -> None:
    """More sessions of everybody than the API gives: a script of its own."""
    from datetime import date  # noqa: PLC0415

    from ui.api.telemetry_answers import Top, TopLine  # noqa: PLC0415
    from ui.page_parts.trace.sessions import show_top_sessions  # noqa: PLC0415

    row = TopLine(
        group="a", name=None, subject="ada", calls=1, charge=None, input_tokens=1, output_tokens=1
    )
    found = Top(
        first=date(2026, 11, 30),
        until=date(2026, 12, 1),
        zone="UTC",
        currency="USD",
        published_until=None,
        data=[row],
        rest=row,
    )
    show_top_sessions(found)


def letters() -> None:
    """More dead letters than the API reads: a script of its own."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from ui.api.usage_answers import DeadLetter, DeadLetters, Metering  # noqa: PLC0415
    from ui.page_parts.health.open_letters import show_letters  # noqa: PLC0415

    letter = DeadLetter(
        id="0-1-a",
        hub="llm-usage",
        partition="0",
        sequence_number=1,
        enqueued_time=datetime(2026, 11, 30, tzinfo=UTC),
        reason="json",
        field="",
        message="cut",
        event_id=None,
    )
    metering = Metering(waiting=0, dead_letters_open=1, dead_letters_complete=False, audit=None)
    show_letters(DeadLetters(complete=False, data=[letter]), metering, zone="UTC")


@pytest.mark.parametrize(
    ("script", "order"),
    [
        (sessions, "sessions by Calls"),
        (dearest_sessions, "sessions of everybody by Calls"),
        (letters, "dead letters by Reason"),
    ],
)
def test_a_list_of_the_first_ones_alone_keeps_its_order(
    script: Callable[[], None], order: str
) -> None:
    app = AppTest.from_function(script, default_timeout=30)
    app.query_params["order"] = f"{order}, descending"
    app.run()
    assert not app.exception
    name, _, title = order.partition(" by ")
    assert f"{name} cannot be sorted by {title}, descending: it is not shown whole" in said(app)


EMPTY = {"first": "2020-01-01", "last": "2020-01-02"}


@pytest.mark.usefixtures("stand")
@pytest.mark.parametrize(
    ("page", "parameters", "name"),
    [
        ("people", EMPTY, "people"),
        ("cost_centres", EMPTY, "centres"),
        ("models", EMPTY, "models"),
        ("usage", EMPTY, "groups"),
        ("usage", {**EMPTY, "subject": ADA}, "models"),
        ("usage", {**EMPTY, "subject": ADA}, "days"),
        ("usage", {"subject": ADA, "day": "2020-01-01"}, "calls"),
        ("access_log", EMPTY, "accesses"),
    ],
)
def test_a_list_without_rows_of_its_own_keeps_the_order_for_later(
    page: str, parameters: Mapping[str, str], name: str
) -> None:
    app = opened(page, **parameters, order=f"{name} by Calls, descending")
    assert not app.exception
    assert "cannot be sorted" not in said(app)
    assert UNUSED not in said(app)


@pytest.mark.usefixtures("empty_stand")
def test_the_first_calls_of_the_day_come_in_the_order_of_the_address() -> None:
    app = opened("live", order="calls by Model, ascending")
    assert not app.exception
    assert "No call of today yet" in said(app)
    assert UNUSED not in said(app)


@pytest.mark.parametrize(
    ("page", "parameters", "name"),
    [
        ("people", {}, "people"),
        ("cost_centres", {}, "centres"),
        ("usage", {}, "groups"),
    ],
)
def test_where_the_api_fails_at_first_the_order_is_for_later(
    stand: Stand,
    monkeypatch: pytest.MonkeyPatch,
    page: str,
    parameters: Mapping[str, str],
    name: str,
) -> None:
    monkeypatch.setattr(connection, "CACHE_TTL_S", 60)
    opened(page, **parameters, range="30 days")  # what every page asks is kept
    stand.storage.down = True
    app = opened(page, **parameters, range="7 days", order=f"{name} by Calls, descending")
    stand.storage.down = False
    assert not app.exception
    assert "could not answer" in said(app)
    assert UNUSED not in said(app)


@pytest.mark.usefixtures("stand")
@pytest.mark.parametrize(
    ("label", "value", "left"),
    [("Cost by", "Cost centre", "people by Calls, ascending"), ("Sort by", "Calls", "groups by")],
)
def test_a_list_that_a_chooser_fills_anew_has_its_own_order(
    label: str, value: str, left: str
) -> None:
    both = "groups by Model, descending; people by Calls, ascending"
    app = opened("usage", range="90 days", order=both)
    (chooser,) = (group for group in app.button_group if group.label == label)
    chooser.set_value(value).run()
    assert not app.exception
    (kept,) = [part for part in both.split("; ") if left in part]
    assert app.query_params["order"] == kept
    assert "is shown instead" not in said(app)


@pytest.mark.usefixtures("stand")
def test_a_search_has_its_own_order_since_its_share_is_another_column() -> None:
    app = opened("people", range="90 days", order="people by Share, ascending")
    assert not app.warning
    (search,) = (box for box in app.text_input if box.label == "Search")
    search.set_value("a").run()
    assert not app.exception
    assert not app.warning
    assert dict(app.query_params) == {"range": "90 days", "q": "a"}


@pytest.fixture(scope="module")
def url(calls: list[InventedCall]) -> Iterator[str]:
    with standing() as stand:
        stand.save_people()
        stand.post(calls)
        with running_ui({"API_URL": stand.url}, port=free_port()) as running:
            yield running


@pytest.fixture(scope="module")
def warm_page() -> Iterator[Page]:
    with only_page(timeout_ms=STEP_TIMEOUT_MS) as page:
        yield page


def head(page: Page, title: str) -> Locator:
    table = page.get_by_role("table", name="People and applications")
    return table.get_by_role("columnheader", name=title, exact=True)


def names(page: Page) -> list[str]:
    return (
        page.get_by_role("table", name="People and app").get_by_role("rowheader").all_inner_texts()
    )


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_link_back_and_a_file_have_the_order_on_screen(
    url: str, warm_page: Page, tmp_path: Path
) -> None:
    browser, page = Watched(page=warm_page, base=url), warm_page
    browser.open("/people?range=90+days")
    head(page, "Calls").wait_for()
    unsorted = names(page)
    seen = {"none": unsorted}
    for way in ("descending", "ascending", "descending"):
        head(page, "Calls").get_by_role("button").press("Enter")
        expect(head(page, "Calls")).to_have_attribute("aria-sort", way)
        expect(head(page, "Calls").get_by_role("button")).to_be_focused()
        browser.settle()
        assert browser.parameters()["order"] == f"people by Calls, {way}"
        assert seen.setdefault(way, names(page)) == names(page)
    assert seen["ascending"][-1] == seen["descending"][0] == "Ada Lovelace", "she calls most"
    assert set(seen["ascending"]) == set(unsorted)
    shared = page.url
    for way in ("ascending", "descending", "none"):
        page.go_back()
        expect(head(page, "Calls")).to_have_attribute("aria-sort", way)
        assert names(page) == seen[way]
    # What was chosen last before Back is chosen again: it must not be taken for no change.
    head(page, "Calls").get_by_role("button").press("Enter")
    expect(head(page, "Calls")).to_have_attribute("aria-sort", "descending")
    browser.open("/")
    browser.open(shared.removeprefix(url))
    expect(head(page, "Calls")).to_have_attribute("aria-sort", "descending")
    assert names(page) == seen["descending"]
    with page.expect_download() as started:
        page.get_by_role("button", name="CSV").click()
    started.value.save_as(file := tmp_path / "people.csv")
    rows = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
    assert [row["Name"] for row in rows] == seen["descending"]
    assert {row["Order"] for row in rows} == {"by Calls, descending"}
    assert browser.complaints == []


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_another_view_does_not_take_the_order_along(url: str, warm_page: Page) -> None:
    browser = Watched(page=warm_page, base=url)
    browser.open("/people?range=90+days&order=people+by+Calls%2C+ascending")
    browser.open_row("Ada Lovelace")
    browser.heading("Ada Lovelace")
    assert browser.parameters() == {"range": "90 days", "subject": ADA}


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_what_was_typed_is_searched_for_also_where_a_head_is_clicked_at_once(
    url: str, warm_page: Page
) -> None:
    browser = Watched(page=warm_page, base=url)
    browser.open("/people?range=90+days")
    head(warm_page, "Calls").wait_for()
    browser.settle()
    warm_page.get_by_role("textbox", name="Search", exact=True).fill("a")
    head(warm_page, "Calls").get_by_role("button").evaluate(
        """async (button) => {
            document.activeElement.blur();
            await new Promise((sent) => setTimeout(sent, 5));
            button.click();
        }"""
    )
    expect(head(warm_page, "Calls")).to_have_attribute("aria-sort", "descending")
    browser.settle()
    asked = {"range": "90 days", "q": "a", "order": "people by Calls, descending"}
    assert browser.parameters() == asked
    expect(head(warm_page, "Share of those found")).to_be_visible()
