"""Faults of the hub: it cuts, swallows, refuses, steals, repeats, jumps in time, and starts again
from 0.
"""

import asyncio
from itertools import pairwise

from benchmarks.faults.stand import GROUP, HUB, PARTITIONS, Stand
from local_stack.broker.faults.faults import (
    BlackHole,
    BusyAttach,
    Clock,
    Detach,
    Drop,
    Recreate,
    Replay,
    Steal,
)
from tests.fixtures.waiting import until

STRIKES = 5
STOLEN_S = 1.0
BUSY_TIMES = 12
REPLAYED = 300
NOTICED_S_MAX = 60.0
SHIFTS_S = (600, -2_400, 86_400, 0)
"""Shifts of the clock: forward; back, by less than the hour that a call's time may be ahead; a day
ahead; and correct again.
"""


def _struck(stand: Stand, name: str) -> int:
    return stand.broker.namespace.faults.struck[name]


async def detach(stand: Stand) -> int:
    """Links are detached with an error: how many."""
    hits = 0
    for number in range(STRIKES):
        await stand.at((number + 1) / (STRIKES + 1))
        hits += stand.broker.inject(Detach(hub=HUB))
    return hits


async def reset(stand: Stand) -> int:
    """TCP connections are reset: how many."""
    hits = 0
    for number in range(STRIKES):
        await stand.at((number + 1) / (STRIKES + 1))
        hits += stand.broker.inject(Drop(hub=HUB))
    return hits


async def black_hole(stand: Stand) -> int:
    """A partition's connection falls silent and stays open, and a consumer has to continue: how
    many.
    """
    await stand.at(0.4)
    await stand.fleet.settled(PARTITIONS)
    partition = str(stand.chance.randrange(PARTITIONS))
    silent = stand.broker.inject(BlackHole(hub=HUB, partition=partition))
    before = stand.broker.log(HUB, partition).last_sequence_number

    async def goes_on() -> bool:
        return any(
            row.partition == partition and row.sequence_number > before
            for row in await stand.progress()
        )

    await until(goes_on, within_s=NOTICED_S_MAX)
    return silent


async def busy(stand: Stand) -> int:
    """Receivers are refused because the hub is too busy: how often."""
    for number in range(2):
        await stand.at((number + 1) / 3)
        stand.broker.inject(BusyAttach(hub=HUB, role="receiver", times=BUSY_TIMES))
        stand.broker.inject(Detach(hub=HUB))
    await stand.at(1)
    return _struck(stand, "busy-attach")


async def steal(stand: Stand) -> int:
    """A higher epoch takes partitions and releases them: how many owners lost one."""
    for number in range(STRIKES):
        await stand.at((number + 1) / (STRIKES + 1))
        partition = str(stand.chance.randrange(PARTITIONS))
        stand.broker.inject(Steal(hub=HUB, group=GROUP, partition=partition))
        await asyncio.sleep(STOLEN_S)
        stand.broker.clear_faults()
    await stand.at(1)
    return stand.fleet.said("partition_error")


async def replay(stand: Stand) -> int:
    """Receivers start earlier than they asked: how many."""
    for number in range(STRIKES):
        await stand.at((number + 1) / (STRIKES + 1))
        stand.broker.inject(Replay(hub=HUB, events=REPLAYED, times=PARTITIONS))
        stand.broker.inject(Detach(hub=HUB))
    await stand.at(1)
    return _struck(stand, "replay")


async def lost_acks(stand: Stand) -> int:
    """Batches are stored and not acknowledged, so that the producer repeats them: how many."""
    await stand.at(1)
    return _struck(stand, "lose-ack")


async def clock(stand: Stand) -> int:
    """The enqueued time jumps, and events from before and after the jump are delivered again. Gives
    the number of events whose enqueued time is earlier than that of the event before them.
    """
    for number, shift_s in enumerate(SHIFTS_S):
        await stand.at((number + 1) / (len(SHIFTS_S) + 1))
        stand.broker.clear_faults()
        stand.broker.inject(Clock(shift_s=shift_s))
        await asyncio.sleep(STOLEN_S)
        stand.broker.inject(Replay(hub=HUB, events=REPLAYED, times=PARTITIONS))
        stand.broker.inject(Detach(hub=HUB))
    await stand.at(1)
    [hub] = stand.broker.hubs()
    times = [[event.enqueued_time for event in log.read(0)] for log in hub.partitions]
    return sum(later < earlier for of_one in times for earlier, later in pairwise(of_one))


async def recreate(stand: Stand) -> int:
    """The hub is created again, with sequence numbers from 0: once while its consumers run, once
    while none runs. Gives how often a consumer noticed.
    """
    for number in (1, 2):
        await stand.at(number / 3)
        stand.may_feed.clear()
        await asyncio.sleep(STOLEN_S)  # a batch may be on its way
        await stand.caught_up()
        if number == 2:
            await stand.fleet.end_all()
        stand.broker.inject(Recreate(hub=HUB))
        stand.may_feed.set()
        if number == 2:
            await until(stand.is_behind, within_s=NOTICED_S_MAX)
            await stand.fleet.start(2)
    return stand.fleet.said("hub_recreated") + stand.fleet.said("checkpoint_stale")
