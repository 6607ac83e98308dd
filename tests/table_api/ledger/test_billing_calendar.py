"""Charge days: midnights of the billing zone, over clock changes, by frozen transitions."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from table_api.errors import SettingsError
from table_api.ledger.billing_calendar import BillingCalendar, zone_transitions

BERLIN = BillingCalendar("Europe/Berlin", zone_transitions("Europe/Berlin", 2028))


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-11-30T22:59:59.999999+00:00", date(2026, 11, 30)),
        ("2026-11-30T23:00:00+00:00", date(2026, 12, 1)),
        ("2026-06-30T21:59:59+00:00", date(2026, 6, 30)),
        ("2026-06-30T22:00:00+00:00", date(2026, 7, 1)),
        ("2026-10-25T00:59:59+00:00", date(2026, 10, 25)),
        ("2026-12-01T01:00:00+02:00", date(2026, 12, 1)),
    ],
)
def test_a_day_starts_at_local_midnight(instant: str, day: date) -> None:
    assert BERLIN.day(datetime.fromisoformat(instant)) == day


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "UTC",
             "Australia/Lord_Howe", "Africa/Casablanca"]
)  # fmt: skip
@given(instant=st.datetimes(datetime(2015, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)))
def test_the_frozen_transitions_say_what_the_zone_says(zone: str, instant: datetime) -> None:
    calendar = BillingCalendar(zone, zone_transitions(zone, 2028))
    assert calendar.day(instant) == instant.astimezone(ZoneInfo(zone)).date()


def test_a_transition_is_found_to_the_second() -> None:
    offsets = zone_transitions("Europe/Berlin", 2028).offsets
    instants = [datetime.fromtimestamp(second, UTC) for second, _ in offsets]
    assert datetime(2026, 3, 29, 1, tzinfo=UTC) in instants
    assert datetime(2026, 10, 25, 1, tzinfo=UTC) in instants


def test_an_instant_outside_the_frozen_years_takes_the_nearest_offset() -> None:
    assert BERLIN.day(datetime(1999, 12, 31, 23, 30, tzinfo=UTC)) == date(2000, 1, 1)
    assert BERLIN.day(datetime(2030, 1, 1, tzinfo=UTC) - timedelta(minutes=30)) == date(2030, 1, 1)


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../etc/passwd", ""])
def test_a_zone_that_is_none_is_named(zone: str) -> None:
    with pytest.raises(SettingsError, match="not an IANA zone"):
        zone_transitions(zone, 2027)
