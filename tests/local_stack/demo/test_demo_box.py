"""The box: what waits, prices that nobody compared for too long, and what is published."""

from io import StringIO

import msgspec
from rich.console import Console

from local_stack.demo.demo_box import DemoBox, show
from local_stack.demo.measured_run import prices_in_use
from pricing_rules.price_book.book import load_book
from pricing_rules.price_sources.ages import ages
from table_api.prices.price_list import PriceList
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.timestamp import now_utc
from tests.fixtures.calls import DEMO_BOOK

BOX = DemoBox(
    sent=1, posted=1, duplicates=0, deferred=0, dead_lettered=0, unpriced=0, total_cost="0",
    currency="USD", audit="ok", seconds=1.0, timed_events=1, cpu_us_per_event=1.0,
    urls={"ui": "http://127.0.0.1:1"},
)  # fmt: skip


async def test_old_prices_of_the_demonstrations_book_are_counted() -> None:
    storage = MemoryTableStorage()
    assert await prices_in_use(storage) == (0, 0)
    book = load_book([DEMO_BOOK])
    await PriceList(storage).publish(book, at=now_utc(), age_days_max=90)
    found = ages(book, at=now_utc())
    assert await prices_in_use(storage) == (found.old, found.prices)
    assert found.old > 0


def printed(box: DemoBox) -> str:
    console = Console(record=True, width=100, file=StringIO())
    show(box, console)
    return console.export_text()


def test_the_box_shows_what_waits_at_the_end_and_not_what_ever_waited() -> None:
    paired = msgspec.structs.replace(BOX, deferred=355, gateway_calls=600, waiting=2)
    assert ", 2 waiting for tokens" in printed(paired)
    assert "355" not in printed(paired)
    without_log = msgspec.structs.replace(BOX, deferred=7)
    assert ", 7 waiting for tokens" in printed(without_log)


def test_the_box_names_old_prices_only_where_there_are_any() -> None:
    assert "prices" not in printed(BOX)
    old = msgspec.structs.replace(BOX, old_prices=3, prices=12)
    assert "3 of 12 in use are old: see http://127.0.0.1:1/prices" in printed(old)


def test_the_box_says_whether_application_insights_equals_the_ledger() -> None:
    equal = msgspec.structs.replace(BOX, published=9_050)
    assert "9,050 rows in Application Insights, equal in every cell" in printed(equal)
    other = msgspec.structs.replace(BOX, published=3, telemetry_difference=2)
    assert "3 rows in Application Insights, which differs from the ledger in 2 cells" in (
        printed(other)
    )


def test_the_box_says_what_was_credited_and_which_month_was_wrong() -> None:
    assert "corrected" not in printed(BOX)
    credited = msgspec.structs.replace(BOX, credited="29.86 USD", corrects="2026-09")
    assert "29.86 USD credited on these: 2026-09 was billed at a wrong price" in " ".join(
        printed(credited).replace("│", "").split()
    )


def test_the_box_names_recorded_streams_where_there_is_no_gateway() -> None:
    recorded = msgspec.structs.replace(BOX, recorded=11, deferred=11, completed=11)
    said = printed(recorded)
    assert "none without mono: 11 recorded streams, 11 completed from its log" in said
    assert "waiting" not in said
