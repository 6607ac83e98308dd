"""Which calls wait for their usage, as pairing or metering knows it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pricing_rules.types import Operation
from table_api.consumer_state.groups import DEFAULT_GROUPS
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.invoicing.closing.close_job import waiting_calls
from table_api.open_calls.facts import EventReport, Identity
from table_api.open_calls.table import Arrival, OpenCalls
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import call_id
from tests.fixtures.calls import QueriedStorage

START = datetime(2026, 9, 30, 22, tzinfo=UTC)
STOP = datetime(2026, 10, 31, 23, tzinfo=UTC)
METERING, GROUPS = DEFAULT_GROUPS.metering, DEFAULT_GROUPS


async def with_deferred(count: int, *, paired_to: int | None = None) -> MemoryTableStorage:
    """Metering has read ten events and left `count` to pairing, which read up to `paired_to`."""
    storage = MemoryTableStorage(now=lambda: STOP)
    table = ProgressTable(storage)
    await table.create()
    progress = Progress(
        hub=METERING.hub,
        group=METERING.group,
        partition="0",
        hub_created_at=START,
        sequence_number=9,
        enqueued_time=STOP,
        recorded_at=STOP,
        counts={Count.DEFERRED: count},
    )
    await table.write(progress, None)
    if paired_to is not None:
        paired = replace(
            progress,
            group=GROUPS.pairing_group,
            sequence_number=paired_to,
            enqueued_time=STOP - timedelta(minutes=1),
            counts={},
        )
        await table.write(paired, None)
    return storage


async def test_without_pairing_every_deferred_event_waits() -> None:
    storage = await with_deferred(7)
    assert await waiting_calls(storage, GROUPS)(START, STOP) == 7


@pytest.mark.parametrize(("paired_to", "waiting"), [(9, 0), (6, 3), (1, 7), (-1, 7)])
async def test_deferred_events_that_pairing_has_not_read_wait(paired_to: int, waiting: int) -> None:
    storage = await with_deferred(7, paired_to=paired_to)
    kept = OpenCalls(storage)
    await kept.create()
    for swept in (None, STOP):
        if swept is not None:
            await kept.set_swept(swept)
        assert await waiting_calls(storage, GROUPS, now=lambda: START)(START, STOP) == waiting


async def test_what_the_sweeper_has_passed_does_not_wait() -> None:
    storage = await with_deferred(7, paired_to=9)
    kept = OpenCalls(storage)
    await kept.create()
    await kept.set_swept(STOP - timedelta(hours=2))
    assert await waiting_calls(storage, GROUPS)(START, STOP) == 0


async def test_a_reported_stream_whose_log_has_not_come_waits() -> None:
    storage = await with_deferred(0)
    kept = OpenCalls(storage)
    await kept.create()
    await kept.set_swept(STOP - timedelta(hours=2))
    for number, time in enumerate((STOP - timedelta(hours=1), STOP, STOP - timedelta(hours=3))):
        who = Identity(
            subject="ann", time=time, stream=True, status=200, operation=Operation.CHAT_COMPLETIONS
        )
        fact = EventReport(identity=who, metered=False)
        await kept.add([Arrival(call_id=call_id(number), fact=fact, due_from=time)])
    assert await waiting_calls(storage, GROUPS)(START, STOP) == 1


async def test_of_a_running_month_the_hours_to_come_are_not_read() -> None:
    storage = QueriedStorage(MemoryTableStorage())
    kept = OpenCalls(storage)
    await kept.create()
    await kept.set_swept(START)
    count = waiting_calls(storage, GROUPS, now=lambda: START + timedelta(hours=2))
    assert await count(START, STOP) == 0
    of_three_hours = len(storage.queries)
    assert of_three_hours > 0
    later = waiting_calls(storage, GROUPS, now=lambda: STOP)
    assert await later(START, STOP) == 0
    assert len(storage.queries) > 100 * of_three_hours
