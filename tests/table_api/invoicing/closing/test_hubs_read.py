"""A month closes only when storage shows that both hubs were read past its end.

November of UTC; `PAST` is its end and the pairing timeout.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from table_api.consumer_state.groups import DEFAULT_GROUPS, ConsumerGroup
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.invoicing.closing.close_job import waiting_calls
from table_api.invoicing.closing.hubs_read import not_past, unread_hubs
from table_api.open_calls.settled import Settled, UnsettledCall
from table_api.open_calls.table import OpenCalls
from table_api.storage.memory_tables import MemoryTableStorage

START, STOP = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
TIMEOUT = timedelta(hours=1)
PAST = STOP + TIMEOUT
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
GROUPS = DEFAULT_GROUPS
EVERY_GROUP = (GROUPS.metering, GROUPS.pairing_usage, GROUPS.pairing_diagnostics)


def row(
    group: ConsumerGroup,
    *,
    partition: str = "0",
    enqueued: datetime | None = None,
    caught_up: datetime | None = None,
    partitions: int | None = 1,
) -> Progress:
    return Progress(
        hub=group.hub,
        group=group.group,
        partition=partition,
        hub_created_at=datetime(2026, 1, 1, tzinfo=UTC),
        sequence_number=9,
        enqueued_time=enqueued,
        recorded_at=NOW,
        counts={},
        caught_up_at=caught_up,
        partitions=partitions,
    )


async def stored(rows: Sequence[Progress], settled: Settled | None) -> MemoryTableStorage:
    storage = MemoryTableStorage(now=lambda: NOW)
    table, calls = ProgressTable(storage), OpenCalls(storage)
    await table.create()
    await calls.create()
    for each in rows:
        await table.write(each, None)
    if settled is not None:
        await calls.set_swept(settled.before, settled)
    return storage


def all_read(at: datetime = NOW) -> list[Progress]:
    return [row(group, caught_up=at) for group in EVERY_GROUP]


SETTLED = Settled(before=STOP, at=PAST, timeout=TIMEOUT)


async def unread(
    rows: Sequence[Progress], settled: Settled | None = SETTLED, *, without_pairing: bool = False
) -> list[str]:
    storage = await stored(rows, settled)
    return await unread_hubs(storage, GROUPS, without_pairing=without_pairing)(START, STOP)


async def test_idle_and_busy_partitions_that_were_read_past_the_end_are_evidence() -> None:
    assert await unread(all_read()) == []
    busy = [row(group, enqueued=PAST, partitions=1) for group in EVERY_GROUP]
    assert await unread(busy) == []


@pytest.mark.parametrize("behind", range(3))
async def test_one_partition_that_is_not_past_the_end_is_named(behind: int) -> None:
    rows = []
    for number, each in enumerate(EVERY_GROUP):
        read_to = datetime(2026, 11, 15, tzinfo=UTC) if number == behind else NOW
        rows.append(row(each, caught_up=NOW, partitions=2))
        rows.append(row(each, partition="1", enqueued=read_to, partitions=2))
    [found] = await unread(rows)
    group = EVERY_GROUP[behind]
    assert f"group {group.group} of {group.hub} must be read up to 2026-12-01 01:00 UTC" in found
    assert "partition 1 is read up to 2026-11-15 00:00 UTC" in found
    assert "partition 0" not in found


async def test_pairing_that_stands_still_for_half_a_month_refuses_the_close() -> None:
    november_15 = datetime(2026, 11, 15, tzinfo=UTC)
    metering = replace(
        row(GROUPS.metering, enqueued=NOW), sequence_number=9_000, counts={Count.DEFERRED: 5_900}
    )
    pairing = [
        replace(row(group, enqueued=november_15), sequence_number=4_000)
        for group in EVERY_GROUP[1:]
    ]
    settled = Settled(before=november_15, at=november_15 + HOUR, timeout=TIMEOUT)
    found = await unread([metering, *pairing], settled)
    assert len(found) == 3
    assert "it settled those before 2026-11-15 00:00 UTC" in found[-1]
    storage = await stored([metering, *pairing], settled)
    count = waiting_calls(storage, GROUPS, now=lambda: NOW)
    assert await count(datetime(2026, 11, 1, tzinfo=UTC), STOP) == 5_000


async def test_readers_that_never_ran_refuse_the_close() -> None:
    found = await unread([], None)
    assert [line for line in found if "was never read: no `consumers run` has run" in line]
    assert sum("was never read: no `consumers pair` has run" in line for line in found) == 2
    assert [line for line in found if "it settled none yet" in line]


async def test_without_pairing_its_evidence_is_not_asked_for_where_it_never_ran() -> None:
    metering = row(GROUPS.metering, caught_up=NOW)
    assert len(await unread([metering], None)) == 3
    assert await unread([metering], None, without_pairing=True) == []
    late = row(GROUPS.metering, caught_up=STOP)
    assert len(await unread([late], None, without_pairing=True)) == 1
    pairing = row(GROUPS.pairing_usage, caught_up=STOP)
    assert len(await unread([metering, pairing], None, without_pairing=True)) == 3


async def test_what_pairing_published_last_must_be_metered() -> None:
    late = Settled(before=STOP, at=NOW, timeout=TIMEOUT)
    rows = [row(GROUPS.metering, caught_up=NOW - HOUR), *all_read()[1:]]
    [found] = await unread(rows, late)
    assert "group metering of llm-usage must be read up to 2026-12-01 09:00 UTC" in found


async def test_a_clock_that_is_ahead_is_no_evidence() -> None:
    storage = await stored(all_read(NOW + timedelta(days=60)), SETTLED)
    found = unread_hubs(storage, GROUPS, without_pairing=False)
    assert await found(START, STOP) == []
    assert len(await found(STOP, STOP + timedelta(days=31))) == 4


async def test_a_call_of_the_days_before_a_short_month_is_not_named_by_its_close() -> None:
    begin, end = datetime(2027, 2, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)
    times = {"january": begin - HOUR, "february": begin, "march": end}
    storage = await stored([], None)
    await OpenCalls(storage).unsettled.add(
        UnsettledCall(call_id=name, since=time, until=time) for name, time in times.items()
    )
    found = await unread_hubs(storage, GROUPS, without_pairing=True)(begin, end)
    [named] = [line for line in found if "could not settle" in line]
    assert named == "pairing could not settle 1 calls: february of about 2027-02-01 00:00 UTC"


def test_a_partition_without_a_row_is_not_read() -> None:
    [found] = not_past(GROUPS.metering, [row(GROUPS.metering, partitions=4)], PAST, verb="run")
    assert "1 of 4 partitions were ever read" in found
    [found] = not_past(GROUPS.metering, [row(GROUPS.metering, partitions=None)], PAST, verb="run")
    assert "has not said yet how many partitions there are" in found


def test_a_former_life_of_the_hub_is_no_evidence() -> None:
    former = replace(row(GROUPS.metering), stored_at=NOW, caught_up_at=NOW, partition="1")
    anew = replace(
        row(GROUPS.metering, partitions=2), hub_created_at=STOP, stored_at=NOW, caught_up_at=NOW
    )
    [found] = not_past(GROUPS.metering, [former, anew], PAST, verb="run")
    assert "1 of 2 partitions" in found
