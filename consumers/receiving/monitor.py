"""Looks at the owned partitions from outside: lag, stalls, a hub made anew, nothing left to do.

It also confirms in storage that an idle partition is read to its end: absence of events is no news.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from consumers.errors import HubRecreated, HubUnavailable, PartitionStalled
from consumers.log_actions import Action
from consumers.receiving.hub import EventHub, PartitionState
from consumers.receiving.partition_worker import PartitionWorker
from consumers.receiving.receiver import Receiver
from consumers.receiving.watchdog import Sighting, Watchdog
from table_api.errors import Retryable
from telemetry.log import Log
from telemetry.metrics import CounterName, GaugeName, count, set_gauge

IDLE_LOOKS = 3
"""Looks within the time that must pass idle."""
_log = Log("consumers")


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorLimits:
    """How often it looks and what it makes of it."""

    interval_s: float
    stall_s: float
    until_idle_s: float | None
    """End when all owned partitions were caught up for so long; None: never."""


class Monitor:
    """Watches one life of the client."""

    def __init__(
        self,
        hub: EventHub,
        created_at: datetime,
        limits: MonitorLimits,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._hub = hub
        self._created_at = created_at
        self._limits = limits
        self._now = now
        self._watchdog = Watchdog(limits.stall_s)
        self._idle_since: float | None = None
        self._unconfirmed_at: float | None = None
        """When storage last began not to answer."""

    async def watch(self, receiver: Receiver, ended: asyncio.Event) -> None:
        """Look until cancelled; sets `ended` when idle. Raises PartitionStalled, HubRecreated."""
        interval_s, idle_s = self._limits.interval_s, self._limits.until_idle_s
        if idle_s is not None:
            interval_s = min(interval_s, idle_s / IDLE_LOOKS)
        while not ended.is_set():
            await asyncio.sleep(interval_s)
            try:
                idle = await self._look(receiver.workers)
            except HubUnavailable as error:
                _log.warning(Action.HUB_UNAVAILABLE, f"no look at the hub: {error}")
                idle = False
            if self._idle_long_enough(idle):
                _log.info(Action.IDLE, "every partition that is ours is caught up")
                ended.set()

    async def _look(self, workers: list[PartitionWorker]) -> bool:
        """Whether there are partitions and all of them are caught up."""
        set_gauge(GaugeName.PARTITIONS, len(workers), {"hub": self._hub.address.hub})
        # The time is taken before the hub is asked: what it holds then is all of before that.
        asked_at = self._now()
        state = await self._hub.state()
        if state.created_at != self._created_at:
            raise HubRecreated(f"the hub was made anew at {state.created_at}")
        partitions = await self._hub.partitions([worker.partition for worker in workers])
        sights = list(zip(workers, partitions, strict=True))
        for worker, at in sights:
            self._measure_lag(worker, at)
            self._check_stall(worker, at)
        await self._confirm(sights, asked_at, len(state.partitions))
        return bool(workers) and all(_caught_up(worker, at) for worker, at in sights)

    async def _confirm(
        self, sights: Sequence[tuple[PartitionWorker, PartitionState]], asked_at: datetime, of: int
    ) -> None:
        """Leave in storage which partitions held nothing more when they were asked."""
        idle = [(worker, at) for worker, at in sights if _caught_up(worker, at)]
        try:
            for worker, at in idle:
                await worker.progress.confirm(at, asked_at=asked_at, partitions=of)
        except Retryable as error:
            if self._unconfirmed_at is None:
                self._unconfirmed_at = time.monotonic()
                message = f"idle partitions are not confirmed, each look tries again: {error}"
                _log.warning(Action.STORAGE_UNAVAILABLE, message, partition="")
            return
        if idle and self._unconfirmed_at is not None:
            waited_s = round(time.monotonic() - self._unconfirmed_at)
            message = f"idle partitions are confirmed after {waited_s} s"
            _log.info(Action.STORAGE_RECOVERED, message, partition="")
            self._unconfirmed_at = None

    def _measure_lag(self, worker: PartitionWorker, at: PartitionState) -> None:
        durable = max(worker.progress.durable, at.first_sequence_number - 1)
        lag = max(0, at.last_sequence_number - durable) if not at.empty else 0
        now = self._now()
        behind_since = worker.progress.read_until(now) or at.last_enqueued_time
        age_s = round((now - behind_since).total_seconds()) if lag else 0
        # A process of pairing reads two hubs, whose partitions have the same names.
        attributes = {"hub": self._hub.address.hub, "partition": worker.partition}
        set_gauge(GaugeName.LAG_EVENTS, lag, attributes)
        set_gauge(GaugeName.LAG_SECONDS, max(0, age_s), attributes)

    def _check_stall(self, worker: PartitionWorker, at: PartitionState) -> None:
        sighting = Sighting(
            received=worker.received,
            last_enqueued=-1 if at.empty else at.last_sequence_number,
            has_room=worker.has_room,
        )
        if self._watchdog.stalled(worker.partition, sighting, now=time.monotonic()):
            count(CounterName.STALLS, 1, {"partition": worker.partition})
            raise PartitionStalled(
                f"partition {worker.partition}: nothing after sequence number {sighting.received} "
                f"for {self._limits.stall_s:.0f} s, the hub has {sighting.last_enqueued}"
            )

    def _idle_long_enough(self, idle: bool) -> bool:
        if not idle or self._limits.until_idle_s is None:
            self._idle_since = None
            return False
        now = time.monotonic()
        if self._idle_since is None:
            self._idle_since = now
        return now - self._idle_since >= self._limits.until_idle_s


def _caught_up(worker: PartitionWorker, at: PartitionState) -> bool:
    # What an emptied partition once held cannot come any more.
    last = worker.received if at.empty else at.last_sequence_number
    return worker.progress.durable >= last
