"""Calls are decided from what a process heard itself; what others heard is found by a look-up."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations, product

import pytest

from consumers.errors import HubUnavailable
from consumers.pairing import heard_calls
from consumers.pairing.completed_event import OWN_BEGIN
from consumers.pairing.heard_calls import HeardCalls
from table_api.audit.ledger_audit import audit
from table_api.consumer_state.progress import Count
from table_api.errors import Retryable
from table_api.open_calls.decision import PairingState
from table_api.open_calls.keys import HOUR_SHARDS
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.world import World
from tests.fixtures.builders import CALL_TIME
from tests.fixtures.calls import NOW, FaultyStorage, QueriedStorage, all_rows

SOON = CALL_TIME + timedelta(seconds=90)
CALL = Call(number=1, has_trace=False)
HALVES = {
    "event": ("usage", CALL.event()),
    "outcome": ("diagnostics", envelope(CALL.gateway_record())),
    "tokens": ("diagnostics", envelope(CALL.llm_record())),
}
HELD_BACK = CALL_TIME - timedelta(hours=1)
"""A stream time that makes no call overdue, and reaches none."""


async def hear(process: World, half: str) -> None:
    """As a worker does it: again after a failure, which may have come after any write."""
    hub, body = HALVES[half]
    intake = process.usage if hub == "usage" else process.diagnostics
    while True:
        try:
            await process.pair(intake, body, SOON)
            return
        except (Retryable, HubUnavailable):
            continue


async def look_up(*processes: World) -> None:
    """Each sweeps until what it had left open is looked up."""
    for process in (*processes, *processes):
        while True:
            try:
                await process.sweep(HELD_BACK)
                break
            except (Retryable, HubUnavailable):
                continue


async def ledger(world: World) -> list[tuple[str, int, int]]:
    await world.meter(list(world.outbox.sent), SOON)
    assert (await audit(world.storage, now=NOW)).ok
    return [
        (str(entry.row["subject"]), int(entry.row["rank"]), int(entry.row["tokens"]))
        for entries in (await world.standing()).values()
        for entry in entries
    ]


async def test_one_process_completes_calls_without_reading_anything() -> None:
    counting = QueriedStorage(MemoryTableStorage())
    world = await World.over(counting)
    calls = [Call(number=number) for number in range(100)]
    bodies = [envelope(call.gateway_record(), call.llm_record()) for call in calls]
    await world.pair_batch(world.usage, [call.event() for call in calls], SOON)
    await world.pair_batch(world.diagnostics, bodies, SOON)
    await world.pair_batch(world.diagnostics, bodies, SOON)
    assert len(world.outbox.sent) == len(calls)
    assert counting.queries == []


@pytest.mark.parametrize("order", list(permutations(HALVES)))
@pytest.mark.parametrize("readers", list(product((0, 1), repeat=3)))
async def test_halves_of_two_processes_are_joined_in_any_order(
    order: tuple[str, ...], readers: tuple[int, ...]
) -> None:
    world = await World.over(MemoryTableStorage())
    processes = (world, world.other())
    for half, reader in zip(order, readers, strict=True):
        await hear(processes[reader], half)
    await look_up(*processes)
    assert await ledger(world) == [("user-1", 1, CALL.total)]


def kills() -> Iterator[tuple[int, str]]:
    """Each write that hearing, looking up and publishing may make, lost or done."""
    return product(range(12), ("before", "after"))


@pytest.mark.parametrize(("step", "fault"), list(kills()))
@pytest.mark.parametrize("order", list(permutations(HALVES)))
async def test_a_process_that_dies_at_any_step_loses_no_call(
    order: tuple[str, ...], step: int, fault: str
) -> None:
    """A new process has heard nothing: what is not durable comes to it again."""
    memory = MemoryTableStorage()
    dying = await World.over(memory, FaultyStorage(memory, [None] * step + [fault]))
    dying.outbox.faults = [fault] if step % 2 else []
    successor = World(memory, dying.ledger, dying.outbox, dying.stream_time)
    process = dying
    for half in order:
        hub, body = HALVES[half]
        intake = process.usage if hub == "usage" else process.diagnostics
        try:
            await process.pair(intake, body, SOON)
        except (Retryable, HubUnavailable):
            process = successor
            await hear(process, half)
    await look_up(process)
    assert await ledger(process) == [("user-1", 1, CALL.total)]


async def test_what_a_dead_process_left_open_is_found_by_the_next_ones_first_sweep() -> None:
    world = await World.over(MemoryTableStorage())
    await hear(world, "event")
    await hear(world.other(), "tokens")
    successor = world.other()
    await successor.sweep(SOON)
    assert await ledger(world) == [("user-1", 1, CALL.total)]


async def test_open_calls_are_looked_up_once_and_together() -> None:
    counting = QueriedStorage(MemoryTableStorage())
    world = await World.over(counting)
    calls = [Call(number=number) for number in range(200)]
    await world.pair_batch(world.usage, [call.event() for call in calls], SOON)
    await world.sweep(HELD_BACK)
    counting.queries.clear()
    await world.sweep(HELD_BACK)
    assert len(counting.queries) <= 2 * HOUR_SHARDS
    counting.queries.clear()
    await world.sweep(HELD_BACK)
    assert counting.queries == []


async def test_a_call_that_is_decided_meanwhile_is_not_looked_up() -> None:
    counting = QueriedStorage(MemoryTableStorage())
    world = await World.over(counting)
    await hear(world, "tokens")
    await world.sweep(HELD_BACK)
    await hear(world, "event")
    counting.queries.clear()
    await world.sweep(HELD_BACK)
    assert counting.queries == []


async def test_a_plain_call_that_lacks_its_event_is_left_to_the_sweeper_of_the_grace() -> None:
    world = await World.over(MemoryTableStorage())
    plain = Call(number=1, stream=False)
    await world.pair(world.diagnostics, envelope(plain.gateway_record(), plain.llm_record()), SOON)
    assert world.pairing.settlement.heard.open_for_long() == {}
    await world.sweep(HELD_BACK)
    assert world.pairing.settlement.heard.open_for_long() == {}


async def test_memory_is_bounded_and_what_it_forgot_is_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heard_calls, "CALLS_MAX", 10)
    world = await World.over(MemoryTableStorage())
    calls = [Call(number=number) for number in range(30)]
    await world.pair_batch(world.usage, [call.event() for call in calls], SOON)
    bodies = [envelope(call.llm_record()) for call in calls[:10]]
    await world.pair_batch(world.diagnostics, bodies, SOON)
    assert world.outbox.sent == []
    await look_up(world)
    assert len(world.outbox.sent) == 10


def test_nothing_is_known_of_a_call_that_nobody_heard_of() -> None:
    assert HeardCalls().find("x") is None


async def test_a_metered_call_is_not_left_open_by_its_tokens() -> None:
    world = await World.over(MemoryTableStorage())
    plain = Call(number=1, stream=False, has_trace=False)
    await world.pair(world.usage, plain.event(), SOON)
    await world.pair(world.diagnostics, envelope(plain.llm_record()), SOON)
    heard = world.pairing.settlement.heard
    await world.sweep(HELD_BACK)
    assert heard.open_for_long() == {}
    [kept] = await world.calls.calls(CALL_TIME - timedelta(1), CALL_TIME + timedelta(1))
    assert kept.state is PairingState.METERED


async def test_pairing_ignores_what_it_published_itself() -> None:
    world = await World.over(MemoryTableStorage())
    for half in HALVES:
        await hear(world, half)
    [published] = world.outbox.sent
    before = await all_rows(world.storage, "opencalls")
    assert published.startswith(OWN_BEGIN)
    durable = await world.usage.prepare("0", [world.received(published, SOON)])()
    assert durable.counts == [(Count.IGNORED,)]
    assert await all_rows(world.storage, "opencalls") == before
