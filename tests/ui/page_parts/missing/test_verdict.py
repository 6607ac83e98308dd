"""The hours of completeness as people read a clock, and what counts as missing."""

from datetime import UTC, date, datetime
from decimal import Decimal

from msgspec import convert
from msgspec.structs import replace

from ui.api.completeness_answers import Completeness, HourLine, Sums
from ui.page_parts.missing.hours import heat_map
from ui.page_parts.missing.verdict import HourOfDay, Level, hours_of, uncharged, verdict_of

NOON = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
FIELDS = {name: 0 for name in Sums.__struct_fields__ if not name.endswith("_estimate")}
LINE = convert(
    {
        **FIELDS,
        **{name: None for name in Sums.__struct_fields__ if name.endswith("_estimate")},
        "oldest_waiting": None,
        "hour": NOON.isoformat(),
        "api": None,
        "model": "m",
    },
    type=HourLine,
)


def answer(line: HourLine) -> Completeness:
    return Completeness(
        first=date(2026, 10, 25),
        until=date(2026, 10, 26),
        zone="Europe/Berlin",
        currency="USD",
        ledger_calls=line.posted,
        facts_from=None,
        newest_usage_event=NOON,
        newest_diagnostics=NOON,
        dead_letters_complete=True,
        data=[line],
        models=[],
        totals=line,
        unmetered={},
    )


def test_the_hour_that_a_clock_shows_twice_is_one_cell() -> None:
    twice = [replace(LINE, hour=NOON.replace(hour=hour), gateway_calls=3) for hour in (0, 1)]
    twice[1] = replace(twice[1], unpriced=2)
    hours = hours_of(twice, "Europe/Berlin")
    assert hours == [HourOfDay(day=date(2026, 10, 25), hour=2, calls=6, uncharged=2)]
    cell = heat_map(hours).to_dict()["datasets"].popitem()[1][0]
    assert (cell["number"], cell["calls"]) == ("2", "6 calls, 2 not charged")


def test_failed_calls_are_not_missing() -> None:
    failed = replace(LINE, gateway_calls=5, posted=5, no_usage=5, failed=5)
    assert uncharged(failed) == 0
    assert verdict_of(answer(failed)).level is Level.COMPLETE


def test_calls_of_nobody_and_unread_events_are_missing_too() -> None:
    of_nobody = replace(
        LINE, gateway_calls=9, unattributed=1, unattributed_charge=Decimal("0.5"), dead_lettered=2
    )
    found = verdict_of(answer(of_nobody))
    assert found.level is Level.OPEN
    assert found.sentence == (
        "1 call without a caller: 0.500 USD is nobody's. 2 events that cannot be read."
    )


def test_an_unknown_worth_is_not_left_out() -> None:
    mixed = replace(LINE, gateway_calls=4, waiting=1, unpriced=1, waiting_estimate=Decimal("0.25"))
    assert verdict_of(answer(mixed)).sentence.endswith("worth about 0.250 USD and more.")
    unpriced = replace(LINE, gateway_calls=4, unpriced=1)
    assert "nobody knows what they are worth" in verdict_of(answer(unpriced)).sentence
