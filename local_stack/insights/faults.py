"""What tests and demonstrations may let go wrong: the next answers of ingestion, or of queries."""

from collections import deque
from enum import StrEnum

from local_stack.insights.errors import InsightsError


class TrackFault(StrEnum):
    """How ingestion answers in place of taking all items."""

    ITEM_RETRYABLE = "item-retryable"
    """206: the first item may be sent again (status 500), the others are stored."""
    ITEM_BAD = "item-bad"
    """206: the first item is wrong (status 400), the others are stored."""
    HALF = "half"
    """200, but only the first half is stored, and no error names the other."""
    THROTTLED = "throttled"
    """429 with Retry-After."""
    QUOTA = "quota"
    """402."""
    QUOTA_OLD = "quota-old"
    """439."""
    BROKEN = "broken"
    """500."""
    INVALID = "invalid"
    """400 for the whole request."""
    CUT = "cut"
    """The connection ends before anything is stored."""
    LOST_ANSWER = "lost-answer"
    """All is stored, and the connection ends before the answer."""


class QueryFault(StrEnum):
    """How a query is answered in place of its result."""

    PARTIAL = "partial"
    """The first half of the rows, with a PartialError."""
    THROTTLED = "throttled"
    """429 with Retry-After."""
    TIMEOUT = "timeout"
    """504."""
    CUT = "cut"
    """The connection ends."""


class Faults:
    """The faults that come next, in order; without any, all goes well."""

    def __init__(self) -> None:
        self._track: deque[TrackFault] = deque()
        self._query: deque[QueryFault] = deque()

    def on_track(self, fault: TrackFault, *, times: int = 1) -> None:
        """An exporter tries 429 and 500 four times, so one export takes that many."""
        self._track.extend([fault] * times)

    def on_query(self, fault: QueryFault, *, times: int = 1) -> None:
        self._query.extend([fault] * times)

    def clear(self) -> None:
        self._track.clear()
        self._query.clear()

    def next_track(self) -> TrackFault | None:
        return self._track.popleft() if self._track else None

    def next_query(self) -> QueryFault | None:
        return self._query.popleft() if self._query else None

    def order(self, wanted: object) -> None:
        """A fault as the admin's request names it. InsightsError when it is none."""
        if not isinstance(wanted, dict) or not wanted.keys() <= {"on", "fault", "times"}:
            raise InsightsError(f"{wanted!r}, expected an object with on, fault and times")
        times = wanted.get("times", 1)
        if not isinstance(times, int) or not 1 <= times <= 1_000:
            raise InsightsError(f"times is {times!r}, expected 1 to 1000")
        try:
            if wanted.get("on") == "query":
                self.on_query(QueryFault(str(wanted.get("fault"))), times=times)
            else:
                self.on_track(TrackFault(str(wanted.get("fault"))), times=times)
        except ValueError:
            known = ", ".join([*TrackFault, *QueryFault])
            raise InsightsError(f"no fault {wanted.get('fault')!r}, only {known}") from None
