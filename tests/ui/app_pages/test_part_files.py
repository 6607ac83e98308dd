"""Files of lists that a page shows in part: they say of what, and have ids and amounts whole."""

import csv
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace
from streamlit.testing.v1 import AppTest

from tests.fixtures.calls import book
from tests.ui.lists import lists
from tests.ui.opening import opened
from tests.ui.stand import ADA, BOB, UNPRICED, InventedCall, Stand
from ui.api.price_answers import Price
from ui.api.telemetry_answers import Session, Sessions, Top, TopLine
from ui.page_parts.price import history
from ui.page_parts.rerating import changes
from ui.period import DAY

Files = dict[str, Callable[[], bytes]]
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LONG = "0123456789abcdef0123456789abcdef"


def table(files: Files, name: str) -> list[dict[str, str]]:
    """The rows of the CSV whose name begins so."""
    (made,) = [each for file, each in files.items() if file.startswith(name) and ".csv" in file]
    return list(csv.DictReader(made().decode("utf-8-sig").splitlines()))


def test_the_largest_differences_of_a_run_are_said_to_be_some(
    stand: Stand, today: date, made_files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stand.rerate(2, today)
    lines = len(stand.client.rerating(run).lines)
    assert not opened("reratings", run=run).exception
    assert {row["Rows"] for row in table(made_files, f"run_{run}")} == {f"all {lines}"}
    monkeypatch.setattr(changes, "LINES_SHOWN_MAX", 1)
    assert not opened("reratings", run=run).exception
    (row,) = table(made_files, f"run_{run}")
    assert row["Rows"] == f"the 1 largest differences of {lines}"


def test_amounts_of_a_run_are_numbers_and_sorted_by_their_size(
    empty_stand: Stand, today: date, made_files: Files
) -> None:
    """As words, 1,234.5 came after 999, and 0.25 after 0.5."""
    sizes = {ADA: 5_000_000_000, BOB: 3_000_000_000, "service": 400_000}
    empty_stand.post(
        [
            InventedCall(number=at, subject=subject, day=today, deployment="gpt-4.1", input=size)
            for at, (subject, size) in enumerate(sizes.items())
        ]
    )
    empty_stand.post(
        [InventedCall(number=9, subject="lab", day=today, deployment=UNPRICED, input=1)]
    )
    run = empty_stand.rerate(2, today)
    app = opened("reratings", run=run, order="changes by Before (USD), ascending")
    assert not app.exception
    (shown,) = [each for each in lists(app) if "Before (USD)" in each]
    amounts = [Decimal(str(cell)) for cell in shown["Before (USD)"] if cell != changes.NO_PRICE]
    assert amounts == sorted(amounts)
    assert max(amounts) > 1000
    in_file = [row["Before (USD)"] for row in table(made_files, f"run_{run}")]
    assert [Decimal(cell) for cell in in_file if cell != changes.NO_PRICE] == amounts


def past_prices(prices: "Sequence[Price]", now: "datetime") -> None:
    """Prices of one model over time, as a page: a script of its own."""
    from ui.page_parts.price.history import show_history  # noqa: PLC0415

    show_history(prices, "gpt-4.1", now=now)


def test_the_newest_prices_of_a_model_are_said_to_be_some(
    stand: Stand, made_files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.publish_prices(book(), age_days_max=10_000)
    prices = stand.client.prices(history=True).data[:3]
    monkeypatch.setattr(history, "SHOWN_MAX", 2)
    app = AppTest.from_function(past_prices, args=(prices, NOW)).run(timeout=60)
    assert not app.exception
    rows = table(made_files, "price_history")
    assert {row["Rows"] for row in rows} == {"the newest 2 of 3 prices"}
    assert {row["Shown"] for row in rows} == {"model = gpt-4.1"}


def sessions_of(found: "Sessions | Top") -> None:
    """Somebody's sessions, or everybody's, as a page: a script of its own."""
    from ui.api.telemetry_answers import Sessions  # noqa: PLC0415
    from ui.page_parts.trace import sessions  # noqa: PLC0415

    if isinstance(found, Sessions):
        sessions.show_sessions(found)
    else:
        sessions.show_top_sessions(found)


def session(name: str | None, last: datetime) -> Session:
    return Session(
        session=name,
        first=last,
        last=last,
        calls=1,
        errors=0,
        charge=None,
        input_tokens=1,
        output_tokens=1,
    )


@pytest.mark.parametrize(
    ("more", "rows"), [(True, "the last 3, more are not shown"), (False, "all 3")]
)
def test_sessions_are_whole_in_files_and_said_to_be_some(
    made_files: Files, more: bool, rows: str
) -> None:
    found = Sessions(
        first=NOW.date(),
        until=NOW.date() + DAY,
        zone="UTC",
        currency="USD",
        subject=ADA,
        name=None,
        published_until=None,
        more=more,
        data=[session(f"{LONG}-1", NOW), session(f"{LONG}-2", NOW), session(None, NOW)],
    )
    app = AppTest.from_function(sessions_of, args=(found,)).run(timeout=60)
    assert not app.exception
    made = table(made_files, "sessions")
    assert [row["Session"] for row in made] == [f"{LONG}-1", f"{LONG}-2", "without a session"]
    assert {row["Rows"] for row in made} == {rows}


def line(group: str | None, calls: int) -> TopLine:
    return TopLine(
        group=group,
        name=None,
        subject=ADA if group else None,
        calls=calls,
        charge=Decimal(calls),
        input_tokens=1,
        output_tokens=1,
    )


@pytest.mark.parametrize(("rest", "rows"), [(5, "the dearest 1, more are not shown"), (0, "all 1")])
def test_the_dearest_sessions_are_said_to_be_some(made_files: Files, rest: int, rows: str) -> None:
    found = Top(
        first=NOW.date(),
        until=NOW.date() + DAY,
        zone="UTC",
        currency="USD",
        published_until=None,
        data=[line(LONG, 2)],
        rest=line(None, rest),
    )
    app = AppTest.from_function(sessions_of, args=(found,)).run(timeout=60)
    assert not app.exception
    (row,) = table(made_files, "dearest_sessions")
    assert (row["Rows"], row["Session"]) == (rows, LONG)


def test_sessions_of_nobody_whom_the_ledger_knows_are_said_to_be_left_out(
    made_files: Files,
) -> None:
    """Their pseudonyms are of another key; the page said that there is no call."""
    nobodys = replace(line(LONG, 7), subject=None)
    found = Top(
        first=NOW.date(),
        until=NOW.date() + DAY,
        zone="UTC",
        currency="USD",
        published_until=None,
        data=[nobodys],
        rest=line(None, 0),
    )
    app = AppTest.from_function(sessions_of, args=(found,)).run(timeout=60)
    assert not app.exception
    assert not app.info
    assert "Not in the list: 7 calls, 7.00 USD, of people whom the ledger" in app.caption[0].value
    found = replace(found, data=[nobodys, line(LONG, 2)])
    app = AppTest.from_function(sessions_of, args=(found,)).run(timeout=60)
    assert "Not in the list: 7 calls" in app.caption[-1].value
    (row,) = table(made_files, "dearest_sessions")
    assert row["Rows"] == "1 of 2, the others are of nobody whom the ledger knows"
