"""The calls of a run, and which of them a producer repeats. They are the same each time and span
two months.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from local_stack.traffic.usage_event import OutgoingEvent
from tests.fixtures.builders import call_id, chat_usage, make_body

STARTED = datetime(2026, 12, 1, 6, tzinfo=UTC)
"""The hub's clock at the start. Calls of the 36 hours before fall on three days of two months."""
AGE_S_MAX = 36 * 3600
SUBJECTS = 200
DEPLOYMENTS = ("gpt-4.1-mini", "gpt-4o", "gpt-5-mini", "gpt-4.1-nano")
REPEATED_PERCENT = 5
OUT_OF_THE_WAY = 10_000_000
"""First number of calls that a fault adds to those of the workload."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A workload of this many distinct calls."""

    events: int
    seed: int = 20261201
    scattered: bool = False
    """Whether each call has its own partition key instead of its subject."""

    def portions(self, size: int) -> Iterator[tuple[list[OutgoingEvent], list[OutgoingEvent]]]:
        """New events, `size` at a time, each with the events that a producer sends again just
        after: some of all events so far, byte for byte.
        """
        chance = random.Random(self.seed)
        steps = list(accumulate(1 / (rank + 1) for rank in range(SUBJECTS)))
        sent: list[OutgoingEvent] = []
        for first in range(0, self.events, size):
            numbers = range(first, min(first + size, self.events))
            new = [_event(number, chance, steps) for number in numbers]
            if self.scattered:
                new = [
                    replace(event, partition_key=str(number))
                    for number, event in zip(numbers, new, strict=True)
                ]
            sent.extend(new)
            yield new, chance.sample(sent, round(len(new) * REPEATED_PERCENT / 100))


def extra_event(number: int) -> OutgoingEvent:
    """A call in addition to those of the workload."""
    chance = random.Random(number)
    return _event(OUT_OF_THE_WAY + number, chance, [1.0])


def _event(number: int, chance: random.Random, steps: list[float]) -> OutgoingEvent:
    [rank] = chance.choices(range(len(steps)), cum_weights=steps)
    subject = f"user-{rank:04d}@example.com"
    at = STARTED - timedelta(seconds=chance.randrange(AGE_S_MAX), microseconds=number % 1_000_000)
    prompt = chance.randint(10, 9_000)
    body = make_body(
        id=call_id(number),
        subject=subject,
        time=f"{at:%Y-%m-%dT%H:%M:%S.%f}0Z",
        # Most people stay with one model; one call in ten goes to another.
        deployment=DEPLOYMENTS[(rank + (chance.random() < 0.1)) % len(DEPLOYMENTS)],
        usage=chat_usage(prompt, chance.randint(0, prompt), chance.randint(1, 2_000)),
    )
    return OutgoingEvent(partition_key=subject, body=body)
