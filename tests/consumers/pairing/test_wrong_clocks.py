"""A clock that is wrong once: of this machine or of the hub. It purges nothing, times nothing out.

Both hubs are idle, so that their partitions count as now; the storage service has the true time.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

import pytest

from consumers.pairing.stream_time import STORED_AGO_MAX, StreamTime
from consumers.pairing.sweeper import Sweeper
from consumers.receiving.hub import EventHub, HubState, PartitionState
from pricing_rules.money import format_pico
from table_api.consumer_state.progress import Progress, ProgressTable
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.world import DIAGNOSTICS, USAGE, World
from tests.fixtures.builders import CALL_TIME

BIRTH = CALL_TIME - timedelta(days=90)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True)
class Address:
    hub: str
    group: str = "pairing"


@dataclass(frozen=True)
class IdleHub:
    """Answers as a hub whose one partition was read to its end."""

    address: Address

    async def state(self) -> HubState:
        return HubState(created_at=BIRTH, partitions=["0"])

    async def partitions(self, partitions: object) -> list[PartitionState]:
        return [
            PartitionState(
                partition="0",
                first_sequence_number=0,
                last_sequence_number=1,
                last_enqueued_time=CALL_TIME,
                empty=False,
            )
        ]


@dataclass
class Clocks:
    """The true time, which storage has, and what this machine takes it for."""

    true: datetime = CALL_TIME
    machine_is_off: timedelta = timedelta()

    def machine(self) -> datetime:
        return self.true + self.machine_is_off


class Scene:
    """World with the real StreamTime over two idle hubs."""

    def __init__(self, world: World, clocks: Clocks) -> None:
        self.world, self.clocks = world, clocks
        self.table = ProgressTable(world.storage)
        hubs = [cast("EventHub", IdleHub(Address(hub))) for hub in (USAGE, DIAGNOSTICS)]
        self.stream = StreamTime(hubs, self.table, now=clocks.machine)
        pairing = replace(world.pairing, stream_time=self.stream, now=clocks.machine)
        self.sweeper = Sweeper(pairing, interval_s=1)
        for intake in (world.usage, world.diagnostics):
            intake._pairing = pairing

    @classmethod
    async def open(cls) -> "Scene":
        clocks = Clocks()
        world = await World.over(MemoryTableStorage(now=lambda: clocks.true))
        return cls(world, clocks)

    async def sweep(self, *, enqueued: datetime | None = None) -> None:
        """The monitors confirm both partitions, and the sweeper looks."""
        for hub in (USAGE, DIAGNOSTICS):
            progress = Progress(
                hub=hub,
                group="pairing",
                partition="0",
                hub_created_at=BIRTH,
                sequence_number=1,
                enqueued_time=enqueued or CALL_TIME,
                recorded_at=self.clocks.machine(),
                counts={},
                caught_up_at=self.clocks.machine(),
            )
            stored = await self.table.read(hub, "pairing", "0")
            await self.table.write(progress, stored.etag if stored else None)
        await self.sweeper.sweep()

    async def end(self) -> list[tuple[str, str, str]]:
        await self.world.meter(self.world.outbox.sent, CALL_TIME + 3 * MINUTE)
        return [
            (entry.subject, entry.state, format_pico(entry.measures.get("charge", 0)))
            for entries in (await self.world.standing()).values()
            for entry in entries
        ]


@pytest.mark.parametrize("off", [30 * DAY, -DAY], ids=["30 days ahead", "a day behind"])
async def test_a_machine_clock_that_is_wrong_for_one_sweep_costs_nothing(off: timedelta) -> None:
    scene = await Scene.open()
    world, clocks, call = scene.world, scene.clocks, Call(number=1, stream=True, subject="alice")
    await scene.sweep()
    await world.pair(world.usage, call.event(), CALL_TIME + 2 * SECOND)
    clocks.true, clocks.machine_is_off = CALL_TIME + 30 * SECOND, off
    await scene.sweep()
    assert world.outbox.sent == []
    assert scene.stream.latest is not None
    assert scene.stream.latest <= clocks.true + STORED_AGO_MAX
    clocks.true, clocks.machine_is_off = CALL_TIME + MINUTE, timedelta()
    log = envelope(call.gateway_record(), call.llm_record())
    await world.pair(world.diagnostics, log, CALL_TIME + 90 * SECOND)
    await scene.sweep()
    assert [letter async for letter in world.letters.all()] == []
    assert scene.stream.latest == clocks.true
    assert await scene.end() == [("alice", "priced", "0.0011952")]


async def test_events_of_a_hub_whose_clock_was_ahead_time_nothing_out() -> None:
    scene = await Scene.open()
    world, call = scene.world, Call(number=1, stream=True, subject="alice")
    await scene.sweep()
    ahead = CALL_TIME + 30 * DAY
    await world.pair(world.diagnostics, envelope(Call(number=2).llm_record()), CALL_TIME)
    await scene.sweep(enqueued=ahead)
    assert scene.stream.latest == CALL_TIME
    log = envelope(call.gateway_record(), call.llm_record())
    await world.pair(world.usage, call.event(), CALL_TIME + 2 * SECOND)
    await world.pair(world.diagnostics, log, CALL_TIME + 90 * SECOND)
    assert await scene.end() == [("alice", "priced", "0.0011952")]


async def test_a_stream_time_that_was_wrong_comes_back_and_the_sweeper_with_it() -> None:
    scene = await Scene.open()
    world, clocks = scene.world, scene.clocks
    clocks.true = CALL_TIME + 30 * DAY  # both clocks are wrong
    await scene.sweep()
    clocks.true = CALL_TIME
    await scene.sweep()
    assert scene.stream.latest == CALL_TIME
    await world.pair(world.usage, Call(number=1, stream=True).event(), CALL_TIME + 2 * SECOND)
    clocks.true = CALL_TIME + timedelta(hours=2)
    await scene.sweep()
    assert len(world.outbox.sent) == 1
    swept = await world.calls.swept()
    assert swept == CALL_TIME + timedelta(hours=1)


async def test_no_time_is_known_while_only_this_machine_has_a_clock() -> None:
    scene = await Scene.open()
    assert (await scene.stream.look()).time is None
