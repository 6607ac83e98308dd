"""How long the demonstration waits for pairing, and what it then says."""

import asyncio
from datetime import UTC, datetime, timedelta

from local_stack.traffic.paired_calls import paired_calls
from table_api.open_calls.decision import PairingState
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.world import WAITS, World

SECOND = timedelta(seconds=1)


def part_of_the_stack() -> None:
    """None has ended."""


async def logged_call() -> tuple[World, Call]:
    """A call of now, of which the gateway's log says that it was answered and nothing else."""
    world = await World.over(MemoryTableStorage())
    call = Call(number=1, time=datetime.now(UTC), has_tokens=False)
    await world.pair(world.diagnostics, envelope(call.gateway_record()), call.time)
    return world, call


async def test_it_waits_until_the_sweeper_has_decided() -> None:
    world, call = await logged_call()
    # What was swept before these calls were made tells nothing of them.
    await world.calls.set_swept(call.time - timedelta(hours=1))
    waiting = asyncio.create_task(
        paired_calls(world.storage, call.time - SECOND, calls=1, watch=part_of_the_stack)
    )
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    await world.sweep(call.time + WAITS.timeout)
    async with asyncio.timeout(10):
        assert +(await waiting) == {PairingState.NO_USAGE: 1}


async def test_a_call_that_nothing_told_of_waits_no_longer_than_the_others() -> None:
    world, call = await logged_call()
    await world.sweep(datetime.now(UTC) + WAITS.timeout + timedelta(minutes=1))
    async with asyncio.timeout(10):
        states = await paired_calls(
            world.storage, call.time - SECOND, calls=2, watch=part_of_the_stack
        )
    assert states == {PairingState.NO_USAGE: 1, PairingState.WAITING: 1}
