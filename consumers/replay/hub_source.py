"""An event hub as a source: from a time up to what stood there when the replay began.

It reads without a checkpoint store and without an epoch, so that live consumers notice nothing.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext

from consumers.errors import HubUnavailable
from consumers.receiving.handler import Received
from consumers.receiving.hub import IDLE_TIMEOUT_S, EventHub, PartitionState, make_client
from consumers.receiving.receiver import EARLIEST, received_of
from consumers.replay.source import BATCH_EVENTS_MAX, Batch, Named, Period

BATCHES_WAITING_MAX = 4
PREFETCH_EVENTS = 3_000
CLOCK_BACK_MAX = timedelta(minutes=5)
"""An event may be stamped so much earlier than the one before it: Event Hubs moves a partition from
host to host, each with a clock of its own."""
_EARLIEST = datetime.min.replace(tzinfo=UTC) + CLOCK_BACK_MAX
SILENCE_S_MAX = 60.0
"""Without an event although more must come: the partition cannot be read."""


class HubSource:
    """See Source. The position is a sequence number."""

    def __init__(self, hub: EventHub, period: Period) -> None:
        self.hub = hub.address.hub
        self._hub = hub
        self._period = period
        self._states: dict[str, PartitionState] = {}

    async def partitions(self) -> list[str]:
        """See Source. Raises HubUnavailable."""
        state = await self._hub.state()
        for each in await self._hub.partitions(state.partitions):
            self._states[each.partition] = each
        return list(self._states)

    def size(self, partition: str) -> int:
        """Events that the hub still has."""
        state = self._states[partition]
        if state.empty:
            return 0
        return state.last_sequence_number - state.first_sequence_number + 1

    async def batches(
        self, partition: str, after: str | None, named: Named
    ) -> AsyncIterator[Batch]:
        """See Source. Raises HubUnavailable after SILENCE_S_MAX."""
        state = self._states[partition]
        from_time = self._period.from_time
        if from_time is not None and from_time > _EARLIEST:
            from_time -= CLOCK_BACK_MAX  # what is stamped earlier is left out below
        too_early = from_time is not None and state.last_enqueued_time < from_time
        done = after is not None and int(after) >= state.last_sequence_number
        if state.empty and not (too_early or done):
            _name_all_gone(state, after, named)
        if state.empty or too_early or done:
            return
        start: Any = EARLIEST if after is None else int(after)
        if after is None and from_time is not None:
            start = from_time
        expected = None if after is None else int(after) + 1
        last = -1 if after is None else int(after)
        # What is skipped by time or position counts as read, so that the bar ends full.
        counted = state.first_sequence_number - 1
        async with (
            make_client(self._hub.address, idle_timeout=IDLE_TIMEOUT_S) as client,
            contextlib.aclosing(_events(client, partition, start)) as received,
        ):
            async for events in received:
                first = events[0]
                _name_what_is_gone(first, state, expected, self._period, named)
                expected = events[-1].sequence_number + 1
                last = events[-1].sequence_number
                wanted = [
                    event
                    for event in events
                    if event.enqueued_time in self._period
                    and event.sequence_number <= state.last_sequence_number
                ]
                yield Batch(wanted, str(last), last - counted)
                counted = last
                if last >= state.last_sequence_number or self._past(events[-1]):
                    break
        if last < state.last_sequence_number:
            yield Batch((), str(last), state.last_sequence_number - counted)

    def _past(self, event: Received) -> bool:
        """Whether no event of the period can come any more."""
        to_time = self._period.to_time
        return to_time is not None and event.enqueued_time - CLOCK_BACK_MAX >= to_time


def _name_all_gone(state: PartitionState, after: str | None, named: Named) -> None:
    """A partition that is empty now; nothing is gone of one that never had an event."""
    first = 0 if after is None else int(after) + 1
    if state.last_sequence_number >= first:
        named(
            f"events {first} to {state.last_sequence_number}, the last one enqueued at "
            f"{state.last_enqueued_time.isoformat()}, are past their retention: none is left"
        )


def _name_what_is_gone(
    first: Received, state: PartitionState, expected: int | None, period: Period, named: Named
) -> None:
    """Retention takes the oldest events: what was asked for may not be there any more."""
    if expected is not None:
        if first.sequence_number > expected:
            named(f"sequence numbers {expected} to {first.sequence_number - 1} are gone")
        return
    # Without a start by time all are wanted, also what went since the hub was asked.
    oldest = first.sequence_number == state.first_sequence_number or period.from_time is None
    if (
        oldest
        and first.sequence_number > 0
        and (period.from_time is None or first.enqueued_time > period.from_time)
    ):
        named(
            f"the oldest event left is number {first.sequence_number} of "
            f"{first.enqueued_time.isoformat()}: what came before is past its retention"
        )


async def _events(
    client: EventHubConsumerClient, partition: str, start: Any
) -> AsyncGenerator[list[Received], None]:
    """Batches as they arrive, for ever."""
    arrived: asyncio.Queue[list[Received]] = asyncio.Queue(BATCHES_WAITING_MAX)
    failed: list[Exception] = []

    async def on_events(_context: PartitionContext, events: list[EventData]) -> None:
        if events:
            await arrived.put([received_of(event) for event in events])

    async def on_error(_context: PartitionContext | None, error: Exception) -> None:
        failed.append(error)

    reading = asyncio.create_task(
        client.receive_batch(
            on_events,
            partition_id=partition,
            starting_position=start,
            starting_position_inclusive=not isinstance(start, int),
            max_batch_size=BATCH_EVENTS_MAX,
            prefetch=PREFETCH_EVENTS,
            on_error=on_error,
        )
    )
    try:
        while True:
            async with asyncio.timeout(SILENCE_S_MAX):
                yield await arrived.get()
    except TimeoutError as error:
        why = f": {failed[-1]}" if failed else ""
        raise HubUnavailable(
            f"partition {partition} gave no event for {SILENCE_S_MAX:.0f} s{why}"
        ) from error
    finally:
        reading.cancel()
        await asyncio.wait({reading})
