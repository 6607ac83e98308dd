"""The page of completeness over the real API, with facts as pairing keeps them."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace
from streamlit.testing.v1 import AppTest

from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.world import WAITS, World
from tests.paths import ROOT
from tests.ui.stand import ADA, Stand
from tests.ui.test_pages import RUN_TIMEOUT_S, cards, column, words
from ui.api.usage_answers import CallDetail
from ui.parts.gaps import DEAD_CALLS_MIN

APP = ROOT / "ui/streamlit_app.py"
NOW = datetime.now(UTC)
BEFORE = NOW - WAITS.timeout - timedelta(minutes=5)
STREAMED = Call(number=1, subject=ADA, time=BEFORE)
LOST = Call(number=2, subject=ADA, time=BEFORE, has_event=False)
SILENT = Call(number=3, subject=ADA, time=BEFORE, has_tokens=False)
LINES_SHOWN_MAX = 300
"""Of the page, which is a script: nobody can import it."""
WAITING = Call(number=4, subject=ADA, time=NOW, has_outcome=False, has_tokens=False)


def opened(**parameters: str) -> AppTest:
    """The page as it stands after its address was opened."""
    app = AppTest.from_file(str(APP), default_timeout=RUN_TIMEOUT_S)
    app.switch_page("app_pages/completeness.py")
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run()


def arrive(stand: Stand, *calls: Call) -> None:
    """Pairing and metering have done with them."""

    async def run() -> None:
        world = await World.over(stand.storage)
        for call in calls:
            if call.has_event:
                await world.pair(world.usage, call.event(), NOW)
            records = [call.gateway_record()] * call.has_outcome
            records += [call.llm_record()] * call.has_tokens
            if records:
                await world.pair(world.diagnostics, envelope(*records), NOW)
        await world.sweep(NOW)
        await world.meter(list(world.outbox.sent), NOW)

    asyncio.run(run())


def test_gaps_are_counted_and_what_is_worth_something_has_its_value(empty_stand: Stand) -> None:
    arrive(empty_stand, STREAMED, LOST, SILENT, WAITING)
    app = opened()
    assert not app.exception
    assert app.title[0].value == "Is anything missing?"
    verdict = "**Yes: 2 of 4 calls not charged** (1 waiting, 1 without usage)"
    assert app.warning[0].value == f"{verdict}, worth about 0.00239 USD."
    shown = cards(app)
    assert [shown[name] for name in ("Gateway calls", "Posted", "Waiting", "Recovered")] == [
        "4", "3", "1", "1",
    ]  # fmt: skip
    values = dict(zip(column(app, "Gap"), column(app, "Value"), strict=True))
    assert values == {
        "Usage event missing": "0.00120 USD recovered",
        "Not in the gateway's log": "—",
        "Waiting": "estimate 0.00120 USD",
        "No usage": "estimate 0.00120 USD",
    }
    assert "oldest open call" in words(app)
    assert sum(int(str(cell)) for cell in column(app, "Gateway calls")) == 4


def test_a_log_that_never_arrived_is_said_so(empty_stand: Stand) -> None:
    arrive(empty_stand, WAITING)
    assert "The gateway's log has never arrived" in words(opened())


def test_nothing_missing_is_said_in_one_sentence(empty_stand: Stand) -> None:
    arrive(empty_stand, STREAMED)
    app = opened()
    assert not app.warning
    assert app.success[0].value.startswith("**No.** The only call is in the ledger")


def test_dead_telemetry_is_an_alarm(empty_stand: Stand) -> None:
    dead = [
        Call(number=number, subject=ADA, time=BEFORE, completion=0)
        for number in range(DEAD_CALLS_MIN)
    ]
    arrive(empty_stand, *dead)
    assert "Dead telemetry: gpt-4.1-mini" in words(opened())


def test_calls_that_pairing_has_not_read_are_named(stand: Stand) -> None:
    arrive(stand, STREAMED)
    app = opened()
    assert "of the ledger cannot be checked" in words(app)
    assert cards(app)["Posted"] == "1"


@pytest.mark.parametrize(("excludes", "said"), [(["cache_write"], True), ([], False)])
def test_a_charge_without_cache_writes_says_so(
    stand: Stand, today: date, excludes: list[str], said: bool
) -> None:
    def draw(call: "CallDetail") -> None:
        from ui.usage_views.call import show_exclusions  # noqa: PLC0415  # runs by itself

        show_exclusions(call)

    call = stand.client.call(stand.call_ids(ADA, today)[0])
    app = AppTest.from_function(draw, kwargs={"call": replace(call, excludes=excludes)}).run()
    assert ("The charge excludes cache writes" in words(app)) == said


def test_a_storage_without_facts_shows_no_numbers(empty_stand: Stand) -> None:
    app = opened()
    assert not app.exception
    assert "No call in these days by either path" in words(app)
    assert "has never arrived" in words(app)
    assert not app.metric


def test_hours_that_are_listed_in_part_keep_their_order(
    empty_stand: Stand, made_files: dict[str, Callable[[], bytes]]
) -> None:
    hours = range(LINES_SHOWN_MAX + 1)
    arrive(
        empty_stand,
        *(Call(number=n, subject=ADA, time=BEFORE - timedelta(hours=n)) for n in hours),
    )
    app = opened(span="14 days", order="hours by Waiting, descending")
    assert not app.exception
    assert f"The newest {LINES_SHOWN_MAX} of {len(hours)} lines." in words(app)
    assert "hours cannot be sorted by Waiting, descending: it is not shown whole" in words(app)
    (made,) = [each for name, each in made_files.items() if re.match(r"gaps_by_hour.*\.csv", name)]
    assert f"the newest {LINES_SHOWN_MAX} of {len(hours)} lines" in made().decode()
