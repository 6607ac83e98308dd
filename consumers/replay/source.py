"""Where a replay reads from: partitions, each a stream of batches that can be taken up again."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from consumers.errors import ReplayRefused
from consumers.receiving.handler import Received

BATCH_EVENTS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one partition in their order."""

    events: Sequence[Received]
    position: str
    """Where the partition goes on after them; the source's own."""
    read: int
    """Of the source's `size`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Enqueued times, half-open; None is open."""

    from_time: datetime | None = None
    to_time: datetime | None = None

    def __post_init__(self) -> None:
        """ReplayRefused where no time can be in it: nothing would be read, as if all were well."""
        from_time, to_time = self.from_time, self.to_time
        if from_time is not None and to_time is not None and from_time >= to_time:
            raise ReplayRefused(
                f"--from {from_time.isoformat()} is not before --to {to_time.isoformat()}"
            )

    def __contains__(self, time: datetime) -> bool:
        return (self.from_time is None or self.from_time <= time) and (
            self.to_time is None or time < self.to_time
        )


Named = Callable[[str], None]
"""Told what could not be read, and why; the rest goes on."""


class Source(Protocol):
    """What is replayed."""

    hub: str
    """The event hub that the events came through: part of each call's origin."""

    async def partitions(self) -> list[str]:
        """Their ids."""

    def size(self, partition: str) -> int:
        """How much there is to read, in events or bytes; known after `partitions`."""

    def batches(self, partition: str, after: str | None, named: Named) -> AsyncIterator[Batch]:
        """From the beginning, or after a position that an earlier batch had."""
