"""Events that cannot be metered: a flood above the limit, and single ones that storage refuses."""

from benchmarks.faults.fleet import FleetError
from benchmarks.faults.stand import HUB, Stand
from benchmarks.faults.storage_proxy import Asked, Misdeed, StorageFault
from benchmarks.faults.workload import extra_event
from table_api.consumer_state.progress import Count
from tests.fixtures.waiting import until

FLOOD = 300
"""Cut events in a row on one partition: more than two consumers read before both have stopped."""
LIMIT = {
    "DEAD_LETTER_WINDOW_EVENTS": "40",
    "DEAD_LETTERS_OF_A_SENDER_MAX": "20",
    "BATCH_EVENTS_MAX": "50",
}
RAISED = {"DEAD_LETTERS_OF_A_SENDER_MAX": "100000", "DEAD_LETTER_PERCENT_MAX": "100"}
STOPPED = 3
"""Exit code above the limit."""
STOP_S_MAX = 60.0
CUT_BYTES = 40
REFUSED = 3


def flood_bodies(number: int) -> tuple[bytes, bytes]:
    """The body as it was meant, and the cut body that was sent."""
    body = extra_event(number).body
    return body, body[:-CUT_BYTES]


async def flood(stand: Stand) -> int:
    """A sender cuts its events. The consumers read slowly and then stop, loudly, one after the
    other, and continue when they are started again with higher limits. Gives how many stopped.
    """
    await stand.at(0.4)
    stand.may_feed.clear()
    for number in range(FLOOD):
        meant, cut = flood_bodies(number)
        stand.sent.append(meant)  # it is in the ledger after the redrive
        stand.broker.append(HUB, [cut], partition="1")
    exits = await stand.fleet.exits(within_s=STOP_S_MAX)
    for code, member in exits:
        loud = member.said("partition_slowed") and member.said("too_many_dead_letters")
        if code != STOPPED or not loud:
            raise FleetError(f"exit code {code} in a flood: {member.lines[-3:]}")
    stand.fleet.environment |= RAISED
    await stand.fleet.start(2)
    stand.may_feed.set()
    return len(exits)


async def entity(stand: Stand) -> int:
    """Storage refuses the rows of single calls for ever, and so refuses whole transactions: how
    many. Later it accepts them.
    """
    await stand.at(0.4)
    marked = [extra_event(number) for number in range(REFUSED)]
    ids = [event.body.split(b'"id": "')[1][:36] for event in marked]

    def covers(asked: Asked) -> bool:
        # The table of dead letters names the call too, and accepts it.
        return (
            asked.is_transaction
            and b"/ledger" in asked.body
            and any(call_id in asked.body for call_id in ids)
        )

    stand.proxy.arm(StorageFault(misdeed=Misdeed.REFUSED, covers=covers))
    for event in marked:
        stand.add(event)

    async def dead() -> bool:
        return await stand.counted(Count.DEAD_LETTERED) == REFUSED

    await until(dead, within_s=STOP_S_MAX)
    stand.proxy.clear()
    return stand.proxy.struck
