"""How many dead letters are too many. Pure; stopping is the caller's."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterLimit:
    """Past either limit the consumer stops: a broken sender is to be mended, not drained."""

    consecutive_max: int
    """Dead letters in a row."""
    percent_max: int
    """Percent of the last `window_events` events, once so many were seen."""
    window_events: int


class DeadLetterWindow:
    """The recent past of one partition, and whether it is past the limit."""

    def __init__(self, limit: DeadLetterLimit) -> None:
        self._limit = limit
        self._in_a_row = 0
        self._batches: deque[tuple[int, int]] = deque()
        self._events = 0
        self._dead = 0

    def observe(self, dead: Sequence[bool]) -> str | None:
        """Take in a batch, event by event in order; why it is too much, or None.

        The window moves by whole batches: it covers the last `window_events` events or a little
        more.
        """
        breach = None
        for is_dead in dead:
            self._in_a_row = self._in_a_row + 1 if is_dead else 0
            if self._in_a_row > self._limit.consecutive_max:
                breach = (
                    f"more than {self._limit.consecutive_max} dead letters in a row "
                    "(DEAD_LETTERS_IN_A_ROW_MAX)"
                )
        return breach or self._observe_ratio(len(dead), sum(dead))

    def _observe_ratio(self, events: int, dead: int) -> str | None:
        limit = self._limit
        self._batches.append((events, dead))
        self._events += events
        self._dead += dead
        while self._events - self._batches[0][0] >= limit.window_events:
            oldest = self._batches.popleft()
            self._events -= oldest[0]
            self._dead -= oldest[1]
        if self._events < limit.window_events:
            return None
        if self._dead * 100 <= self._events * limit.percent_max:
            return None
        return (
            f"{self._dead} of the last {self._events} events are dead letters, more than "
            f"{limit.percent_max} % (DEAD_LETTER_PERCENT_MAX)"
        )
