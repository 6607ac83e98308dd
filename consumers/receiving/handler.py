"""What a partition's worker does with a batch: the seam between reading and its purpose."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from table_api.consumer_state.progress import Count

Counts = tuple[Count, ...]
"""What one event counts in."""

DEAD_LETTERED: Counts = (Count.DEAD_LETTERED,)


class Sender(NamedTuple):
    """Whom the brake counts a dead letter for: see dead_letter_limit."""

    name: str
    is_subject: bool = False
    """Whether it is one subject, whose events are readable: something stored makes them fail."""


@dataclass(frozen=True, slots=True)
class Durable:
    """What became of a batch."""

    counts: list[Counts]
    """Of each event, in their order."""
    braking: Sequence[Sender] = ()
    """The senders of its dead letters, those left out that say nothing of their sender."""


MakeDurable = Callable[[], Awaitable[Durable]]
"""Writes a prepared batch.

May raise Retryable or HubUnavailable. Calling it again is safe. Any other error is the last net's.
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
        """Begin a batch. Does no I/O, and no event makes it fail."""

    def set_aside(self, partition: str, received: Received, error: Exception) -> MakeDurable:
        """Make a dead letter of an event that cannot be made durable for `error`."""

    async def before_save(self) -> None:
        """Write what the batches that are durable by now have left for later; their position is
        saved after it. Others may be written meanwhile. May raise Retryable. Calling it again is
        safe.
        """
