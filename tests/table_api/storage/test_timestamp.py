"""A time as text is in UTC, of fixed width, and comes back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from table_api.storage.timestamp import parse_time, timestamp

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
TIMES = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC) | ZONES)


@given(TIMES, TIMES)
@example(datetime(2026, 11, 30, tzinfo=UTC), datetime(2026, 11, 30, 0, 0, 0, 1, tzinfo=UTC))
def test_texts_sort_as_their_times_and_come_back(first: datetime, second: datetime) -> None:
    texts = [timestamp(time) for time in (first, second)]
    assert [len(text) for text in texts] == [27, 27]
    assert [parse_time(text) for text in texts] == [first, second]
    assert (texts[0] < texts[1]) is (first < second)
    in_utc = first.astimezone(UTC)
    assert texts[0] == in_utc.isoformat(timespec="microseconds").replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2026, 11, 23, 12, tzinfo=UTC), "2026-11-23T12:00:00.000000Z"),
        (datetime(2026, 11, 23, 12, 0, 0, 100, tzinfo=UTC), "2026-11-23T12:00:00.000100Z"),
        (
            datetime(2026, 11, 23, 0, 30, tzinfo=timezone(timedelta(hours=1))),
            "2026-11-22T23:30:00.000000Z",
        ),
    ],
)
def test_a_time_is_written_to_the_microsecond(time: datetime, text: str) -> None:
    assert timestamp(time) == text
