"""One partition's work in a task of its own: batches until it is ended, and saves beside them.

The hub's callback only fills the buffer, so that the SDK may cancel it at any moment.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from consumers.errors import GivenUp, TooManyDeadLetters
from consumers.log_actions import Action
from consumers.receiving.arrivals import Arrivals
from consumers.receiving.dead_letter_limit import (
    Brake,
    DeadLetterLimit,
    DeadLetterWindow,
    Verdict,
)
from consumers.receiving.event_buffer import EventBuffer
from consumers.receiving.handler import DEAD_LETTERED, Counts, Durable, Handler, Received, Sender
from consumers.receiving.last_net import halved
from consumers.receiving.losses import losses
from consumers.receiving.saving.checkpoint_policy import CheckpointPolicy
from consumers.receiving.saving.partition_progress import (
    Checkpoint,
    LateCheckpoint,
    PartitionProgress,
)
from consumers.receiving.saving.partition_saves import PartitionSaves
from consumers.receiving.storage_retry import SAID_AGAIN_S, ended_within, until_answered
from consumers.receiving.told_losses import tell_loss
from pricing_rules.decoding.invalid_event import place_of
from table_api.consumer_state.progress import Count
from telemetry.log import Log
from telemetry.metrics import CounterName, HistogramName, count, observe
from telemetry.names import OUTCOME_PREFIX, OfSpan, SpanName
from telemetry.spans import SpanKind, span

SLOWED_PAUSE_S_MAX = 1.0
"""A slowed partition still saves its position in time."""
_log = Log("consumers")

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkLimits:
    """How much at once, and how often."""

    batch_events_max: int
    buffer_events_max: int
    linger_s: float
    save: CheckpointPolicy
    checkpoint: CheckpointPolicy
    dead_letters: DeadLetterLimit


class PartitionWorker:
    """Takes a partition's events and makes them durable in order."""

    def __init__(
        self,
        partition: str,
        *,
        handler: Handler,
        progress: PartitionProgress,
        checkpoint: Checkpoint,
        limits: WorkLimits,
    ) -> None:
        self.partition = partition
        self.progress = progress
        self._handler = handler
        self._limits = limits
        self._buffer = EventBuffer(events_max=limits.buffer_events_max)
        self._arrivals = Arrivals()
        self._window = DeadLetterWindow(limits.dead_letters)
        self._slowed_said_at: float | None = None
        """None while the partition is read as fast as it comes."""
        self._giving_up = asyncio.Event()
        self._ended = asyncio.Event()
        self._saves = PartitionSaves(
            progress,
            LateCheckpoint(checkpoint, progress, limits.checkpoint),
            before_save=handler.before_save,
            policy=limits.save,
            given_up=self._giving_up,
        )

    @property
    def received(self) -> int:
        """The last sequence number that arrived or that was durable before; -1 when none."""
        return max(self._arrivals.last, self.progress.durable)

    @property
    def has_room(self) -> bool:
        return not self._buffer.full

    async def accept(self, events: Sequence[Received]) -> None:
        """Take delivered events; waits for room. HubRecreated when their numbers restart.

        Of an ended worker it waits until the last write is done and takes nothing: the events
        come again to the next owner.
        """
        new = self._arrivals.new(events)
        if dropped := len(events) - len(new):
            count(CounterName.REDELIVERED, dropped, {"partition": self.partition})
        if new and not await self._buffer.put(new):
            await self._ended.wait()

    def drain(self) -> None:
        """Take no more: `run` ends when all that was taken is durable and saved."""
        self._buffer.close(discard=False)

    def give_up(self) -> None:
        """Take no more and drop what waits: `run` ends after the batch in work and one try to save
        it. What is not durable then comes again, to us or to another owner.
        """
        self._giving_up.set()
        self._buffer.close(discard=True)

    async def run(self) -> None:
        """Work until closed. TooManyDeadLetters past the limit, after saving what is durable."""
        try:
            await self._until_answered(self.progress.load, "reading progress")
            await self._work_beside_saves()
            await self._saves.save_all()
        except GivenUp as what:
            message = f"{what} was given up; the events come again"
            _log.warning(Action.DRAIN_INCOMPLETE, message, partition=self.partition)
        finally:
            self._buffer.close(discard=True)
            self._ended.set()

    async def _work_beside_saves(self) -> None:
        """Batch after batch until closed. A save in work is waited for, also after an error; what
        ends a save ends the batches.
        """
        saving = asyncio.create_task(self._saves.by_time(), name=f"saves of {self.partition}")
        saving.add_done_callback(self._on_saves_done)
        try:
            while batch := await self._next_batch():
                await self._work(batch)
        except asyncio.CancelledError:
            saving.cancel()
            raise
        finally:
            self._saves.end()
            await saving

    def _on_saves_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self.give_up()

    async def _next_batch(self) -> list[Received]:
        events_max = self._limits.batch_events_max
        if self._slowed_said_at is not None:
            events_max = min(events_max, self._limits.dead_letters.slowed_events_per_s)
        return await self._buffer.take(events_max=events_max, linger_s=self._limits.linger_s)

    async def _work(self, batch: Sequence[Received]) -> None:
        started = time.monotonic()
        outcomes: Counter[Count] = Counter()
        with span(SpanName.BATCH, self._about(batch), kind=SpanKind.CONSUMER) as of_batch:
            async for part, done in halved(batch, self._make_durable):
                if isinstance(done, Exception):
                    durable = await self._set_aside(part[0], done)
                else:
                    durable = done
                self._tell_losses(part)
                self.progress.add(part, durable.counts)
                outcomes.update(of_event[0] for of_event in durable.counts)
                of_batch.set_attributes({OUTCOME_PREFIX + each: n for each, n in outcomes.items()})
                self._tell_metrics(durable.counts, started)
                await self._brake(part, durable.braking)
                await self._saves.added()
                started = time.monotonic()

    def _about(self, batch: Sequence[Received]) -> dict[str, str | int]:
        return {
            OfSpan.PARTITION.value: self.partition,
            OfSpan.FIRST_SEQUENCE_NUMBER.value: batch[0].sequence_number,
            OfSpan.LAST_SEQUENCE_NUMBER.value: batch[-1].sequence_number,
            OfSpan.EVENTS.value: len(batch),
        }

    async def _make_durable(self, part: Sequence[Received]) -> Durable:
        make_durable = self._handler.prepare(self.partition, part)
        # 1. what the events are for and 2. dead letters: see Metering and Pairing.
        durable = await self._until_answered(make_durable, "a batch")
        self._tell_dead_letters(part, durable.counts)
        return durable

    async def _set_aside(self, event: Received, error: Exception) -> Durable:
        """The event that fails by itself becomes a dead letter; the others of its batch go on."""
        count(CounterName.UNEXPECTED_ERRORS, 1, {"step": "event"})
        _log.error(
            Action.UNEXPECTED_ERROR,
            f"an event is set aside: {type(error).__name__} at {place_of(error)}; see "
            "`dead-letters list`",
            partition=self.partition,
            sequence_number=event.sequence_number,
        )
        set_aside = self._handler.set_aside(self.partition, event, error)
        return await self._until_answered(set_aside, "a dead letter")

    async def _brake(self, part: Sequence[Received], dead: Sequence[Sender]) -> None:
        verdict = self._window.observe(len(part), dead)
        if verdict.brake is Brake.STOP:
            await self._saves.save_all()
            raise TooManyDeadLetters(
                f"partition {self.partition}, at sequence number {part[-1].sequence_number}: "
                f"{verdict.why}. What was read is durable. Look at `dead-letters list`, mend the "
                "sender or the consumer, start again; then `dead-letters redrive`."
            )
        self._tell_brake(verdict)
        if verdict.brake is Brake.SLOW and not self._buffer.closed:
            count(CounterName.SLOWED, len(part), {"partition": self.partition})
            per_s = self._limits.dead_letters.slowed_events_per_s
            await ended_within(self._giving_up, min(len(part) / per_s, SLOWED_PAUSE_S_MAX))

    async def _until_answered(self, attempt: Callable[[], Awaitable[Result]], what: str) -> Result:
        return await until_answered(
            attempt, what=what, partition=self.partition, ended=self._giving_up
        )

    def _tell_losses(self, batch: Sequence[Received]) -> None:
        for loss in losses(self.progress.after, (event.sequence_number for event in batch)):
            tell_loss(loss, self.partition)

    def _tell_dead_letters(self, part: Sequence[Received], counts: Sequence[Counts]) -> None:
        dead = [of_event == DEAD_LETTERED for of_event in counts]
        if True in dead:
            _log.warning(
                Action.DEAD_LETTERED,
                f"{sum(dead)} of {len(part)} events of a batch, see `dead-letters list`",
                partition=self.partition,
                first_sequence_number=part[dead.index(True)].sequence_number,
            )

    def _tell_brake(self, verdict: Verdict) -> None:
        """Once a minute while the partition is slowed, and when that is over."""
        said_at, now = self._slowed_said_at, time.monotonic()
        if verdict.brake is Brake.OFF:
            if said_at is not None:
                message = "dead letters are few again, the partition is read as fast as it comes"
                _log.info(Action.SLOWING_OVER, message, partition=self.partition)
            self._slowed_said_at = None
        elif said_at is None or now - said_at >= SAID_AGAIN_S:
            per_s = self._limits.dead_letters.slowed_events_per_s
            message = f"{verdict.why}: the partition is read at {per_s} events a second"
            _log.error(Action.PARTITION_SLOWED, message, partition=self.partition)
            self._slowed_said_at = now

    def _tell_metrics(self, counts: Sequence[Counts], started: float) -> None:
        outcomes = Counter(of_event[0] for of_event in counts)
        for outcome, number in outcomes.items():
            attributes = {"partition": self.partition, "outcome": outcome.value}
            count(CounterName.EVENTS, number, attributes)
        observe(HistogramName.BATCH_EVENTS, len(counts))
        observe(HistogramName.BATCH_MS, round((time.monotonic() - started) * 1000))
