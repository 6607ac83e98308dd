"""What pairing does with a batch of either hub, and of the usage hub: keep facts, settle calls."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from consumers.dead_letters.letter_store import (
    DeadLetters,
    Letter,
    keep_letters,
    letter_of_failure,
    make_letter,
    only_letter,
)
from consumers.pairing.completed_event import OWN_BEGIN
from consumers.pairing.decide import Waits, may_complete
from consumers.pairing.replayed import keep_replayed
from consumers.pairing.reported_fact import fetched_fact, reported_fact
from consumers.pairing.seen_places import SeenPlaces
from consumers.pairing.settlement import Settlement
from consumers.pairing.stream_time import StreamTime
from consumers.receiving.handler import (
    DEAD_LETTERED,
    Counts,
    Durable,
    MakeDurable,
    Received,
    Sender,
)
from pricing_rules.decoding.glimpse import glimpse
from pricing_rules.decoding.invalid_event import InvalidCode, InvalidEvent
from pricing_rules.decoding.usage_event import decode, is_deferred
from pricing_rules.types import UNATTRIBUTED, CountedAt, UsageEvent
from table_api.completeness.hours import HourSummer
from table_api.consumer_state.progress import Count
from table_api.consumer_state.raw_usage import RawUsage
from table_api.open_calls.counted_calls import CountedCalls
from table_api.open_calls.facts import EventReport, Fact
from table_api.open_calls.keys import SAME_CALL_MAX
from table_api.open_calls.table import Arrival, OpenCalls

KEPT, IGNORED = (Count.KEPT,), (Count.IGNORED,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """What the intakes of both hubs share."""

    calls: OpenCalls
    settlement: Settlement
    stream_time: StreamTime
    waits: Waits
    counted: CountedCalls
    """Where calls are counted, also when their facts were purged."""
    keep: timedelta
    """How long facts are kept: the longer retention of both hubs and a week."""
    now: Callable[[], datetime]
    hours: HourSummer | None = None
    raw_usage: RawUsage | None = None
    """What metering keeps of doubtful calls: the sweeper purges it."""
    raw_usage_keep: timedelta = timedelta(days=100)

    def oldest(self, received: Received) -> datetime:
        """Facts of an earlier time may be purged: nothing is to be concluded without them.

        A hub whose clock was ahead for a moment makes no call look old.
        """
        latest, present = self.stream_time.latest, self.stream_time.present
        enqueued = min(received.enqueued_time, present or received.enqueued_time)
        return max(enqueued, latest or enqueued) - self.keep


@dataclass(slots=True)
class Batch:
    """A decoded batch; nothing of it is durable yet."""

    arrivals: list[Arrival] = field(default_factory=list)
    open: dict[str, datetime] = field(default_factory=dict)
    """Calls that may be complete now, with a time of theirs."""
    late: dict[str, datetime] = field(default_factory=dict)
    """Calls that the sweeper of the grace may have passed already, likewise."""
    letters: list[Letter] = field(default_factory=list)
    braking: list[Sender] = field(default_factory=list)
    counts: list[Counts] = field(default_factory=list)


class Intake(ABC):
    """A Handler; the subclass says what an event is."""

    def __init__(self, hub: str, pairing: Pairing, dead_letters: DeadLetters) -> None:
        self._hub = hub
        self._pairing = pairing
        self._dead_letters = dead_letters
        self._seen = SeenPlaces()

    def prepare(self, partition: str, events: Sequence[Received]) -> MakeDurable:
        """See Handler."""
        batch = Batch()
        for received in events:
            self._take(batch, partition, received)
        return lambda: self._make_durable(batch)

    @abstractmethod
    def set_aside(self, partition: str, received: Received, error: Exception) -> MakeDurable:
        """See Handler."""

    async def before_save(self) -> None:  # noqa: B027  # complete: there is nothing to do
        """See Handler: pairing leaves nothing for later."""

    async def take_again(self, partition: str, received: Received) -> list[Letter]:
        """One event whose time the sweepers may have passed; the letters that it is again.

        Harmless to repeat. What it cannot settle at once they find where they have not been.
        """
        batch = Batch()
        self._take(batch, partition, received)
        await self._settle_late(batch)
        return batch.letters

    async def _settle_late(self, batch: Batch) -> None:
        """Keep facts that the sweepers may have passed, and settle their calls at once."""
        now = self._pairing.now()
        await self._pairing.calls.add(
            each if _is_metered(each.fact) else replace(each, due_from=now)
            for each in batch.arrivals
        )
        by_hour: dict[datetime, dict[str, datetime]] = {}
        for each in batch.arrivals:
            hour = each.fact.time.replace(minute=0, second=0, microsecond=0)
            by_hour.setdefault(hour, {})[each.call_id] = each.fact.time
        for calls in by_hour.values():
            await self._pairing.settlement.settle_indexed(calls, None, apart_max=SAME_CALL_MAX)

    @abstractmethod
    def _take(self, batch: Batch, partition: str, received: Received) -> None:
        """Decode one event into the batch."""

    async def _make_durable(self, batch: Batch) -> Durable:
        # 1. Facts. A crash after it: the events come again, the same rows are written again.
        heard = self._pairing.settlement.heard
        new = heard.new(batch.arrivals)
        await self._pairing.calls.add(new)
        heard.keep(new)
        # 2. Decisions and 3. events: see Settlement. Most calls are decided from what this process
        #    heard. What stays open is looked up later, with others: a crash leaves it to the
        #    sweeper of the grace. Calls that this sweeper may have passed are looked up now.
        settlement, stream_time = self._pairing.settlement, self._pairing.stream_time.latest
        await settlement.settle_heard(batch.open, stream_time)
        await settlement.settle_indexed(batch.late, stream_time, apart_max=SAME_CALL_MAX)
        # 4. Dead letters. A failure here brings the batch again, which is harmless.
        await keep_letters(self._dead_letters, batch.letters)
        return Durable(batch.counts, batch.braking)

    def _keep(self, batch: Batch, received: Received, call_id: str, fact: Fact) -> None:
        waits = self._pairing.waits
        due_from = received.enqueued_time - waits.timeout
        batch.arrivals.append(Arrival(call_id=call_id, fact=fact, due_from=due_from))
        if received.enqueued_time - fact.time >= waits.grace:
            batch.late[call_id] = fact.time
        elif may_complete(fact) or self._counts_elsewhere(call_id, fact):
            batch.open[call_id] = fact.time

    def _letter(self, partition: str, received: Received, invalid: InvalidEvent) -> Letter:
        now = self._pairing.now()
        return make_letter(self._hub, partition, received, invalid=invalid, recorded_at=now)

    def _counts_elsewhere(self, call_id: str, fact: Fact) -> bool:
        if not isinstance(fact, EventReport) or not fact.metered:
            return False
        place = CountedAt(fact.identity.subject, fact.identity.time)
        return self._seen.elsewhere(call_id, place)


def _is_metered(fact: Fact) -> bool:
    """Whether it needs no sweeper: settling its call when it comes says all that is to be said."""
    return isinstance(fact, EventReport) and fact.metered


class UsageIntake(Intake):
    """The usage hub. Bodies that are no UsageEvent are metering's to dead-letter."""

    def set_aside(self, partition: str, received: Received, error: Exception) -> MakeDurable:
        """See Handler. Metering may have a letter of the same event: it is the same letter."""
        now = self._pairing.now()
        letter, sender = letter_of_failure(
            self._hub, partition, received, error=error, recorded_at=now
        )
        return only_letter(self._dead_letters, letter, sender)

    @property
    def counted(self) -> CountedCalls:
        """Where calls are counted, for metering that reads old events again."""
        return self._pairing.counted

    def _take(self, batch: Batch, partition: str, received: Received) -> None:
        if received.body.startswith(OWN_BEGIN):  # our own word: not decoded
            batch.counts.append(IGNORED)
            return
        event = decode(received.body, enqueued_time=received.enqueued_time)
        if isinstance(event, InvalidEvent):
            batch.counts.append(IGNORED)
        else:
            self._take_event(batch, partition, received, event)

    async def take_again(self, partition: str, received: Received) -> list[Letter]:
        """See Intake."""
        event = decode(received.body, enqueued_time=received.enqueued_time)
        if isinstance(event, InvalidEvent):
            return []
        batch = await self._hear(partition, [(received, event)], says_unknown=True)
        await self._settle_late(batch)
        return batch.letters

    async def _hear(
        self,
        partition: str,
        decoded: Sequence[tuple[Received, UsageEvent]],
        *,
        says_unknown: bool = False,
    ) -> Batch:
        """Events that metering reads again; what is kept of them, and the letters they become.

        `says_unknown` makes a letter also of a call of which nobody knows whether it is counted.
        """
        batch = Batch()
        for received, event in decoded:
            too_old = event.time < self._pairing.oldest(received) and is_deferred(event)
            too_old = too_old and not event.fetched
            if not too_old or await self._is_lost(event, says_unknown=says_unknown):
                self._take_event(batch, partition, received, event)
        return batch

    async def heard(
        self,
        partition: str,
        decoded: Sequence[tuple[Received, UsageEvent]],
        posted: Collection[str],
    ) -> None:
        """Hear events that a replay has metered, the calls `posted` for the first time.

        What can no longer be found becomes a letter.
        """
        batch = await self._hear(partition, decoded)
        batch.arrivals = await keep_replayed(
            self._pairing.calls, batch.arrivals, posted, now=self._pairing.now()
        )
        await self._settle_late(batch)
        await keep_letters(self._dead_letters, batch.letters)

    async def _is_lost(self, event: UsageEvent, *, says_unknown: bool) -> bool:
        """Whether a call whose facts are gone is not counted under its caller or another one."""
        counted = self._pairing.counted
        place = await counted.find(event.id, event.time)
        if place is not None:
            return place.subject == UNATTRIBUTED
        return says_unknown or await counted.remember(event.time)

    def _take_event(
        self, batch: Batch, partition: str, received: Received, event: UsageEvent
    ) -> None:
        fact = fetched_fact(event, received.body) if event.fetched else reported_fact(event)
        if fact is None:
            batch.counts.append(IGNORED)
        elif isinstance(fact, InvalidEvent):
            self._refuse(batch, partition, received, fact)
        elif event.fetched or fact.time >= self._pairing.oldest(received):
            # The rows of a background answer are kept for ever: no fetch of it is too old.
            self._keep(batch, received, event.id, fact)
            batch.counts.append(KEPT)
        elif not is_deferred(event):
            batch.counts.append(IGNORED)  # it stands in the ledger as it is
        else:
            invalid = InvalidEvent(
                code=InvalidCode.FAR_PAST,
                field="time",
                value=event.time.isoformat(),
                message=f"time is {event.time}, and facts of so early calls are purged: "
                "its usage cannot be found any more",
                event_id=event.id,
            )
            self._refuse(batch, partition, received, invalid)

    def _refuse(
        self, batch: Batch, partition: str, received: Received, invalid: InvalidEvent
    ) -> None:
        batch.letters.append(self._letter(partition, received, invalid))
        batch.braking.append(Sender(glimpse(received.body).sender))
        batch.counts.append(DEAD_LETTERED)
