"""One batch: decode, rate, sort into the four outcomes, post, keep raw usage, dead-letter.

When a batch is durable is decided here; when that is saved is `partition_saves`' question.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from consumers.dead_letters.letter_store import (
    DeadLetters,
    Letter,
    keep_letters,
    letter_of_failure,
    make_letter,
    only_letter,
)
from consumers.dead_letters.redrive import RedrivePath
from consumers.metering.batch_metrics import count_usage
from consumers.metering.call_rating import CallRating
from consumers.receiving.handler import (
    DEAD_LETTERED,
    Counts,
    Durable,
    MakeDurable,
    Received,
    Sender,
)
from pricing_rules.decoding.glimpse import glimpse
from pricing_rules.decoding.invalid_event import InvalidCode, InvalidEvent, shown
from pricing_rules.decoding.usage_event import decode, is_deferred, usage_object
from pricing_rules.types import CallState, PricedCall, UsageEvent
from table_api.consumer_state.progress import Count
from table_api.consumer_state.raw_usage import RawUsage, RawUsageKey, usage_text
from table_api.ledger.post_result import Outcome, PostResult
from table_api.ledger.posting import MeteredCall, Origin
from table_api.storage.parallel import in_turns

DEFERRED: Counts = (Count.DEFERRED,)
_COUNT_OF: dict[Outcome, Counts] = {
    Outcome.POSTED: (Count.POSTED,),
    Outcome.CORRECTED: (Count.CORRECTED,),
    Outcome.DUPLICATE: (Count.DUPLICATES,),
    Outcome.REFUSED: DEAD_LETTERED,
}
_COUNT_OF_STATE = {
    CallState.UNPRICED: Count.UNPRICED,
    CallState.NO_USAGE: Count.NO_USAGE,
    CallState.ZERO: Count.ZERO,
    CallState.PENDING: Count.PENDING,
}


class Poster(Protocol):
    """The part of the ledger that metering needs."""

    async def post(self, calls: Sequence[MeteredCall]) -> list[PostResult]:
        """Post calls, each exactly once; results in their order."""


@dataclass(slots=True)
class Decoded:
    """A decoded batch; nothing of it is durable yet."""

    calls: list[tuple[UsageEvent, Origin]] = field(default_factory=list)
    of_call: list[int] = field(default_factory=list)
    """Index in the batch of each call."""
    deferred: list[tuple[int, UsageEvent]] = field(default_factory=list)
    """Events that are left to pairing, with their index in the batch."""
    letters: list[Letter] = field(default_factory=list)
    braking: list[Sender] = field(default_factory=list)
    refused: list[Letter] = field(default_factory=list)
    """Of calls whose rows storage refuses; set by posting."""
    counts: list[Counts] = field(default_factory=list)
    """Per event of the batch; those of calls are set after posting."""

    @property
    def events(self) -> list[tuple[int, UsageEvent]]:
        """Every event that could be read, with its index in the batch."""
        rated = zip(self.of_call, self.calls, strict=True)
        return [*self.deferred, *((index, event) for index, (event, _) in rated)]


class Metering:
    """Makes batches of one hub durable. Without state: any number of partitions share it."""

    def __init__(  # noqa: PLR0913  # one for each place that a batch goes to
        self,
        *,
        hub: str,
        rating: CallRating,
        ledger: Poster,
        dead_letters: DeadLetters,
        now: Callable[[], datetime],
        project: Callable[[], Awaitable[None]] | None = None,
        raw_usage: RawUsage | None = None,
    ) -> None:
        """`project` brings `monthly` up before a position is saved; None where the ledger does.

        Without `raw_usage` no usage object is kept.
        """
        self._hub = hub
        self._rating = rating
        self._ledger = ledger
        self._project = project
        self._raw_usage = raw_usage
        self._dead_letters = dead_letters
        self._now = now

    def prepare(self, partition: str, events: Sequence[Received]) -> MakeDurable:
        """See Handler."""

        async def make_durable() -> Durable:
            decoded = await self.decode(partition, events)
            return await self.make_durable(partition, events, decoded)

        return make_durable

    def set_aside(self, partition: str, received: Received, error: Exception) -> MakeDurable:
        """See Handler."""
        letter, sender = letter_of_failure(
            self._hub, partition, received, error=error, recorded_at=self._now()
        )
        return only_letter(self._dead_letters, letter, sender)

    async def before_save(self) -> None:
        """See Handler. `monthly` is written here and not by the batch: most calls of a few
        seconds change the same rows.
        """
        if self._project is not None:
            await self._project()

    async def decode(self, partition: str, events: Sequence[Received]) -> Decoded:
        """Decode a batch. Does no I/O and raises on no event."""
        decoded = Decoded()
        async for part in in_turns(list(enumerate(events))):
            self._decode(decoded, partition, part)
        return decoded

    def _decode(
        self, decoded: Decoded, partition: str, events: Iterable[tuple[int, Received]]
    ) -> None:
        for index, received in events:
            event = decode(received.body, enqueued_time=received.enqueued_time)
            if isinstance(event, InvalidEvent):
                decoded.letters.append(self._letter(partition, received, event))
                if not event.is_odd_usage:
                    decoded.braking.append(Sender(glimpse(received.body).sender))
                decoded.counts.append(DEAD_LETTERED)
            elif is_deferred(event):
                decoded.deferred.append((index, event))
                decoded.counts.append(DEFERRED)
            else:
                origin = Origin(
                    hub=self._hub,
                    partition=partition,
                    sequence_number=received.sequence_number,
                    enqueued_time=received.enqueued_time,
                )
                decoded.calls.append((event, origin))
                decoded.of_call.append(index)
                decoded.counts.append(())

    async def make_durable(
        self, partition: str, events: Sequence[Received], decoded: Decoded
    ) -> Durable:
        """Rate a decoded batch and write it.

        May raise table_api.errors.Retryable. Calling it again is safe: both writes are
        idempotent.
        """
        # 0. Who has which cost centre by now: no call is rated with people of hours ago.
        await self._rating.refresh()
        rate = self._rating.rate
        calls = [
            rate(event, origin) async for part in in_turns(decoded.calls) for event, origin in part
        ]
        # 1. The ledger. A crash before or in it: the events come again, what stands is found by
        #    its key and not counted twice.
        results = await self._ledger.post(calls)
        decoded.refused, subjects = [], []
        for index, call, result in zip(decoded.of_call, calls, results, strict=True):
            decoded.counts[index] = _counts_of(call, result)
            if result.outcome is Outcome.REFUSED:
                invalid = _refused(call, result)
                decoded.refused.append(self._letter(partition, events[index], invalid))
                subjects.append(Sender(shown(call.priced.event.subject), is_subject=True))
        count_usage(
            call.priced
            for call, result in zip(calls, results, strict=True)
            if result.outcome is Outcome.POSTED
        )
        # 2. What nobody could read: usage objects, then dead letters. A crash between 1 and 2, or
        #    a failure here: the batch comes again, its calls are duplicates now and the rest is
        #    written then.
        if self._raw_usage is not None:
            bodies = [events[index].body for index in decoded.of_call]
            if doubtful := list(_raw_usage(calls, bodies)):
                await self._raw_usage.keep(doubtful)
        await keep_letters(self._dead_letters, decoded.letters + decoded.refused)
        # 3. `monthly`, 4. progress and 5. the checkpoint follow in partition_saves, by time.
        return Durable(decoded.counts, decoded.braking + subjects)

    def _letter(self, partition: str, received: Received, invalid: InvalidEvent) -> Letter:
        return make_letter(self._hub, partition, received, invalid=invalid, recorded_at=self._now())


def is_doubtful(call: PricedCall) -> bool:
    """Whether a later reader of usage objects may price the call otherwise."""
    usage = call.event.usage
    if usage is None:
        return False
    return call.state is CallState.UNPRICED or usage.caveats is not None


def _raw_usage(
    calls: Iterable[MeteredCall], bodies: Iterable[bytes]
) -> Iterator[tuple[RawUsageKey, str]]:
    """The usage objects that a later reader may read better: of few calls or of none."""
    for call, body in zip(calls, bodies, strict=True):
        if not is_doubtful(call.priced):
            continue
        text = usage_text(usage_object(body))
        if text is not None:
            event, origin = call.priced.event, call.origin
            key = RawUsageKey(
                call_id=event.id,
                time=event.time,
                partition=origin.partition,
                sequence_number=origin.sequence_number,
            )
            yield key, text


def _counts_of(call: MeteredCall, result: PostResult) -> Counts:
    counts, state = _COUNT_OF[result.outcome], _COUNT_OF_STATE.get(call.priced.state)
    if result.mismatch:
        counts = (*counts, Count.MISMATCHES)
    return counts if state is None else (*counts, state)


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
        decoded = await metering.decode(partition, [received])
        durable = await metering.make_durable(partition, [received], decoded)
        [counts] = durable.counts
        if counts[0] is Count.DEAD_LETTERED:
            return (decoded.letters + decoded.refused)[0]
        return counts[0].value

    return redriven
