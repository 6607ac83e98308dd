"""The events that metering is measured with: calls of many users, as in live traffic."""

import random
from datetime import UTC, datetime
from itertools import accumulate

from tests.fixtures.builders import call_id, make_body

HUB, GROUP, DRAIN_GROUP = "llm-usage", "metering", "drain"
LOG_HUB, PAIRING_GROUP = "apim-diagnostics", "pairing"
PARTITIONS = 4
USERS = 1_000
DEPLOYMENTS = ("gpt-4.1-mini", "gpt-4o", "gpt-5-mini", "gpt-4.1-nano")
SEED = 20261123
ZIPF = list(accumulate(1 / (rank + 1) for rank in range(USERS)))
"""How often the user of each rank calls, cumulated."""


def subject_of(rank: int) -> str:
    """A user by popularity, from 0."""
    return f"user-{rank:04d}@example.com"


class Traffic:
    """Calls of USERS users, all at the present time: first one call of each user with each of their
    models, then zipf.

    So a consumer has read every cell once before anything is measured.
    """

    def __init__(self) -> None:
        self.made = 0

    def make(self, events: int) -> list[tuple[str, bytes]]:
        """The next events, each with its partition key, the subject."""
        chance = random.Random(SEED + self.made)
        ranks = chance.choices(range(USERS), cum_weights=ZIPF, k=events)
        return [self._next(chance, rank) for rank in ranks]

    def _next(self, chance: random.Random, rank: int) -> tuple[str, bytes]:
        # Most people stay with one model; one call in ten goes to another.
        other = int(chance.random() < 0.1)
        if self.made < 2 * USERS:
            rank, other = divmod(self.made, 2)
        at = datetime.now(UTC)
        body = make_body(
            id=call_id(self.made),
            subject=subject_of(rank),
            time=f"{at:%Y-%m-%dT%H:%M:%S.%f}0Z",
            deployment=DEPLOYMENTS[(rank + other) % len(DEPLOYMENTS)],
        )
        self.made += 1
        return subject_of(rank), body
