"""How far pairing has come in both hubs, as one time: what grace and timeouts are judged by.

It is the enqueued time that every partition has passed durably, so that a consumer that lags
behind, or a hub that is down, makes no call look overdue. Nor does one wrong clock: it is never
later than this machine's clock, nor more than STORED_AGO_MAX later than the storage service's.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import repeat

from consumers.receiving.hub import EventHub, HubState, PartitionState
from table_api.consumer_state.progress import Progress, ProgressTable

RECENT = timedelta(seconds=5)
STORED_AGO_MAX = timedelta(minutes=10)
"""While the hubs are read, some row of progress is younger: those of idle partitions are written
at each look of the monitor. By their `Timestamp` the storage service says what time it is."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One look."""

    time: datetime | None
    """None while a partition that has events was never read."""
    caught_up: bool
    """Whether no partition holds an event that is not durable here."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What a hub said when it was last asked."""

    state: HubState
    ends: Sequence[PartitionState]


class StreamTime:
    """Looks at both hubs. `latest` goes back only when a clock showed that it was wrong."""

    def __init__(
        self, hubs: Sequence[EventHub], progress: ProgressTable, *, now: Callable[[], datetime]
    ) -> None:
        self._hubs = hubs
        self._progress = progress
        self._now = now
        self._known: dict[str, _Known] = {}
        self.latest: datetime | None = None
        self.present: datetime | None = None
        """The time by which this machine and the storage service agree that it is at least."""

    async def look(self) -> Passed:
        """Raises HubUnavailable or Unavailable."""
        # The time is taken before the hubs are asked: what they hold then is all of before that.
        now = self._now()
        groups = [
            await self._progress.readable(hub.address.hub, hub.address.group) for hub in self._hubs
        ]
        self.present = present(now, [row for rows in groups for row in rows])
        looks = await asyncio.gather(*map(self._look, self._hubs, groups, repeat(now)))
        times = [time for look in looks for time in look]
        known = [time for time, _ in times if time is not None]
        if self.present is not None:
            if known and len(known) == len(times):
                self.latest = max(self.latest or min(known), min(known))
            if self.latest is not None:
                self.latest = min(self.latest, self.present)
        return Passed(self.latest, all(caught_up for _, caught_up in times))

    async def _look(
        self, hub: EventHub, stored: Sequence[Progress], now: datetime
    ) -> list[tuple[datetime | None, bool]]:
        """(passed time, caught up) of each partition."""
        address = hub.address
        rows = {row.partition: row for row in stored}
        known = self._known.get(address.hub)
        if known is not None:
            of_life = [_of_this_life(rows, at.partition, known.state) for at in known.ends]
            if all(map(is_behind, known.ends, of_life, repeat(now))):
                return [(row.enqueued_time if row else None, False) for row in of_life]
        state = await hub.state()
        ends = await hub.partitions(state.partitions)
        self._known[address.hub] = _Known(state, ends)
        return [passed(at, _of_this_life(rows, at.partition, state), now) for at in ends]


def _of_this_life(rows: Mapping[str, Progress], partition: str, state: HubState) -> Progress | None:
    row = rows.get(partition)
    return row if row is not None and row.hub_created_at == state.created_at else None


def present(now: datetime, rows: Sequence[Progress]) -> datetime | None:
    """This machine's time, as far as the storage service agrees. None while it has said nothing."""
    said = [row.stored_at for row in rows if row.stored_at is not None]
    return min(now, max(said) + STORED_AGO_MAX) if said else None


def is_behind(at: PartitionState, progress: Progress | None, now: datetime) -> bool:
    """Whether an earlier look at the hub still tells enough: a question costs a connection.

    It does while we have not come as far as the hub was then, or have come to a moment ago.
    """
    if at.empty or progress is None:
        return not at.empty
    recent = progress.enqueued_time is not None and now - progress.enqueued_time < RECENT
    return recent or progress.sequence_number < at.last_sequence_number


def passed(
    at: PartitionState, progress: Progress | None, now: datetime
) -> tuple[datetime | None, bool]:
    """(time that the partition has passed, whether it is caught up). An idle one counts as now."""
    durable = -1 if progress is None else progress.sequence_number
    if at.empty or at.last_sequence_number <= durable:
        return now, True
    return (None if progress is None else progress.enqueued_time), False
