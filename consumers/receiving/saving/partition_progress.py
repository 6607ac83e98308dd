"""One partition's progress: counts since the last save, and the row that they go into.

The row is conditional on what was read, so that of two owners (a stolen link is noticed late)
each event is counted by one, and the position never goes back.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from consumers.log_actions import Action
from consumers.receiving.handler import Counts, Received
from consumers.receiving.hub import PartitionState
from consumers.receiving.losses import Loss, losses
from consumers.receiving.saving.checkpoint_policy import CheckpointPolicy
from consumers.receiving.told_losses import tell_loss
from table_api.consumer_state.progress import Count, Progress, ProgressTable, StoredProgress
from table_api.errors import AlreadyExists, ChangedMeanwhile, Contended
from telemetry.log import Log

SAVE_TRIES_MAX = 8
_log = Log("consumers")
Checkpoint = Callable[[Received], Awaitable[None]]
"""Saves a position that the SDK and a scaler see. May raise Unavailable."""
Pending = Sequence[tuple[int, Counts]]
"""Sequence number and counts of events that are durable but not in the row."""


@dataclass(frozen=True, slots=True)
class Unsaved:
    """What was durable and not in the row at one moment."""

    events: int
    last: Received


def advanced(
    progress: Progress, pending: Pending, last: Received, *, now: datetime, after: int | None
) -> Progress:
    """The row after `pending`, whose last event is `last`. What the row covers is not counted
    again; `after`: see `losses`. Pure.
    """
    counts = Counter(progress.counts)
    gone = losses(after, (sequence_number for sequence_number, _ in pending))
    counts[Count.LOST] += sum(loss.events for loss in gone)
    alike = Counter(
        of_event
        for sequence_number, of_event in pending
        if sequence_number > progress.sequence_number
    )
    for of_event, events in alike.items():
        for name in (Count.RECEIVED, *of_event):
            counts[name] += events
    return replace(
        progress,
        sequence_number=last.sequence_number,
        enqueued_time=last.enqueued_time,
        recorded_at=now,
        counts=counts,
        caught_up_at=None,  # the time of the event says more now
        gone=max(0, progress.sequence_number + progress.gone - last.sequence_number),
    )


class PartitionProgress:
    """Keeps and saves it. Any method that waits may raise Unavailable, `save` also Contended."""

    def __init__(
        self, table: ProgressTable, empty: Progress, *, now: Callable[[], datetime]
    ) -> None:
        self._table = table
        self._empty = empty
        """The row of a partition that was never read: names and the hub's creation time."""
        self._now = now
        self._stored: StoredProgress | None = None
        self._is_read = False
        self._pending: list[tuple[int, Counts]] = []
        self._last: Received | None = None
        self._told_to = -1
        """The last event that this process said to be gone."""
        self._turn = asyncio.Lock()
        """The worker saves and the monitor confirms: each would refuse the other's write."""

    @property
    def partition(self) -> str:
        return self._empty.partition

    @property
    def pending(self) -> int:
        """Durable events that the row does not cover."""
        return len(self._pending)

    @property
    def durable(self) -> int:
        """Sequence number below which everything is durable, as far as this process knows."""
        covered = self._standing().sequence_number
        return covered if self._last is None else max(covered, self._last.sequence_number)

    @property
    def after(self) -> int | None:
        """The number that the next event follows; None when nothing was ever read.

        Of a hub made anew it is -1: its events are ours from the first on. What is known to be gone
        was told when that was seen.
        """
        if not self._has_position and self._last is None:
            return None
        return self._gone_to()

    @property
    def _has_position(self) -> bool:
        """Whether a row says what was read."""
        return self._stored is not None and self._stored.damage is None

    def read_until(self, now: datetime) -> datetime | None:
        """What is not durable was enqueued after that; None before the first event."""
        last = None if self._last is None else self._last.enqueued_time
        times = (self._standing().read_until(now), last)
        return max((each for each in times if each is not None), default=None)

    def add(self, events: Sequence[Received], counts: Sequence[Counts]) -> None:
        """Take in a batch that is durable."""
        numbers = [event.sequence_number for event in events]
        self._pending.extend(zip(numbers, counts, strict=True))
        self._last = events[-1]

    async def load(self) -> Progress:
        """Read the row. Of a hub that was made anew since, only the counts are kept.

        A damaged row is replaced with the next write: by what this process has read before, unless
        another owner has counted more since, else by what it reads from the hub's first event on.
        """
        empty = self._empty
        stored = await self._table.read(empty.hub, empty.group, empty.partition)
        if stored is not None and stored.damage is not None:
            known, damage = self._stored, stored.damage
            instead = "reading from the hub's first event"
            if known is not None and known.damage is None and _counts_all(known, stored):
                stored = replace(known, etag=stored.etag)
                instead = "writing again what this process knows"
            _log.error(Action.PROGRESS_UNREADABLE, f"{damage}; {instead}", partition=self.partition)
        self._stored = stored
        self._is_read = True
        return self._standing()

    def unsaved(self) -> Unsaved | None:
        """What is durable now and not in the row; None when there is nothing."""
        if self._last is None or not self._pending:
            return None
        return Unsaved(len(self._pending), self._last)

    async def save(self, unsaved: Unsaved | None = None) -> Received | None:
        """Write the row, up to `unsaved` or all that is durable now; the event to checkpoint, None
        when there is nothing to say.

        None also when another owner's row is ahead of us: its checkpoint must not go back. What
        becomes durable meanwhile is left to the next save. One save at a time.
        """
        async with self._turn:
            what = unsaved or self.unsaved()
            return None if what is None else await self._save(what)

    async def ends_at(self, event: Received) -> bool:
        """Whether the stored row ends at this event: no other owner has saved a later one."""
        async with self._turn:
            return (await self.load()).sequence_number == event.sequence_number

    async def _save(self, unsaved: Unsaved) -> Received | None:
        pending, last = self._pending[: unsaved.events], unsaved.last
        for _ in range(SAVE_TRIES_MAX):
            if not self._is_read:
                await self.load()
            standing = self._standing()
            if standing.sequence_number >= last.sequence_number:
                # Ours, when the answer to our own write was lost; or of an owner ahead of us.
                del self._pending[: len(pending)]
                return last if standing.sequence_number == last.sequence_number else None
            after = standing.sequence_number if self._has_position else None
            row = advanced(standing, pending, last, now=self._now(), after=after)
            etag = None if self._stored is None else self._stored.etag
            self._is_read = False  # until the answer is there, nobody knows what stands
            try:
                self._stored = await self._table.write(row, etag)
            except (AlreadyExists, ChangedMeanwhile):
                continue
            self._is_read = True
            del self._pending[: len(pending)]
            return last
        raise Contended(
            f"progress of partition {self.partition}: {SAVE_TRIES_MAX} tries to save it"
        )

    async def confirm(self, at: PartitionState, *, asked_at: datetime, partitions: int) -> bool:
        """Write that the row covered all that the hub held at `asked_at`; False when it did not.

        It is what shows that an idle partition was read: nothing else is written about it.
        """
        async with self._turn:
            self._empty = replace(self._empty, partitions=partitions)
            if not self._is_read:
                await self.load()
            row = self._standing()
            if not at.empty and row.sequence_number < at.last_sequence_number:
                return False
            if at.empty and self._pending:
                return False  # the row is to say first what was read of them
            if not self._has_position:
                # What was gone before the first look was never ours: it is not lost.
                row = replace(row, sequence_number=at.last_sequence_number, recorded_at=asked_at)
            elif at.empty:
                self._tell_gone(at.last_sequence_number)
                row = replace(row, gone=max(0, at.last_sequence_number - row.sequence_number))
            etag = None if self._stored is None else self._stored.etag
            self._is_read = False
            try:
                self._stored = await self._table.write(replace(row, caught_up_at=asked_at), etag)
            except (AlreadyExists, ChangedMeanwhile):
                return False  # another owner wrote: the next look decides
            self._is_read = True
            return True

    def _gone_to(self) -> int:
        """The last event that is durable or told to be gone."""
        row = self._standing()
        return max(self.durable, row.sequence_number + row.gone, self._told_to)

    def _tell_gone(self, last: int) -> None:
        """Retention has emptied the partition up to `last`. No later event shows it yet, and
        perhaps none ever comes. The position stays where it is: if the hub is wrong, no event is
        passed over.
        """
        if last > (known := self._gone_to()):
            tell_loss(Loss(known + 1, last), self.partition)
            self._told_to = last

    def _standing(self) -> Progress:
        if self._stored is None:
            return self._empty
        row = self._stored.progress
        if row.hub_created_at == self._empty.hub_created_at:
            return replace(row, partitions=self._empty.partitions)
        # What was gone then is shown by no later event: their numbers begin anew.
        return replace(self._empty, counts={**row.counts, Count.LOST: row.lost})


class LateCheckpoint:
    """One partition's checkpoint. It follows the row less often: a write of a blob costs many times
    more. The first one is written at once.
    """

    def __init__(
        self, write: Checkpoint, progress: PartitionProgress, policy: CheckpointPolicy
    ) -> None:
        self._write = write
        self._progress = progress
        self._policy = policy
        self._written_at: float | None = None
        self.position: Received | None = None
        """The last event that is in the row and not in the checkpoint."""

    def wait_s(self, now: float) -> float | None:
        """How long until it is due; None when the row has nothing new for it."""
        if self.position is not None and self._written_at is None:
            return 0.0
        pending, written_at = int(self.position is not None), self._written_at or 0.0
        return self._policy.wait_s(now=now, saved_at=written_at, pending=pending)

    async def write(self) -> bool:
        """Write it, unless another owner has saved a later row. May raise Unavailable."""
        position = self.position
        ours = position is not None and await self._progress.ends_at(position)
        if position is not None and ours:
            await self._write(position)
        self.position, self._written_at = None, time.monotonic()
        return ours


def _counts_all(known: StoredProgress, damaged: StoredProgress) -> bool:
    """Whether the damaged row counts no more than what was read of it before."""
    counts = known.progress.counts
    return all(number <= counts.get(name, 0) for name, number in damaged.progress.counts.items())
