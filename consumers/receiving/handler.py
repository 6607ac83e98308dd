"""What a partition's worker does with a batch: the seam between reading and its purpose."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from table_api.consumer_state.progress import Count

Counts = tuple[Count, ...]
"""What one event counts in."""

DEAD_LETTERED: Counts = (Count.DEAD_LETTERED,)

MakeDurable = Callable[[], Awaitable[list[Counts]]]
"""Writes a prepared batch and says what each of its events counts in.

May raise Retryable or HubUnavailable. Calling it again is safe.
"""


class Received(msgspec.Struct, frozen=True, gc=False):
    """One delivered event. A Struct since one is made per event."""

    sequence_number: int
    offset: str
    enqueued_time: datetime
    """When the hub took it: aware UTC."""
    body: bytes


class Handler(Protocol):
    """Makes batches of one hub durable. Without state: any number of partitions share it."""

    def prepare(self, partition: str, events: Sequence[Received]) -> MakeDurable:
        """Decode a batch. Does no I/O and raises on no event."""

    async def before_save(self) -> None:
        """Write what batches have left for later; a position is saved after it. May raise
        Retryable. Calling it again is safe.
        """
