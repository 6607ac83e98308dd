"""One partition's saves: by time beside its batches, and at its end. One at a time.

A save writes what was durable when it began. Batches go on meanwhile: what they add is written by
the next one.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from consumers.errors import GivenUp
from consumers.log_actions import Action
from consumers.receiving.last_net import OF_NO_ITEM
from consumers.receiving.saving.checkpoint_policy import CheckpointPolicy
from consumers.receiving.saving.partition_progress import LateCheckpoint, PartitionProgress
from consumers.receiving.storage_retry import until_answered
from pricing_rules.decoding.invalid_event import place_of
from telemetry.log import Log
from telemetry.metrics import CounterName, count

UNSAVED_EVENTS_MAX = 50_000
"""Durable events of a partition that no row covers yet: past them its batches wait for a save. They
are what comes again after a crash. At 4,000 events a second there are 24,000, when a save takes as
long as the three seconds between two.
"""

Result = TypeVar("Result")
_log = Log("consumers")


class PartitionSaves:
    """Saves a partition's progress and its checkpoint."""

    def __init__(
        self,
        progress: PartitionProgress,
        checkpoint: LateCheckpoint,
        *,
        before_save: Callable[[], Awaitable[None]],
        policy: CheckpointPolicy,
        given_up: asyncio.Event,
    ) -> None:
        """`before_save` writes what durable batches have left for later: see Handler."""
        self.partition = progress.partition
        self._progress = progress
        self._checkpoint = checkpoint
        self._before_save = before_save
        self._policy = policy
        self._given_up = given_up
        self._saved_at = time.monotonic()
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()
        self._ended = False

    async def by_time(self) -> None:
        """Save whenever it is due until `end`; also ends when a save is given up. Raises what
        ends the process.
        """
        with contextlib.suppress(GivenUp):  # the last save at the end is one more try
            while not self._ended:
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._wait_s()):
                        await self._changed.wait()
                if not self._ended:
                    await self._save_what_is_due()

    def end(self) -> None:
        """Begin no more saves by time: `by_time` ends after the one in work."""
        self._ended = True
        self._changed.set()

    async def added(self) -> None:
        """To be called when more events are durable. Waits for a save where they are too many:
        saves that are slower than batches hold these back.
        """
        self._changed.set()
        if self._progress.pending >= UNSAVED_EVENTS_MAX:
            async with self._turn:
                await self._save()

    async def save_all(self) -> None:
        """Save what is durable by now, and the checkpoint. Raises GivenUp."""
        async with self._turn:
            await self._save()
            await self._write_checkpoint()

    def _wait_s(self) -> float | None:
        now, pending = time.monotonic(), self._progress.pending
        save_s = self._policy.wait_s(now=now, saved_at=self._saved_at, pending=pending)
        checkpoint_s = self._checkpoint.wait_s(now)
        return min((each for each in (save_s, checkpoint_s) if each is not None), default=None)

    async def _save_what_is_due(self) -> None:
        async with self._turn:
            now, pending = time.monotonic(), self._progress.pending
            if self._policy.due(now=now, saved_at=self._saved_at, pending=pending):
                await self._save()
            if self._checkpoint.wait_s(time.monotonic()) == 0:
                await self._write_checkpoint()

    async def _save(self) -> None:
        # What is durable now, and no more: what becomes durable from here on has left something
        # that step 3 may not write.
        unsaved = self._progress.unsaved()
        # 3. What the batches left for later: metering projects into `monthly`. A crash before it:
        #    the events come again and are found counted, which projects their cells.
        await self._project()
        # 4. The progress row. A crash before it: all since the last row comes again; the ledger
        #    knows the calls, the counts are not in the row yet.
        last = None
        if unsaved is not None:
            last = await self._until_answered(lambda: self._progress.save(unsaved), "progress")
            if last is None:
                message = "another owner has saved a later position, ours is not written"
                _log.warning(Action.OWNER_AHEAD, message, partition=self.partition)
            self._checkpoint.position = last
        self._saved_at = time.monotonic()

    async def _write_checkpoint(self) -> None:
        # 5. The checkpoint, less often than the row. A crash between 4 and 5 changes nothing: the
        #    SDK starts after the row, which a former owner's late checkpoint does not move.
        if await self._until_answered(self._checkpoint.write, "a checkpoint"):
            count(CounterName.CHECKPOINTS, 1, {"partition": self.partition})

    async def _project(self) -> None:
        """What cannot be written is left to the verbs that mend it: a position waits for money
        alone.
        """
        try:
            await self._until_answered(self._before_save, "a projection")
        except OF_NO_ITEM:
            raise
        except Exception as error:
            count(CounterName.UNEXPECTED_ERRORS, 1, {"step": "save"})
            _log.error(
                Action.UNEXPECTED_ERROR,
                f"a projection is left: {type(error).__name__} at {place_of(error)}; see `audit`, "
                "then `rebuild`",
                partition=self.partition,
            )

    async def _until_answered(self, attempt: Callable[[], Awaitable[Result]], what: str) -> Result:
        return await until_answered(
            attempt, what=what, partition=self.partition, ended=self._given_up
        )
