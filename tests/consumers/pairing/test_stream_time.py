"""How far both hubs have been read: judged by what was read, not by a clock."""

from datetime import UTC, datetime, timedelta

import pytest

from consumers.hub import PartitionState
from consumers.pairing.stream_time import RECENT, is_behind, passed
from table_api.progress import Progress

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=3)


def at(last: int, *, empty: bool = False) -> PartitionState:
    return PartitionState(
        partition="0",
        first_sequence_number=0,
        last_sequence_number=last,
        last_enqueued_time=NOW,
        empty=empty,
    )


def read_to(sequence_number: int, enqueued_time: datetime | None = LONG_AGO) -> Progress:
    return Progress(
        hub="h",
        group="pairing",
        partition="0",
        hub_created_at=LONG_AGO,
        sequence_number=sequence_number,
        enqueued_time=enqueued_time,
        recorded_at=NOW,
        counts={},
    )


@pytest.mark.parametrize(
    ("end", "progress", "expected"),
    [
        (at(9), read_to(8), (LONG_AGO, False)),
        (at(9), read_to(9), (NOW, True)),
        (at(9), None, (None, False)),
        (at(-1, empty=True), None, (NOW, True)),
        (at(9, empty=True), read_to(3), (NOW, True)),  # retention took the rest
    ],
    ids=["lags by one", "caught up", "never read", "never filled", "emptied"],
)
def test_a_partition_has_passed_what_it_has_read_and_an_idle_one_now(
    end: PartitionState, progress: Progress | None, expected: tuple[datetime | None, bool]
) -> None:
    assert passed(end, progress, NOW) == expected


def test_a_hub_is_asked_again_when_we_are_where_it_was_and_nothing_came_lately() -> None:
    assert is_behind(at(9), read_to(8), NOW)
    assert not is_behind(at(9), read_to(9), NOW)
    assert is_behind(at(9), read_to(9, NOW - RECENT + timedelta(microseconds=1)), NOW)
    assert not is_behind(at(9), read_to(9, NOW - RECENT), NOW)
    assert is_behind(at(9), None, NOW)
    assert not is_behind(at(-1, empty=True), None, NOW)
