"""How many requests one caller may make in this process: a bucket of tokens for each. No I/O."""

from collections import OrderedDict
from collections.abc import Callable

CALLERS_MAX = 10_000
"""Callers that are remembered; whoever was here longest ago starts with a full bucket again."""
REQUEST = 60_000
"""What a request takes out of a bucket; a millisecond puts `per_minute` in."""


class RequestLimit:
    """`per_minute` requests at once, and as many in each further minute."""

    def __init__(self, per_minute: int, *, clock_ms: Callable[[], int]) -> None:
        self.per_minute = per_minute
        self._clock_ms = clock_ms
        self._buckets: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def wait_s(self, caller: str) -> int:
        """0 when the request may be made, and it counts; else whole seconds until one may be."""
        now = self._clock_ms()
        full = self.per_minute * REQUEST
        left, at = self._buckets.pop(caller, (full, now))
        left = min(full, left + (now - at) * self.per_minute)
        missing = REQUEST - left
        self._buckets[caller] = (left if missing > 0 else left - REQUEST, now)
        if len(self._buckets) > CALLERS_MAX:
            self._buckets.popitem(last=False)
        return -(-missing // (self.per_minute * 1_000)) if missing > 0 else 0
