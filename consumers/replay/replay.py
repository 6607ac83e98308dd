"""A replay: every partition of a source through the very path of live traffic, several at once.

Posting is idempotent, so it is safe beside live consumers and after any crash.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from consumers.errors import GivenUp
from consumers.metering.metering import Metering
from consumers.receiving.handler import Durable, Received
from consumers.receiving.last_net import halved
from consumers.receiving.storage_retry import until_answered
from consumers.replay.source import Batch, Source
from pricing_rules.decoding.invalid_event import place_of
from pricing_rules.types import UsageEvent
from table_api.consumer_state.progress import Count
from table_api.consumer_state.replay_positions import ReplayPositions
from telemetry.names import OfSpan, SpanName
from telemetry.spans import span

PARTITIONS_IN_FLIGHT_MAX = 8
FINDINGS_NAMED_MAX = 1_000


@dataclass(slots=True)
class Tally:
    """What a replay has seen so far."""

    events: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """By the names that metering counts with."""
    findings: list[str] = field(default_factory=list)
    """What could not be read, by partition; at most FINDINGS_NAMED_MAX."""
    resumed: bool = False
    """Some of it was read by an earlier process, which is not counted here."""
    complete: bool = True
    """False when the process was told to end before all was read."""


Progressed = Callable[[int], None]
"""Told how much of the source's size a batch was."""


class Hearing(Protocol):
    """The part of pairing that a replay needs."""

    async def heard(
        self,
        partition: str,
        decoded: Sequence[tuple[Received, UsageEvent]],
        posted: Collection[str],
    ) -> None:
        """Keep what events say and settle their calls, some just posted. Safe to repeat."""


class Replay:
    """Reads one source once."""

    def __init__(
        self,
        source: Source,
        metering: Metering,
        positions: ReplayPositions | None,
        *,
        pairing: Hearing | None,
        ended: asyncio.Event,
        progressed: Progressed,
    ) -> None:
        self._source = source
        self._metering = metering
        self._pairing = pairing
        """None where nothing is written."""
        self._positions = positions
        """None where nothing is written, so that nothing is taken up again."""
        self._ended = ended
        self._progressed = progressed
        self.tally = Tally()

    async def run(self, partitions: list[str]) -> Tally:
        """To the end of every partition, or until `ended`: then it is not complete."""
        with span(SpanName.REPLAY) as of_replay:
            await self._run(partitions)
            of_replay.set_attribute(OfSpan.EVENTS.value, self.tally.events)
        return self.tally

    async def _run(self, partitions: list[str]) -> None:
        done = await self._positions.load() if self._positions is not None else {}
        self.tally.resumed = bool(done)
        in_flight = asyncio.Semaphore(PARTITIONS_IN_FLIGHT_MAX)

        async def read(partition: str) -> None:
            async with in_flight:
                await self._partition(partition, done.get(partition))

        try:
            async with asyncio.TaskGroup() as group:
                for partition in partitions:
                    group.create_task(read(partition))
        except ExceptionGroup as errors:
            if errors.split(GivenUp)[1] is not None:
                raise errors.exceptions[0] from errors
            self.tally.complete = False
            return
        if self._positions is not None:
            await self._positions.clear()

    async def _partition(self, partition: str, after: str | None) -> None:
        def named(what: str) -> None:
            self._name(partition, what)

        position = after
        async for batch in self._source.batches(partition, after, named):
            if self._ended.is_set():
                raise GivenUp("the replay")
            await self._work(partition, batch)
            self._progressed(batch.read)
            if self._positions is not None and batch.position not in ("", position):
                await self._positions.save(partition, batch.position)
                position = batch.position

    async def _work(self, partition: str, batch: Batch) -> None:
        if not batch.events:
            return

        async def make_durable(part: Sequence[Received]) -> Durable:
            return await until_answered(
                lambda: self._metered_and_heard(partition, part),
                what="a batch",
                partition=partition,
                ended=self._ended,
            )

        async for part, done in halved(batch.events, make_durable):
            self.tally.events += len(part)
            if isinstance(done, Exception):
                # No letter: live traffic makes one, and a person reads this.
                where = f"{type(done).__name__} at {place_of(done)}"
                self._name(partition, f"event {part[0].sequence_number} fails: {where}")
                continue
            for of_event in done.counts:
                self.tally.counts.update(count.value for count in of_event)

    async def _metered_and_heard(self, partition: str, part: Sequence[Received]) -> Durable:
        """Pairing must hear what metering posts: else it would count the log's half once more."""
        decoded = await self._metering.decode(partition, part)
        durable = await self._metering.make_durable(partition, part, decoded)
        if self._pairing is not None:
            heard = [(part[index], event) for index, event in decoded.events]
            posted = {
                event.id for index, event in decoded.events if Count.POSTED in durable.counts[index]
            }
            await self._pairing.heard(partition, heard, posted)
        return durable

    def _name(self, partition: str, what: str) -> None:
        if len(self.tally.findings) < FINDINGS_NAMED_MAX:
            self.tally.findings.append(f"partition {partition}: {what}")
