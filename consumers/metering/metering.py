"""One batch: decode, rate, sort into the four outcomes, post, dead-letter.

When a batch is durable is decided here; when that is saved is `partition_worker`'s question.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from consumers.dead_letters.letters import DeadLetters, Letter, make_letter
from consumers.dead_letters.redrive import RedrivePath
from consumers.decoding.invalid_event import InvalidCode, InvalidEvent
from consumers.decoding.usage_event import decode, is_deferred
from consumers.metering.call_rating import CallRating
from consumers.receiving.handler import DEAD_LETTERED, Counts, MakeDurable, Received
from pricing_rules.types import CallState
from table_api.consumer_state.progress import Count
from table_api.ledger.post_result import Outcome, PostResult
from table_api.ledger.posting import MeteredCall, Origin
from telemetry.metrics import CounterName, count

DEFERRED: Counts = (Count.DEFERRED,)
_COUNT_OF = {
    Outcome.POSTED: Count.POSTED,
    Outcome.CORRECTED: Count.CORRECTED,
    Outcome.DUPLICATE: Count.DUPLICATES,
    Outcome.REFUSED: Count.DEAD_LETTERED,
}
_COUNT_OF_STATE = {
    CallState.UNPRICED: Count.UNPRICED,
    CallState.NO_USAGE: Count.NO_USAGE,
    CallState.ZERO: Count.ZERO,
}


class Poster(Protocol):
    """The part of the ledger that metering needs."""

    async def post(self, calls: Sequence[MeteredCall]) -> list[PostResult]:
        """Post calls, each exactly once; results in their order."""


@dataclass(slots=True)
class Metered:
    """A batch, decoded and rated; nothing of it is durable yet."""

    calls: list[MeteredCall] = field(default_factory=list)
    of_call: list[int] = field(default_factory=list)
    """Index in the batch of each call."""
    letters: list[Letter] = field(default_factory=list)
    refused: list[Letter] = field(default_factory=list)
    """Of calls whose rows storage refuses; set by posting."""
    counts: list[Counts] = field(default_factory=list)
    """Per event of the batch; those of calls are set after posting."""


class Metering:
    """Makes batches of one hub durable. Without state: any number of partitions share it."""

    def __init__(
        self,
        *,
        hub: str,
        rating: CallRating,
        ledger: Poster,
        dead_letters: DeadLetters,
        now: Callable[[], datetime],
        project: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`project` brings `monthly` up before a position is saved; None where the ledger does."""
        self._hub = hub
        self._rating = rating
        self._ledger = ledger
        self._project = project
        self._dead_letters = dead_letters
        self._now = now

    def prepare(self, partition: str, events: Sequence[Received]) -> MakeDurable:
        """See Handler."""
        metered = self.meter(partition, events)
        return lambda: self.make_durable(partition, events, metered)

    async def before_save(self) -> None:
        """See Handler. `monthly` is written here and not by the batch: most calls of a few
        seconds change the same rows.
        """
        if self._project is not None:
            await self._project()

    def meter(self, partition: str, events: Sequence[Received]) -> Metered:
        """Decode and rate a batch. Does no I/O and raises on no event."""
        metered = Metered()
        for index, received in enumerate(events):
            event = decode(received.body, enqueued_time=received.enqueued_time)
            if isinstance(event, InvalidEvent):
                metered.letters.append(self._letter(partition, received, event))
                metered.counts.append(DEAD_LETTERED)
            elif is_deferred(event):
                metered.counts.append(DEFERRED)
            else:
                origin = Origin(
                    hub=self._hub,
                    partition=partition,
                    sequence_number=received.sequence_number,
                    enqueued_time=received.enqueued_time,
                )
                metered.calls.append(self._rating.rate(event, origin))
                metered.of_call.append(index)
                metered.counts.append(())
        return metered

    async def make_durable(
        self, partition: str, events: Sequence[Received], metered: Metered
    ) -> list[Counts]:
        """Write a metered batch; what each event counts in.

        May raise table_api.errors.Retryable. Calling it again is safe: both writes are
        idempotent.
        """
        # 0. Who has which cost centre: for the next batch, where it is old.
        await self._rating.refresh()
        # 1. The ledger. A crash before or in it: the events come again, what stands is found by
        #    its key and not counted twice.
        results = await self._ledger.post(metered.calls)
        metered.refused = []
        for index, call, result in zip(metered.of_call, metered.calls, results, strict=True):
            metered.counts[index] = _counts_of(call, result)
            if result.outcome is Outcome.REFUSED:
                metered.refused.append(
                    self._letter(partition, events[index], _refused(call, result))
                )
        # 2. Dead letters. A crash between 1 and 2, or a failure here: the batch comes again,
        #    its calls are duplicates now and its letters are written then.
        letters = metered.letters + metered.refused
        if letters:
            await self._dead_letters.add(letters)
            for letter in letters:
                count(CounterName.DEAD_LETTERS, 1, {"reason": letter.entry.reason})
        # 3. `monthly`, 4. progress and 5. the checkpoint follow in partition_worker, by time.
        return metered.counts

    def _letter(self, partition: str, received: Received, invalid: InvalidEvent) -> Letter:
        return make_letter(self._hub, partition, received, invalid=invalid, recorded_at=self._now())


def _counts_of(call: MeteredCall, result: PostResult) -> Counts:
    counts = [_COUNT_OF[result.outcome]]
    if result.mismatch:
        counts.append(Count.MISMATCHES)
    state = _COUNT_OF_STATE.get(call.priced.state)
    if state is not None:
        counts.append(state)
    return tuple(counts)


def _refused(call: MeteredCall, result: PostResult) -> InvalidEvent:
    event = call.priced.event
    return InvalidEvent(
        code=InvalidCode.REFUSED_BY_STORAGE,
        field="body",
        value=event.id,
        message=f"Table Storage refuses the rows of this call: {result.reason}",
        event_id=event.id,
    )


def metering_path(metering: Metering) -> RedrivePath:
    """The path of a UsageEvent through metering: decode, rate, post."""

    async def redriven(partition: str, received: Received) -> str | Letter:
        metered = metering.meter(partition, [received])
        [counts] = await metering.make_durable(partition, [received], metered)
        if counts[0] is Count.DEAD_LETTERED:
            return (metered.letters + metered.refused)[0]
        return counts[0].value

    return redriven
