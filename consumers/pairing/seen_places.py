"""Where metering posts the calls of late, to notice an id that comes with another caller or time.

It only says which calls to read: forgetting one costs nothing but that hint.
"""

from pricing_rules.types import CountedAt

CALLS_KEPT_MAX = 100_000
"""About 10 MB. The sweeper sees an id at two times when no more calls lie between them."""


class SeenPlaces:
    """The last place seen of each call, of the newest calls alone."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}

    def elsewhere(self, call_id: str, place: CountedAt) -> bool:
        """Remember the place of a call; whether it was last seen at another one."""
        key, here = hash(call_id), hash((place.subject, place.time))
        before = self._places.pop(key, here)
        self._places[key] = here
        if len(self._places) > CALLS_KEPT_MAX:
            del self._places[next(iter(self._places))]
        return before != here
