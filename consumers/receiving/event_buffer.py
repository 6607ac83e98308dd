"""The bounded buffer between the hub's callback and a partition's worker: it makes the batches.

The SDK's own batches are small and its `max_wait_time` does not fill them.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from consumers.receiving.handler import Received

BACKLOG_AFTER = timedelta(seconds=2)
"""Where even the newest event is older than this, the partition is read out of a backlog."""
BACKLOG_LINGERS = 4
"""Up to so many times a batch of a backlog lingers: its events are late already, and calls of one
daily cell that are in one transaction change it once.
"""


class EventBuffer:
    """Events in order. One reader; a writer waits while it is full: that is the backpressure."""

    def __init__(self, *, events_max: int) -> None:
        self._events_max = events_max
        self._events: deque[Received] = deque()
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self.closed = False
        self._arrived_at = 0.0

    def __len__(self) -> int:
        return len(self._events)

    @property
    def full(self) -> bool:
        return len(self._events) >= self._events_max

    async def put(self, events: Sequence[Received]) -> bool:
        """Add events when there is room; False when it was closed and they were not taken.

        A cancelled call has taken nothing. One call may overfill it by its own number.
        """
        while self.full and not self.closed:
            self._room.clear()
            await self._room.wait()
        if self.closed:
            return False
        self._events.extend(events)
        self._arrived_at = time.monotonic()
        self._changed.set()
        return True

    async def take(self, *, events_max: int, linger_s: float) -> list[Received]:
        """Up to `events_max` events: waits for the first, then `linger_s` for the batch to fill, in
        a backlog longer. Empty when closed and drained.
        """
        await self._wait_for(1, None)
        if self._events:
            await self._linger(events_max, linger_s)
        taken = [self._events.popleft() for _ in range(min(events_max, len(self._events)))]
        self._room.set()
        return taken

    async def _linger(self, events_max: int, linger_s: float) -> None:
        """In a backlog again and again, as long as more of it arrives."""
        for _ in range(BACKLOG_LINGERS):
            before = len(self._events)
            # The linger of a backlog begins when the last of it arrived, be it during the batch
            # before: at its end nothing more comes.
            since_s = time.monotonic() - self._arrived_at if self._is_behind() else 0.0
            await self._wait_for(events_max, max(linger_s - since_s, 0.0))
            if len(self._events) in {0, before} or not self._is_behind():
                return

    def _is_behind(self) -> bool:
        """By the newest event: the oldest may have waited here for the batch before."""
        return datetime.now(UTC) - self._events[-1].enqueued_time > BACKLOG_AFTER

    async def _wait_for(self, number: int, timeout_s: float | None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while len(self._events) < number and not self.closed:
                    self._changed.clear()
                    await self._changed.wait()

    def close(self, *, discard: bool) -> None:
        """Take no more; what is in it stays for the reader unless it is to be discarded."""
        self.closed = True
        if discard:
            self._events.clear()
        self._changed.set()
        self._room.set()
