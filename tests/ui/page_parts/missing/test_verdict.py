"""The hours of completeness as people read a clock, and what counts as missing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec import convert
from msgspec.structs import replace

from ui.api.completeness_answers import Completeness, HourLine, Sums
from ui.format import escape
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


def only_cell(line: HourLine, zone: str) -> dict[str, str]:
    drawn = heat_map(hours_of([line], zone)).to_dict()["datasets"].popitem()[1]
    cell: dict[str, str] = drawn[0]
    return cell


def test_an_hour_with_an_event_that_cannot_be_read_is_not_one_without_a_gap() -> None:
    """It may be a call that no other path has reported."""
    cell = only_cell(replace(LINE, dead_lettered=2), "UTC")
    assert (cell["state"], cell["number"]) == ("not read, or of nobody", "2")
    assert cell["calls"] == "0 calls, 0 not charged, 2 events that cannot be read"
    cell = only_cell(replace(LINE, gateway_calls=3, unattributed=1), "UTC")
    assert (cell["state"], cell["number"]) == ("not read, or of nobody", "1")
    assert cell["calls"] == "3 calls, 0 not charged, 1 without a caller"
    cell = only_cell(replace(LINE, gateway_calls=3), "UTC")
    assert (cell["state"], cell["number"]) == ("nothing known to be missing", "")


def test_an_hour_of_a_zone_that_is_half_an_hour_from_utc_begins_at_half_past() -> None:
    cell = only_cell(replace(LINE, gateway_calls=3), "Asia/Kolkata")
    assert (cell["hour"], cell["said"]) == ("05", "25 Oct 2026, 05:30")
    drawn = heat_map(hours_of([replace(LINE, gateway_calls=3)], "Asia/Kolkata")).to_dict()
    title = drawn["layer"][0]["encoding"]["x"]["axis"]["title"]
    assert title == "Hour of the day, each from minute 30"


def test_failed_calls_are_not_missing() -> None:
    failed = replace(LINE, gateway_calls=5, posted=5, logged=5, no_usage=5, failed=5)
    assert uncharged(failed) == 0
    assert verdict_of(answer(failed), now=NOON).level is Level.COMPLETE


def test_calls_of_nobody_and_unread_events_are_missing_too() -> None:
    of_nobody = replace(
        LINE, gateway_calls=9, unattributed=1, unattributed_charge=Decimal("0.5"), dead_lettered=2
    )
    found = verdict_of(answer(of_nobody), now=NOON)
    assert found.level is Level.OPEN
    assert found.sentence == (
        "1 call without a caller: 0.500 USD is nobody's. 2 events that cannot be read."
    )


def test_an_unknown_worth_is_not_left_out() -> None:
    mixed = replace(LINE, gateway_calls=4, waiting=1, unpriced=1, waiting_estimate=Decimal("0.25"))
    assert verdict_of(answer(mixed), now=NOON).sentence.endswith("worth about 0.250 USD and more.")
    unpriced = replace(LINE, gateway_calls=4, unpriced=1)
    assert "nobody knows what they are worth" in verdict_of(answer(unpriced), now=NOON).sentence


CHECKED = replace(LINE, gateway_calls=13, posted=13, logged=13, usage_events=13)


def test_no_needs_a_log_that_came_as_far_as_the_calls() -> None:
    good = replace(answer(CHECKED), newest_usage_event=NOON + timedelta(minutes=59))
    found = verdict_of(good, now=NOON)
    assert (found.level, found.sentence[:28]) == (Level.COMPLETE, "**No.** All 13 calls are in ")
    weeks_ago = replace(good, newest_diagnostics=NOON - timedelta(days=24))
    found = verdict_of(weeks_ago, now=NOON)
    assert found.level is Level.UNKNOWN
    read = escape("1 Oct 2026, 02:00:00 CEST")
    assert found.sentence.startswith(
        f"**Nobody can say.** The gateway's log was read up to {read} only"
    )
    for stopped in (
        replace(good, newest_usage_event=NOON + timedelta(hours=2)),
        replace(weeks_ago, newest_usage_event=None),
    ):
        assert verdict_of(stopped, now=NOON).level is Level.UNKNOWN
    missing = replace(CHECKED, waiting=2, waiting_estimate=Decimal(1))
    found = verdict_of(replace(weeks_ago, data=[missing], totals=missing), now=NOON)
    assert found.level is Level.UNKNOWN
    assert found.sentence.startswith("**Yes: 2 of 13 calls not charged** (2 waiting)")


@pytest.mark.parametrize("calls", [0, 13])
def test_calls_of_the_ledger_that_nobody_compared_are_not_called_complete(calls: int) -> None:
    line = replace(LINE, gateway_calls=calls, posted=calls, logged=calls)
    found = verdict_of(replace(answer(line), ledger_calls=calls + 500), now=NOON)
    assert found.level is Level.OPEN
    assert found.sentence.startswith("**500 calls of the ledger cannot be checked:**")


def test_no_call_at_all_is_no_proof() -> None:
    found = verdict_of(answer(LINE), now=NOON)
    assert (found.level, found.sentence) == (
        Level.QUIET,
        "No call in these days by either path.",
    )


def test_calls_that_the_log_left_out_are_said_once_it_is_past_them() -> None:
    line = replace(CHECKED, logged=9)
    fresh = verdict_of(answer(line), now=NOON)
    assert fresh.level is Level.SO_FAR
    assert fresh.sentence.startswith("**Not so far.** All 13 calls are in the ledger")
    assert fresh.sentence.endswith("4 calls of them may still arrive in the gateway's log.")
    later = replace(answer(line), newest_diagnostics=NOON + timedelta(hours=2))
    found = verdict_of(later, now=NOON)
    assert found.level is Level.OPEN
    assert found.sentence.startswith("**4 of 13 calls not in the gateway's log:**")
    unread = replace(answer(CHECKED), dead_letters_complete=False)
    assert verdict_of(unread, now=NOON).level is Level.OPEN


def test_hours_in_which_both_paths_are_silent_are_not_vouched_for() -> None:
    found = verdict_of(answer(CHECKED), now=NOON + timedelta(hours=5))
    assert found.level is Level.SO_FAR
    said = escape("25 Oct 2026, 02:00:00 CEST")
    assert found.sentence.endswith(f"Neither path has reported anything after {said}.")
