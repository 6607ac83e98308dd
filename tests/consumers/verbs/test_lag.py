"""Lag from the hub's numbers and the progress row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from consumers.receiving.hub import PartitionState
from consumers.verbs.lag import as_json, as_table, lag_of
from table_api.consumer_state.progress import Count, Progress

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AT = PartitionState(
    partition="0",
    first_sequence_number=10,
    last_sequence_number=99,
    last_enqueued_time=NOW - timedelta(seconds=1),
    empty=False,
)
ROW = Progress(
    hub="llm-usage",
    group="metering",
    partition="0",
    hub_created_at=NOW,
    sequence_number=49,
    enqueued_time=NOW - timedelta(seconds=30),
    recorded_at=NOW,
    counts={},
)


def test_lag_is_counted_from_the_last_durable_event() -> None:
    lag = lag_of(AT, ROW, 40, now=NOW)
    assert (lag.behind_events, lag.behind_seconds) == (50, 30)
    assert (lag.durable, lag.checkpoint) == (49, 40)


def test_the_first_event_after_a_quiet_night_has_not_waited_since_the_evening() -> None:
    evening = replace(ROW, enqueued_time=NOW - timedelta(hours=10))
    asked = replace(evening, caught_up_at=NOW - timedelta(seconds=12))
    assert lag_of(AT, asked, 40, now=NOW).behind_seconds == 12
    by_a_clock_that_was_ahead = replace(evening, caught_up_at=NOW + timedelta(days=1))
    assert lag_of(AT, by_a_clock_that_was_ahead, 40, now=NOW).behind_seconds == 36_000


def test_a_partition_that_is_caught_up_has_none() -> None:
    lag = lag_of(AT, replace(ROW, sequence_number=99), 99, now=NOW)
    assert (lag.behind_events, lag.behind_seconds) == (0, 0)


def test_before_the_first_save_everything_that_is_kept_is_lag() -> None:
    lag = lag_of(AT, None, None, now=NOW)
    assert (lag.behind_events, lag.behind_seconds, lag.durable) == (90, 1, None)


def test_an_empty_partition_has_none() -> None:
    at = replace(AT, first_sequence_number=0, last_sequence_number=-1, empty=True)
    assert lag_of(at, None, None, now=NOW).behind_events == 0


def test_what_retention_took_is_no_lag_but_lost() -> None:
    lag = lag_of(AT, replace(ROW, sequence_number=4, counts={Count.LOST: 3}), None, now=NOW)
    assert (lag.behind_events, lag.lost) == (90, 5 + 3)
    assert lag_of(AT, replace(ROW, sequence_number=9), None, now=NOW).lost == 0
    assert lag_of(AT, None, None, now=NOW).lost == 0


def test_an_emptied_partition_shows_what_nobody_read() -> None:
    at = replace(AT, first_sequence_number=100, empty=True)
    lag = lag_of(at, ROW, None, now=NOW)
    assert (lag.behind_events, lag.lost) == (0, 50)


def test_the_totals_are_the_sum_of_events_and_the_worst_seconds() -> None:
    one, other = lag_of(AT, ROW, 40, now=NOW), lag_of(AT, None, None, now=NOW)
    totals = as_json([one, other])
    assert (totals["behind_events"], totals["behind_seconds"], totals["lost"]) == (140, 30, 0)
    assert len(as_table([one, other]).splitlines()) == 3
