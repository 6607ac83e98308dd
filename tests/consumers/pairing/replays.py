"""Replays of calls whose halves came long ago, on the tables of a World."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from consumers.metering.counted_once import CountedOnce
from consumers.metering.metering import Metering
from consumers.receiving.handler import Received
from consumers.replay.replay import Replay
from consumers.replay.source import Batch, Named
from table_api.audit.ledger_audit import audit
from tests.consumers.metering.call_ratings import rating
from tests.consumers.pairing.gateway import Call
from tests.consumers.pairing.world import KEEP, USAGE, World
from tests.fixtures.builders import CALL_TIME

ALICE = Call(number=1, stream=False, subject="alice")
BOB = Call(number=2, subject="bob")
ARRIVED = CALL_TIME + timedelta(seconds=2)
CHARGE = 1_195_200_000
"""Pico-USD of one of these calls."""


@dataclass
class Captured:
    """A source of one batch."""

    bodies: Sequence[bytes]
    hub: str = USAGE

    async def partitions(self) -> list[str]:
        return ["0"]

    def size(self, partition: str) -> int:
        return len(self.bodies)

    async def batches(
        self, partition: str, after: str | None, named: Named
    ) -> AsyncIterator[Batch]:
        events = [Received(100 + n, "", ARRIVED, body) for n, body in enumerate(self.bodies)]
        yield Batch(events, "1", len(events))


def at(world: World, now: datetime) -> Metering:
    """A verb starts: pairing and metering of a process whose clock shows this."""
    world.stream_time.latest = now
    counted = world.counted(before=now - KEEP + timedelta(hours=1))
    world.pairing = replace(world.pairing, now=lambda: now, counted=counted)
    world.usage._pairing = world.pairing
    return Metering(
        hub=USAGE,
        rating=rating(world.storage),
        ledger=CountedOnce(world.ledger, world.ledger, counted),
        dead_letters=world.letters,
        now=lambda: now,
    )


async def replayed(
    world: World, *calls: Call, now: datetime, ended: asyncio.Event | None = None
) -> dict[str, int]:
    source = Captured([call.event() for call in calls])
    replay = Replay(
        source,
        at(world, now),
        None,
        pairing=world.usage,
        ended=ended or asyncio.Event(),
        progressed=lambda read: None,
    )
    return dict((await replay.run(["0"])).counts)


async def settled(world: World, now: datetime) -> None:
    await world.sweep(now)
    bodies = list(world.outbox.sent)
    world.outbox.sent.clear()
    await world.meter(bodies, now)


async def counted(world: World, now: datetime) -> list[str]:
    """Subjects; the audit is clean and the ledger's charge is that of so many calls."""
    report = await audit(world.storage, now=now)
    assert report.ok, report.render()
    subjects = sorted(
        entry.subject for entries in (await world.standing()).values() for entry in entries
    )
    assert report.charge == CHARGE * len(subjects)
    return subjects
