"""How far both hubs have been read: judged by what was read, not by a clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from consumers.pairing.run import open_both
from consumers.pairing.stream_time import RECENT, Passed, StreamTime, is_behind, passed
from consumers.receiving.hub import EventHub, PartitionState
from table_api.consumer_state.progress import Progress
from tests.consumers.pairing.conftest import Stage
from tests.consumers.pairing.world import DIAGNOSTICS, USAGE
from tests.fixtures.damage import damage

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
    assert not is_behind(at(9, empty=True), read_to(3), NOW)


async def test_the_slowest_partition_of_both_hubs_tells_the_time(stage: Stage) -> None:
    times = {USAGE: NOW - timedelta(hours=5), DIAGNOSTICS: NOW - timedelta(hours=3)}
    for name, time in times.items():
        stage.clock.at = time
        for _ in range(2):
            stage.broker.append(name, [b"{}"], partition="0")  # partition 1 is idle
    async with open_both(stage.settings()) as edges:
        table, both = edges.usage.progress, (edges.usage.hub, edges.diagnostics.hub)
        await table.create()
        stream_time = StreamTime(both, table, now=lambda: NOW)
        assert (await stream_time.look()).time is None
        etags = {}
        for hub, expected in zip(both, (None, times[USAGE]), strict=True):
            row = await first_is_durable(hub, times[hub.address.hub])
            etags[hub.address.hub] = (row, (await table.write(row, None)).etag)
            assert await stream_time.look() == Passed(expected, False)
        looks = {USAGE: Passed(times[DIAGNOSTICS], False), DIAGNOSTICS: Passed(NOW, True)}
        for name, looked in looks.items():
            row, etag = etags[name]
            await table.write(replace(row, sequence_number=1), etag)
            assert await stream_time.look() == looked
        # The idle partition begins, with events of long ago: what was concluded stays.
        stage.clock.at = times[USAGE]
        for _ in range(2):
            stage.broker.append(USAGE, [b"{}"], partition="1")
        await table.write(replace(etags[USAGE][0], partition="1"), None)
        assert await stream_time.look() == Passed(NOW, False)


async def test_a_damaged_row_holds_the_time_back_and_starts_no_process_in_vain(
    stage: Stage,
) -> None:
    """`pair` looks before its readers start, and these are who writes the row anew."""
    stage.broker.append(USAGE, [b"{}"], partition="0")
    async with open_both(stage.settings()) as edges:
        table, hub = edges.usage.progress, edges.usage.hub
        await table.create()
        await table.write(await first_is_durable(hub, LONG_AGO), None)
        await damage(edges.usage.tables, "progress", USAGE, sequence_number="x")
        assert await StreamTime([hub], table, now=lambda: NOW).look() == Passed(None, False)


async def first_is_durable(hub: EventHub, enqueued_time: datetime) -> Progress:
    return replace(
        read_to(0, enqueued_time),
        hub=hub.address.hub,
        group=hub.address.group,
        hub_created_at=(await hub.state()).created_at,
    )
