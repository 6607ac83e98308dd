"""The events that metering is measured with: calls of many users, as live traffic comes."""

import random
from datetime import UTC, datetime
from itertools import accumulate

from local_stack.broker import Broker
from tests.builders import call_id, make_body

HUB, GROUP = "llm-usage", "metering"
PARTITIONS = 4
USERS = 1_000
DEPLOYMENTS = ("gpt-4.1-mini", "gpt-4o", "gpt-5-mini", "gpt-4.1-nano")
SEED = 20261123


def subject_of(rank: int) -> str:
    """A user by popularity, from 0."""
    return f"user-{rank:04d}@example.com"


def fill(broker: Broker, events: int, *, first: int = 0) -> None:
    """Calls of USERS users, zipf, by their partition key, all of now; numbered from `first`."""
    chance = random.Random(SEED + first)
    steps = list(accumulate(1 / (rank + 1) for rank in range(USERS)))
    for number in range(first, first + events):
        [rank] = chance.choices(range(USERS), cum_weights=steps)
        # Most people stay with one model; one call in ten goes to another.
        deployment = DEPLOYMENTS[(rank + (chance.random() < 0.1)) % len(DEPLOYMENTS)]
        at = datetime.now(UTC)
        body = make_body(
            id=call_id(number),
            subject=subject_of(rank),
            time=f"{at:%Y-%m-%dT%H:%M:%S.%f}0Z",
            deployment=deployment,
        )
        broker.append(HUB, [body], partition_key=subject_of(rank))
