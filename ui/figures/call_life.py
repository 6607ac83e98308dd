"""The life of one call: request, answer, event, first record, corrections."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ui.api.usage_answers import CallDetail, ChainEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    at: datetime
    what: str
    entry: ChainEntry | None = None
    """The row of the chain that was written then."""


def life(call: CallDetail) -> Sequence[Moment]:
    """Each step after the one that led to it, even where clocks of two machines disagree."""
    moments = [Moment(at=call.time, what="Request reached the gateway")]
    if call.duration_ms is not None:
        ended = call.time + timedelta(milliseconds=call.duration_ms)
        moments.append(Moment(at=ended, what=f"Answer was sent, status {call.status}"))
    moments.append(Moment(at=call.origin.enqueued_time, what="Event reached Event Hubs"))
    for entry in call.chain:
        what = "Correction was recorded" if entry.n else "Call was recorded"
        moments.append(Moment(at=entry.recorded_at, what=what, entry=entry))
    return moments
