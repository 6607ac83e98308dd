"""What a replay is asked for."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """One source, a period, and what to do with what is found."""

    hub: bool = False
    """The source is what the event hub still has."""
    capture: str | None = None
    """The source is Capture files: a folder, or the URL of a container."""
    dead_letters: bool = False
    """The source is the open dead letters."""
    from_time: datetime | None = None
    """Enqueued at or after this time."""
    to_time: datetime | None = None
    """Enqueued before this time."""
    group: str = "$Default"
    """Consumer group to read the hub with."""
    dry_run: bool = False
    """Write nothing."""
    stage: bool = False
    """Make a re-rating run of what differs."""
