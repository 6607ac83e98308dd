"""How far pairing has come in both hubs, as one time: what grace and timeouts are judged by.

It is the enqueued time that every partition has passed durably, so that a consumer that lags
behind, or a hub that is down, makes no call look overdue.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from consumers.hub import EventHub, PartitionState
from table_api.progress import Progress, ProgressTable


@dataclass(frozen=True, slots=True)
class Passed:
    """One look."""

    time: datetime | None
    """None while a partition that has events was never read."""
    caught_up: bool
    """Whether no partition holds an event that is not durable here."""


class StreamTime:
    """Looks at both hubs. `latest` never goes back."""

    def __init__(
        self, hubs: Sequence[EventHub], progress: ProgressTable, *, now: Callable[[], datetime]
    ) -> None:
        self._hubs = hubs
        self._progress = progress
        self._now = now
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
        now = self._now()
        state = await hub.state()
        partitions = await hub.partitions(state.partitions)
        address = hub.address
        rows = {
            row.partition: row
            for row in await self._progress.of_group(address.hub, address.group)
            if row.hub_created_at == state.created_at
        }
        return [passed(at, rows.get(at.partition), now) for at in partitions]


def passed(
    at: PartitionState, progress: Progress | None, now: datetime
) -> tuple[datetime | None, bool]:
    """(time that the partition has passed, whether it is caught up). An idle one counts as now."""
    durable = -1 if progress is None else progress.sequence_number
    if at.empty or at.last_sequence_number <= durable:
        return now, True
    return (None if progress is None else progress.enqueued_time), False
