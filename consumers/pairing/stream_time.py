"""How far pairing has come in both hubs, as one time: what grace and timeouts are judged by.

It is the enqueued time that every partition has passed durably, so that a consumer that lags
behind, or a hub that is down, makes no call look overdue.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import repeat

from consumers.receiving.hub import EventHub, HubState, PartitionState
from table_api.consumer_state.progress import Progress, ProgressTable

RECENT = timedelta(seconds=5)


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
    """Looks at both hubs. `latest` never goes back."""

    def __init__(
        self, hubs: Sequence[EventHub], progress: ProgressTable, *, now: Callable[[], datetime]
    ) -> None:
        self._hubs = hubs
        self._progress = progress
        self._now = now
        self._known: dict[str, _Known] = {}
        self.latest: datetime | None = None

    async def look(self) -> Passed:
        """Raises HubUnavailable or Unavailable."""
        looks = await asyncio.gather(*(self._look(hub) for hub in self._hubs))
        times = [time for look in looks for time in look]
        known = [time for time, _ in times if time is not None]
        if known and len(known) == len(times):
            self.latest = max(self.latest or min(known), min(known))
        return Passed(self.latest, all(caught_up for _, caught_up in times))

    async def _look(self, hub: EventHub) -> list[tuple[datetime | None, bool]]:
        """(passed time, caught up) of each partition."""
        # The time is taken before the hub is asked: what it holds then is all of before that.
        now, address = self._now(), hub.address
        rows = {
            row.partition: row for row in await self._progress.of_group(address.hub, address.group)
        }
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


def is_behind(at: PartitionState, progress: Progress | None, now: datetime) -> bool:
    """Whether an earlier look at the hub still tells enough: a question costs a connection.

    It does while we have not come as far as the hub was then, or have come to a moment ago.
    """
    if progress is None:
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
