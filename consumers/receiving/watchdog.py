"""Whether a partition stands still: events wait, and none arrives. Pure; time is passed in.

The SDK retries a refused attach for ever without an error (unknown consumer group, busy or
unauthorised), and a dead connection is silent too: only the hub's own numbers tell.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One look at an owned partition."""

    received: int
    """Sequence number of the last event that arrived; -1 before the first."""
    last_enqueued: int
    """The hub's last sequence number, by its management link; -1 when it is empty."""
    has_room: bool
    """Whether we would take more: a full buffer waits for storage, not for the hub."""


class Watchdog:
    """Remembers since when each partition waits."""

    def __init__(self, stall_s: float) -> None:
        self._stall_s = stall_s
        self._waiting: dict[str, tuple[int, float]] = {}

    def stalled(self, partition: str, sighting: Sighting, *, now: float) -> bool:
        """Whether events have waited for `stall_s` seconds and none arrived."""
        if sighting.last_enqueued <= sighting.received or not sighting.has_room:
            self._waiting.pop(partition, None)
            return False
        received, since = self._waiting.get(partition, (None, now))
        if received != sighting.received:
            self._waiting[partition] = (sighting.received, now)
            return False
        return now - since >= self._stall_s
