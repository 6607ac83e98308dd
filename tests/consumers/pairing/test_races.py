"""The races of two hubs, several processes and stopped consumers, each by itself."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consumers.errors import HubUnavailable
from consumers.pairing.decide import decide
from pricing_rules.types import UNATTRIBUTED
from table_api.audit.ledger_audit import audit
from table_api.open_calls.decision import PairingState
from table_api.open_calls.keys import HOUR_SHARDS
from table_api.open_calls.table import OpenCalls
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Operation, TableStorage
from tests.consumers.pairing.gateway import GATEWAY_DELAY, Call, envelope
from tests.consumers.pairing.world import KEEP, WAITS, HandTime, World
from tests.fixtures.builders import CALL_TIME
from tests.fixtures.calls import NOW, PrefixedStorage, QueriedStorage

SOON = CALL_TIME + timedelta(seconds=90)
OVERDUE = CALL_TIME + WAITS.timeout
STREAMED = Call(number=1)
PLAIN = Call(number=1, stream=False)

Standing = tuple[str, int, int]


@pytest.fixture
async def world(either_storage: TableStorage) -> World:
    return await World.over(either_storage)


async def log(world: World, *calls: Call, at: datetime = SOON) -> None:
    """Both records of each call."""
    for call in calls:
        records = [call.gateway_record()] + [call.llm_record()] * call.has_tokens
        await world.pair(world.diagnostics, envelope(*records), at)


async def event(world: World, *calls: Call, at: datetime = SOON) -> None:
    for call in calls:
        await world.pair(world.usage, call.event(), at)


async def meter_published(world: World, at: datetime = OVERDUE) -> None:
    bodies = list(world.outbox.sent)
    world.outbox.sent.clear()
    await world.meter(bodies, at)


async def standing(world: World) -> list[Standing]:
    return sorted(
        (str(entry.row["subject"]), int(entry.row["rank"]), int(entry.row["tokens"]))
        for entries in (await world.standing()).values()
        for entry in entries
    )


async def states(world: World) -> set[PairingState | None]:
    day = timedelta(days=1)
    return {each.state for each in await world.calls.calls(CALL_TIME - day, CALL_TIME + day)}


async def test_metering_that_stands_for_two_hours_costs_no_call_its_usage(world: World) -> None:
    """Pairing reads the usage hub itself: it waits for its own reading, not for metering's."""
    calls = [Call(number=number, stream=number % 2 == 0) for number in range(6)]
    await event(world, *calls)
    await log(world, *calls)
    await world.sweep(SOON + timedelta(hours=2))
    assert await states(world) == {PairingState.METERED, PairingState.COMPLETED}
    later = SOON + timedelta(hours=2)
    await world.meter([*world.outbox.sent, *(call.event() for call in calls)], later)
    assert await standing(world) == sorted(
        ("user-1", 1 if call.stream else 2, call.total) for call in calls
    )


async def test_a_hub_that_lags_makes_no_call_overdue(world: World) -> None:
    """Diagnostics run two hours ahead; the usage hub has passed nothing after the call."""
    await log(world, PLAIN)
    await world.sweep(CALL_TIME + WAITS.grace - GATEWAY_DELAY - timedelta(microseconds=1))
    assert world.outbox.sent == []
    assert await states(world) == {PairingState.WAITING}


async def test_a_plain_call_that_lost_its_trace_is_metered_once(world: World) -> None:
    await log(world, Call(number=1, stream=False, has_trace=False))
    await event(world, PLAIN)
    await world.meter([PLAIN.event()], SOON)
    await world.sweep(OVERDUE)
    assert world.outbox.sent == []
    assert await standing(world) == [("user-1", 2, PLAIN.total)]


async def test_a_plain_call_without_trace_whose_event_is_very_late_is_moved(world: World) -> None:
    await log(world, Call(number=1, stream=False, has_trace=False))
    await world.sweep(OVERDUE)
    await meter_published(world)
    assert await standing(world) == [(UNATTRIBUTED, 1, PLAIN.total)]
    late = OVERDUE + timedelta(hours=3)
    await event(world, PLAIN, at=late)
    await world.meter([PLAIN.event()], late)
    await meter_published(world, late)
    assert await standing(world) == [("user-1", 2, PLAIN.total)]
    assert (await audit(world.storage, now=NOW)).ok


async def test_a_move_that_overtakes_its_original_leaves_the_call_in_one_place(
    world: World,
) -> None:
    await log(world, Call(number=1, has_trace=False))
    await world.sweep(OVERDUE)
    await event(world, STREAMED, at=OVERDUE)
    [original, move] = world.outbox.sent
    await world.meter([move], OVERDUE)
    await world.meter([original], OVERDUE)
    assert await standing(world) == [("user-1", 1, STREAMED.total)]
    assert (await audit(world.storage, now=NOW)).ok


async def test_a_duplicate_after_its_facts_were_purged_is_a_dead_letter(world: World) -> None:
    await event(world, STREAMED)
    await log(world, STREAMED)
    await meter_published(world)
    long_after = CALL_TIME + KEEP + timedelta(days=2)
    await world.sweep(long_after)
    assert await states(world) == set()

    await log(world, STREAMED, at=SOON)  # the hub is read again from its start
    await log(world, STREAMED, at=long_after)  # the gateway sends it again
    await event(world, STREAMED, at=SOON)
    await world.sweep(long_after + timedelta(days=1))
    assert world.outbox.sent == []
    assert await standing(world) == [("user-1", 1, STREAMED.total)]
    reasons = [letter.reason async for letter in world.letters.all()]
    assert reasons == ["far_past"] * 5  # two records each time, one event


async def test_a_late_duplicate_of_what_metering_posted_is_no_dead_letter(world: World) -> None:
    await event(world, PLAIN, at=CALL_TIME + KEEP + timedelta(hours=1))
    assert [letter async for letter in world.letters.all()] == []
    assert await states(world) == set()


async def test_two_sweepers_at_once_lose_and_double_nothing() -> None:
    memory = MemoryTableStorage()
    world = await World.over(memory, Yielding(memory, ""))
    other = world.other()
    calls = [Call(number=number, has_event=False, has_tokens=False) for number in range(40)]
    await log(world, *calls)
    world.stream_time.latest = OVERDUE
    await asyncio.gather(world.sweeper.sweep(), other.sweeper.sweep())
    await meter_published(world)
    assert await standing(world) == [("user-1", 0, 0)] * 40
    assert await states(world) == {PairingState.NO_USAGE}
    assert (await audit(memory, now=NOW)).ok


async def test_a_sweep_that_is_killed_begins_anew_with_its_hour() -> None:
    world = await World.over(MemoryTableStorage())
    hours = [CALL_TIME + timedelta(hours=hour) for hour in range(6)]
    calls = [Call(number=number, time=time, has_tokens=False) for number, time in enumerate(hours)]
    for call in calls:
        await log(world, call, at=call.time)
    world.outbox.faults = [None, None, None, "before"]  # a publication for each hour's call
    with pytest.raises(HubUnavailable):
        await world.sweep(hours[-1] + WAITS.timeout)
    swept = await world.calls.swept()
    assert swept is not None
    assert hours[1] <= swept < hours[3]
    successor = world.other()
    await successor.sweep(hours[-1] + WAITS.timeout)
    await meter_published(world, hours[-1] + WAITS.timeout)
    assert await standing(world) == [("user-1", 0, 0)] * len(calls)


async def test_a_call_of_before_the_first_that_was_kept_is_swept_too(world: World) -> None:
    hour = CALL_TIME.replace(minute=0, second=0, microsecond=0)
    first = Call(number=1, time=hour + timedelta(seconds=1), has_tokens=False)
    earlier = Call(number=2, time=hour - timedelta(minutes=10), has_tokens=False)
    await event(world, first, at=hour + timedelta(seconds=2))
    await world.sweep(hour + timedelta(seconds=3))
    await event(world, earlier, at=hour + timedelta(seconds=4))
    await world.sweep(hour + 2 * WAITS.timeout)
    await meter_published(world, hour + 2 * WAITS.timeout)
    assert await standing(world) == [("user-1", 0, 0)] * 2


async def test_a_timeout_that_was_made_longer_leaves_no_call_out(world: World) -> None:
    """A sweeper of a shorter one has passed times that facts may still be indexed under."""
    await world.calls.set_swept(CALL_TIME + timedelta(minutes=30))
    await world.sweep(CALL_TIME + timedelta(minutes=40))
    silent = Call(number=1, has_tokens=False)
    await event(world, silent, at=CALL_TIME + timedelta(minutes=41))
    await world.sweep(OVERDUE + timedelta(minutes=1))
    assert await states(world) == {PairingState.NO_USAGE}


class Overtaken(PrefixedStorage):
    """Before its first decision stands, another process does something."""

    meanwhile: Coroutine[Any, Any, object] | None = None

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        meanwhile = self.meanwhile
        if meanwhile is not None and any("|x|" in each.row_key for each in operations):
            self.meanwhile = None
            await meanwhile
        return await super().transact(table, partition_key, operations)


async def test_who_decides_second_says_nothing_of_its_own() -> None:
    """The sweeper saw tokens alone; the caller became known before its decision stood."""
    memory = MemoryTableStorage()
    overtaken = Overtaken(memory, "")
    world = await World.over(memory, overtaken)
    other = World(memory, world.ledger, world.outbox, world.stream_time)
    await world.pair(world.diagnostics, envelope(STREAMED.llm_record()), SOON)
    overtaken.meanwhile = event(other, STREAMED, at=OVERDUE)
    await world.sweep(OVERDUE)
    await meter_published(world)
    assert await standing(world) == [("user-1", 1, STREAMED.total)]
    [kept] = await world.calls.read([STREAMED.id])
    assert [each.number for each in kept.decisions] == [1]


async def test_who_decides_second_says_what_the_first_did_not_know() -> None:
    """Another process decided from the tokens alone, and died before it published."""
    memory = MemoryTableStorage()
    overtaken = Overtaken(memory, "")
    world = await World.over(memory, overtaken)
    await world.pair(world.diagnostics, envelope(STREAMED.llm_record()), SOON)
    [kept] = await world.calls.read([STREAMED.id])
    assert kept.joined is not None
    first = decide(kept.joined, [], OVERDUE, WAITS)
    assert first is not None
    overtaken.meanwhile = OpenCalls(memory).decide([first])
    await event(world, STREAMED, at=OVERDUE)
    await meter_published(world)
    assert await standing(world) == [("user-1", 1, STREAMED.total)]
    [kept] = await world.calls.read([STREAMED.id])
    assert [each.place.subject for each in kept.decisions] == [UNATTRIBUTED, "user-1"]


async def test_a_late_half_is_swept_where_its_reader_does_not_know_the_time(world: World) -> None:
    """The process that keeps it has not looked yet how far the hubs are; the sweeper was there."""
    await world.sweep(OVERDUE + timedelta(hours=2))
    reader = World(world.storage, world.ledger, world.outbox, HandTime())
    late = OVERDUE + timedelta(hours=3)
    await event(reader, Call(number=1, has_tokens=False), at=late)
    assert await states(world) == {PairingState.WAITING}
    await world.sweep(late)
    assert await states(world) == {PairingState.NO_USAGE}


async def test_of_many_calls_that_wait_for_a_half_none_is_read_by_itself() -> None:
    memory = MemoryTableStorage()
    counting = QueriedStorage(memory)
    world = await World.over(memory, counting)
    calls = [Call(number=number, has_event=number % 2 == 0) for number in range(200)]
    await world.pair_batch(world.diagnostics, [envelope(c.llm_record()) for c in calls], SOON)
    assert len(counting.queries) <= 2 * HOUR_SHARDS
    # Of a hundred the other half comes: those are read, and no other.
    events = [call.event() for call in calls if call.has_event]
    counting.queries.clear()
    await world.pair_batch(world.usage, events, SOON)
    assert len(counting.queries) <= 2 * HOUR_SHARDS + len(events)
    assert len(world.outbox.sent) == len(events)
    # Again: all is said, nothing is read but the index.
    counting.queries.clear()
    await world.pair_batch(world.usage, events, SOON)
    assert len(counting.queries) <= 2 * HOUR_SHARDS
    assert len(world.outbox.sent) == len(events)


async def test_a_sweep_that_catches_up_asks_each_hour_once() -> None:
    memory = MemoryTableStorage()
    counting = QueriedStorage(memory)
    world = await World.over(memory, counting)
    hours = 24
    for hour in (0, hours):
        call = Call(number=hour, time=CALL_TIME + timedelta(hours=hour), has_tokens=False)
        await log(world, call, at=call.time)
    counting.queries.clear()
    await world.sweep(CALL_TIME + timedelta(hours=hours) + WAITS.timeout)
    assert len(world.outbox.sent) == 2
    # Those, the hours of the grace, of the first look and of the clocks' skew, and for its decision
    # each call and the packed facts of two hours.
    assert len(counting.queries) <= (hours + 6) * HOUR_SHARDS + 2 * 3


async def test_a_sweep_reads_no_call_by_itself_that_was_decided_and_comes_again() -> None:
    memory = MemoryTableStorage()
    counting = QueriedStorage(memory)
    world = await World.over(memory, counting)
    calls = [Call(number=number) for number in range(200)]
    events = [call.event() for call in calls]
    await log(world, *calls)
    await world.pair_batch(world.usage, events, SOON)
    await world.sweep(OVERDUE)
    assert len(world.outbox.sent) == len(calls)
    hours = 5
    later = SOON + timedelta(hours=hours)
    await world.pair_batch(world.usage, events, later)
    counting.queries.clear()
    await world.sweep(later + WAITS.timeout)
    assert len(world.outbox.sent) == len(calls)
    # The hours of timeout and grace, and those around the calls once more.
    assert len(counting.queries) <= (hours + 6) * HOUR_SHARDS


@pytest.mark.parametrize("traced", [True, False])
async def test_a_refused_call_whose_tokens_timed_out_leaves_the_ledger(
    world: World, traced: bool
) -> None:
    refused = Call(number=1, status=429, has_trace=traced)
    await world.pair(world.diagnostics, envelope(refused.llm_record()), SOON)
    await world.sweep(OVERDUE)
    original = list(world.outbox.sent)
    await meter_published(world)
    assert await standing(world) == [(UNATTRIBUTED, 1, refused.total)]
    await world.pair(world.diagnostics, envelope(refused.gateway_record()), OVERDUE)
    await meter_published(world)
    await world.meter(original, OVERDUE)  # the hub delivers it once more
    await world.sweep(OVERDUE + WAITS.timeout)
    assert world.outbox.sent == []
    assert await standing(world) == []
    assert await states(world) == {PairingState.REFUSED}
    assert (await audit(world.storage, now=NOW)).ok


async def test_halves_that_two_processes_write_at_once_are_joined() -> None:
    memory = MemoryTableStorage()
    world = await World.over(memory, Yielding(memory, ""))
    other = world.other()
    for number in range(20):
        call = Call(number=number)
        await asyncio.gather(
            world.pair(world.usage, call.event(), SOON),
            other.pair(other.diagnostics, envelope(call.llm_record()), SOON),
        )
    for _ in range(2):  # each looks up what was open at its last sweep already
        await asyncio.gather(world.sweep(CALL_TIME), other.sweep(CALL_TIME))
    await meter_published(world, SOON)
    assert await standing(world) == [("user-1", 1, STREAMED.total)] * 20


@pytest.mark.parametrize(
    "midnight",
    [
        datetime(2026, 11, 19, 23, tzinfo=UTC),
        datetime(2026, 11, 30, 23, tzinfo=UTC),
        datetime(2026, 11, 20, 0, tzinfo=UTC),
    ],
    ids=["day", "month", "UTC"],
)
async def test_the_two_paths_of_a_call_never_land_on_two_days(midnight: datetime) -> None:
    """Midnight of Europe/Berlin: the gateway notes the request 3 ms before its policy does."""
    world = await World.over(MemoryTableStorage())
    plain = Call(number=1, stream=False, time=midnight + timedelta(milliseconds=1))
    overdue = midnight + WAITS.timeout
    await log(world, plain, at=midnight + timedelta(seconds=90))
    await world.sweep(overdue)  # recovered from the log
    await meter_published(world, overdue)
    await event(world, plain, at=overdue)
    await world.meter([plain.event()], overdue)  # and its event comes after all
    [entries] = (await world.standing()).values()
    [entry] = entries
    assert (entry.number, entry.row["rank"]) == (1, "2")  # one chain: the event corrected it
    day = midnight + timedelta(hours=1)  # Berlin is an hour ahead in winter
    assert entry.row["day"] == f"{day:%Y-%m-%d}"


class Yielding(PrefixedStorage):
    """Lets another process run before every transaction, as a network does."""

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        await asyncio.sleep(0)
        return await super().transact(table, partition_key, operations)


async def test_a_call_never_returns_to_the_place_it_was_moved_from(world: World) -> None:
    """Trace and a second UsageEvent name one caller, the first UsageEvent another."""
    told, other = Call(number=1, subject="z"), Call(number=1, subject="a")
    await log(world, told)
    await event(world, other)
    await event(world, told)
    await meter_published(world)
    assert await standing(world) == [("a", 1, told.total)]
