"""Which delivered events are new to this process. Pure.

After a reconnect the SDK goes back and delivers again what it still holds in its own buffer.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from consumers.errors import HubRecreated
from consumers.receiving.handler import Received

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class Arrivals:
    """The order of one partition's events since it was claimed."""

    def __init__(self) -> None:
        self.last = -1
        """The highest sequence number that arrived."""
        self._latest = _BEFORE_ALL

    def new(self, events: Sequence[Received]) -> list[Received]:
        """The events above all that came before, in order.

        HubRecreated when a sequence number goes back while time goes on: a redelivered event
        keeps its enqueued time, so this one is another event.
        """
        fresh = []
        for event in events:
            if event.sequence_number > self.last:
                self.last = event.sequence_number
                self._latest = max(self._latest, event.enqueued_time)
                fresh.append(event)
            elif event.enqueued_time > self._latest:
                raise HubRecreated(
                    f"event {event.sequence_number} was enqueued at {event.enqueued_time}, after "
                    f"event {self.last} ({self._latest}): the hub was made anew"
                )
        return fresh
