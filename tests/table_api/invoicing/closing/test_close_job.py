"""Which calls wait for their usage, as pairing or metering knows it."""

from datetime import UTC, datetime, timedelta

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
METERING = DEFAULT_GROUPS.metering


async def with_deferred(count: int) -> MemoryTableStorage:
    storage = MemoryTableStorage()
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
    return storage


async def test_without_pairing_every_deferred_event_waits() -> None:
    storage = await with_deferred(7)
    assert await waiting_calls(storage, METERING)(START, STOP) == 7


async def test_what_the_sweeper_has_passed_does_not_wait() -> None:
    storage = await with_deferred(7)
    kept = OpenCalls(storage)
    await kept.create()
    await kept.set_swept(STOP - timedelta(hours=2))
    assert await waiting_calls(storage, METERING)(START, STOP) == 0


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
    assert await waiting_calls(storage, METERING)(START, STOP) == 1


async def test_of_a_running_month_the_hours_to_come_are_not_read() -> None:
    storage = QueriedStorage(MemoryTableStorage())
    kept = OpenCalls(storage)
    await kept.create()
    await kept.set_swept(START)
    count = waiting_calls(storage, METERING, now=lambda: START + timedelta(hours=2))
    assert await count(START, STOP) == 0
    of_three_hours = len(storage.queries)
    assert of_three_hours > 0
    later = waiting_calls(storage, METERING, now=lambda: STOP)
    assert await later(START, STOP) == 0
    assert len(storage.queries) > 100 * of_three_hours
