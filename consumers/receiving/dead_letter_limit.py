"""The brake on dead letters: when they are too many. Pure; slowing and stopping are the caller's.

A broken sender is to be mended, not drained into letters. A partition is slowed first, and the
alarm says for whom; the consumer stops only when most of what a partition brings is dead letters,
whoever sends them. One caller must not be able to stop all: what a model reports as usage counts
for nothing here, and what fails of one subject alone is never most.
"""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from consumers.receiving.handler import Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterLimit:
    """What is too much, among the last `window_events` events of a partition."""

    of_sender_max: int
    """Dead letters of one sender: past it the partition is slowed."""
    percent_max: int
    """Percent of a full window: past it the partition is slowed, and then the consumer stops."""
    window_events: int
    slowed_events_per_s: int
    """How fast a slowed partition is read."""


class Brake(Enum):
    OFF = "off"
    SLOW = "slow"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, and why."""

    brake: Brake
    why: str = ""


class DeadLetterWindow:
    """The recent past of one partition."""

    def __init__(self, limit: DeadLetterLimit) -> None:
        self._limit = limit
        self._parts: deque[tuple[int, Counter[Sender]]] = deque()
        self._events = 0
        self._dead: Counter[Sender] = Counter()
        self._slowed_events: int | None = None
        """Events since the partition is slowed; None while it is not."""

    def observe(self, events: int, dead: Iterable[Sender]) -> Verdict:
        """Take in so many events and the senders of the dead letters among them.

        The window moves by whole parts: it covers the last `window_events` events or a little more.
        Stopping takes a whole window that was read slowly.
        """
        self._take_in(events, Counter(dead))
        most = self._most()
        why = most or self._of_one_sender()
        if why is None:
            self._slowed_events = None
            return Verdict(Brake.OFF)
        slowed = 0 if self._slowed_events is None else self._slowed_events + events
        self._slowed_events = slowed
        stops = most is not None and slowed >= self._limit.window_events
        return Verdict(Brake.STOP if stops else Brake.SLOW, why)

    def _take_in(self, events: int, dead: Counter[Sender]) -> None:
        self._parts.append((events, dead))
        self._events += events
        self._dead += dead
        while self._events - self._parts[0][0] >= self._limit.window_events:
            of_oldest, dead_of_oldest = self._parts.popleft()
            self._events -= of_oldest
            self._dead -= dead_of_oldest

    def _of_one_sender(self) -> str | None:
        for sender, dead in self._dead.most_common(1):
            if dead > self._limit.of_sender_max:
                whose = f"of subject {sender.name}" if sender.is_subject else f"by {sender.name}"
                return (
                    f"{dead} of the last {self._events} events are dead letters {whose}, more "
                    f"than {self._limit.of_sender_max} (DEAD_LETTERS_OF_A_SENDER_MAX)"
                )
        return None

    def _most(self) -> str | None:
        limit = self._limit
        if self._events < limit.window_events:
            return None
        dead = sum(
            min(of_sender, limit.of_sender_max) if sender.is_subject else of_sender
            for sender, of_sender in self._dead.items()
        )
        if dead * 100 <= self._events * limit.percent_max:
            return None
        return (
            f"{dead} of the last {self._events} events are dead letters, more than "
            f"{limit.percent_max} % (DEAD_LETTER_PERCENT_MAX)"
        )
