"""One id that came with two callers or two times counts once, in any order and whoever dies."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from consumers.errors import HubUnavailable
from table_api.audit.ledger_audit import audit
from table_api.errors import Retryable
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import TableStorage
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.world import World
from tests.fixtures.builders import CALL_TIME
from tests.fixtures.calls import NOW, FaultyStorage

SOON = CALL_TIME + timedelta(seconds=5)
ANN = Call(number=1, stream=False, subject="ann")
BOB = replace(ANN, subject="bob")
LATER = replace(ANN, time=CALL_TIME + timedelta(minutes=3))
LATEST = replace(ANN, subject="aaron", time=CALL_TIME + timedelta(hours=1))
STREAMED = replace(ANN, stream=True, subject="zoe")

Standing = list[tuple[str, str, int]]
Delivery = Callable[[World], object]


async def deliver_published(world: World, at: timedelta) -> None:
    bodies = list(world.outbox.sent)
    world.outbox.sent.clear()
    await world.meter(bodies, SOON + at)


async def standing(world: World) -> Standing:
    report = await audit(world.storage, now=NOW)
    assert (report.ok, report.moving) == (True, 0), report.render()
    return sorted(
        (entry.subject, f"{entry.time:%H:%M}", int(entry.row["rank"]))
        for entries in (await world.standing()).values()
        for entry in entries
    )


async def ended(events: Sequence[Call], *, log_after: int, pause: timedelta) -> Standing:
    """The usage events one after another, the log's tokens after so many of them."""
    world = await World.over(MemoryTableStorage())
    at = timedelta()
    for index, call in enumerate(events):
        if index == log_after:
            await world.pair(world.diagnostics, envelope(ANN.llm_record()), SOON + at)
        await world.meter([call.event()], SOON + at)
        await world.pair(world.usage, call.event(), SOON + at)
        at += pause
        await world.sweep(SOON + at)
        await deliver_published(world, at)
    for hours in (2, 5, 30):
        await world.sweep(SOON + at + timedelta(hours=hours))
        await deliver_published(world, at + timedelta(hours=hours))
    return await standing(world)


@pytest.mark.parametrize("pause", [timedelta(), timedelta(minutes=20), timedelta(hours=2)])
@pytest.mark.parametrize("log_after", [0, 1, 9])
@pytest.mark.parametrize(
    "calls", [(ANN, BOB), (ANN, LATER), (BOB, LATER, LATEST)], ids=["callers", "times", "three"]
)
async def test_any_order_of_plain_events_ends_at_the_first_of_them(
    calls: tuple[Call, ...], log_after: int, pause: timedelta
) -> None:
    first = min(calls, key=lambda call: (call.time, call.subject))
    for order in permutations(calls):
        ends = await ended(order, log_after=log_after, pause=pause)
        assert ends == [(first.subject, "09:30", 2)]


@pytest.mark.parametrize("order", list(permutations((STREAMED, BOB))))
@pytest.mark.parametrize("log_after", [0, 1, 9])
@pytest.mark.parametrize("pause", [timedelta(), timedelta(hours=2)])
async def test_the_event_that_metering_posts_wins_of_a_plain_and_a_streamed_one(
    order: tuple[Call, ...], log_after: int, pause: timedelta
) -> None:
    assert await ended(order, log_after=log_after, pause=pause) == [("bob", "09:30", 2)]


async def test_two_events_of_one_batch_are_settled_without_a_sweep() -> None:
    world = await World.over(MemoryTableStorage())
    bodies = [BOB.event(), ANN.event()]
    await world.meter(bodies, SOON)
    await world.pair_batch(world.usage, bodies, SOON)
    await deliver_published(world, timedelta(seconds=1))
    assert await standing(world) == [("ann", "09:30", 2)]


async def test_two_processes_that_each_read_one_event_are_joined_by_the_sweeper() -> None:
    """Their times lie in different hours of the index."""
    world = await World.over(MemoryTableStorage())
    other = world.other()
    early = replace(ANN, time=CALL_TIME.replace(minute=59))
    late = replace(BOB, time=early.time + timedelta(minutes=2))
    await world.meter([late.event(), early.event()], early.time)
    await world.pair(world.usage, late.event(), early.time)
    await other.pair(other.usage, early.event(), early.time)
    assert world.outbox.sent == []
    await other.sweep(early.time + timedelta(minutes=30))
    await deliver_published(world, timedelta(hours=1))
    assert await standing(world) == [("ann", "09:59", 2)]


@pytest.mark.parametrize("calls", list(permutations((STREAMED, BOB))))
@pytest.mark.parametrize("log_to", [0, 1])
async def test_of_two_processes_one_hears_the_plain_event_of_an_id_and_one_the_streamed(
    calls: tuple[Call, ...], log_to: int
) -> None:
    """Whoever hears the tokens too completes the streamed one; metering posted the plain one."""
    world = await World.over(MemoryTableStorage())
    processes = (world, world.other())
    for process, call in zip(processes, calls, strict=True):
        await process.pair(process.usage, call.event(), SOON)
    reader = processes[log_to]
    await reader.pair(reader.diagnostics, envelope(ANN.llm_record()), SOON)
    await world.meter([call.event() for call in calls], SOON)
    await deliver_published(world, timedelta(seconds=1))
    for process in (*processes, *processes):
        await process.sweep(SOON)
    await deliver_published(world, timedelta(minutes=2))
    assert await standing(world) == [("bob", "09:30", 2)]


class Killed(Exception):
    """A process ends here."""


async def kill_at(storage: TableStorage, step: int, calls: Sequence[Call]) -> Standing:
    """Two processes read one event each; the first one's `step`-th write fails, lost or done."""
    fault = ("before", "after")[step % 2]
    world = await World.over(storage, FaultyStorage(storage, [None] * (step // 2) + [fault]))
    other = world.other()
    world.outbox.faults = [] if step % 3 else [fault]

    async def read(process: World, call: Call) -> None:
        for _ in range(6):
            try:
                await process.pair(process.usage, call.event(), SOON)
                return
            except (Retryable, HubUnavailable):
                continue  # killed: the event is delivered again
        raise Killed

    await asyncio.gather(*(read(p, call) for p, call in zip((world, other), calls, strict=True)))
    for call in calls:
        await world.meter([call.event()], SOON)
    for hours in (1, 2, 3):
        for process in (world, other):
            try:
                await process.sweep(SOON + timedelta(hours=hours))
            except (Retryable, HubUnavailable):
                continue  # the next sweep looks again
    await deliver_published(world, timedelta(hours=3))
    return await standing(world)


@pytest.mark.parametrize("calls", list(permutations((ANN, BOB))))
@pytest.mark.parametrize("step", range(12))
async def test_a_kill_at_any_step_of_two_processes_leaves_the_call_once(
    step: int, calls: tuple[Call, ...]
) -> None:
    assert await kill_at(MemoryTableStorage(), step, calls) == [("ann", "09:30", 2)]
