"""Consumers that are killed, ended and paused."""

from benchmarks.faults.fleet import FleetError
from benchmarks.faults.stand import GROUP, HUB, PARTITIONS, Stand
from local_stack.broker.faults.faults import BusyAttach, Detach, Drop, Fault, Replay, Steal
from tests.fixtures.waiting import until

KILLS = 10
ENDS = 3
PAUSES = 2
PAUSED_S_MAX = 60.0


async def kill(stand: Stand, *, kills: int = KILLS) -> int:
    """Kill consumers at random with kill -9; between the kills the broker's faults take turns."""
    done = 0
    between: list[list[Fault]] = [
        [Detach(hub=HUB)],
        [Replay(hub=HUB, events=500), Detach(hub=HUB)],
        [Drop(hub=HUB)],
        [BusyAttach(hub=HUB, role="receiver", times=5), Detach(hub=HUB)],
        [Steal(hub=HUB, group=GROUP, partition="0")],
    ]
    for number in range(kills):
        await stand.at((number + 0.5) / kills)
        for fault in between[number % len(between)]:
            stand.broker.inject(fault)
        await stand.at((number + 0.8) / kills)
        stand.broker.clear_faults()
        await stand.fleet.kill(await stand.fleet.working())
        await stand.fleet.start()
        done += 1
    return done


async def sigterm(stand: Stand) -> int:
    """A consumer is ended as a platform ends it, and another one starts."""
    for number in range(ENDS):
        await stand.at((number + 1) / (ENDS + 1))
        await stand.fleet.end(await stand.fleet.working())
        await stand.fleet.start()
    return stand.fleet.said("stopped")


async def zombie(stand: Stand) -> int:
    """A consumer is paused until another one has its partitions, and then continues as if nothing
    had happened.
    """
    struck = 0
    for number in range(PAUSES):
        await stand.at((number + 1) / (PAUSES + 1))
        await stand.fleet.settled(PARTITIONS)
        member = await stand.fleet.working()
        claimed = stand.fleet.others_claimed(member)

        async def taken(member: object = member, claimed: int = claimed) -> bool:
            return stand.fleet.others_claimed(member) > claimed  # type: ignore[arg-type]

        member.pause()
        try:
            await until(taken, within_s=PAUSED_S_MAX)
        except TimeoutError:
            raise FleetError("nobody took the partitions of a paused consumer") from None
        finally:
            member.resume()
        struck += 1
    return struck


MANY_BATCHES = {"BATCH_EVENTS_MAX": "50"}
"""Rivals meet only where each has many batches to write at the same time."""


async def rivals(stand: Stand) -> int:
    """Calls of one person arrive in all partitions, so consumers change the same cells at the same
    time. Gives the number of transactions that Azurite refused because a row had changed meanwhile.
    """
    await stand.at(1)
    await stand.caught_up()  # the last calls meet rivals too
    return stand.proxy.failures["changed"]
