"""kill -9 between the steps of a batch: everything comes again and counts once."""

import asyncio
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from local_stack.send import send_events
from local_stack.traffic.trace import offset_to, trace_events
from local_stack.traffic.usage_event import OutgoingEvent
from pricing_rules.money import format_pico
from table_api.consumer_state.progress import Count
from tests.consumers.conftest import HUB, Stage
from tests.fixtures.builders import ENQUEUED_TIME
from tests.fixtures.trace_total import TRACE, total_of

CALLS = 8_819
"""Of the recorded trace; a generated one has as many."""
KILLS = 3
LIVES_MAX = 6
"""A save may slip in between the look and the kill: such a kill proves nothing, another follows."""
UNSAVED_MIN = 100
"""Calls in the ledger that no progress row covers yet, when a consumer is killed."""
EVENTS_PER_S = 400
"""While a consumer runs that is to be killed: a portion lasts longer than it takes to save once."""
QUICK_SAVES = {"CHECKPOINT_INTERVAL_S": "2", "BATCH_EVENTS_MAX": "100"}


@pytest.fixture(params=["recorded", "generated"])
def trace(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The recorded trace, or where it is not here one of the same size."""
    recorded: Path = TRACE
    if request.param == "recorded":
        if not recorded.exists():
            pytest.skip("the recorded trace is not beside the repository")
        return recorded
    if recorded.exists():
        pytest.skip("the recorded trace is here: no other one is needed")
    return generated(tmp_path / "generated.csv")


def generated(path: Path) -> Path:
    """A trace of CALLS calls in an hour, the same each time."""
    chance, start = random.Random(CALLS), datetime(2023, 11, 16, 18)
    lines = [
        f"{start + timedelta(seconds=row * 3_600 / CALLS)},{chance.randint(1, 8_000)},"
        f"{chance.randint(1, 600)}"
        for row in range(CALLS)
    ]
    path.write_text("\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens", *lines]) + "\n")
    return path


@dataclass(frozen=True)
class Standing:
    """What stands at one moment. Every event of a trace is a call of its own."""

    entries: int
    covered: int
    """Events that the progress rows cover."""

    @property
    def unsaved(self) -> int:
        return self.entries - self.covered


async def standing(stage: Stage) -> Standing:
    entries = await stage.entries()  # first: the look may be old, and never claims too much
    rows = (await stage.progress()).values()
    return Standing(entries, sum(row.sequence_number + 1 for row in rows))


async def test_three_kills_between_post_and_checkpoint_lose_and_double_nothing(
    stage: Stage, trace: Path
) -> None:
    expected = total_of(trace)
    events = trace_events(trace, offset=offset_to(trace, ENQUEUED_TIME))
    unsaved: list[int] = []
    for _ in range(LIVES_MAX):
        portion = list(islice(events, CALLS // LIVES_MAX))
        if (left := await _kill_before_a_save(stage, portion)) > 0:
            unsaved.append(left)
        if len(unsaved) == KILLS:
            break
    assert len(unsaved) == KILLS

    async with stage.consuming():
        await send_events(stage.broker.connection_string, HUB, events)
        counts = await stage.counts(CALLS)
    # Redelivery happened: what the killed ones had posted and not saved was met again.
    assert counts["duplicates"] >= max(unsaved)
    assert counts == {
        "received": CALLS,
        "posted": CALLS - counts["duplicates"],
        "duplicates": counts["duplicates"],
    }
    report = await stage.audit()
    assert report.ok, report.render()
    assert report.calls == CALLS
    assert Decimal(format_pico(report.charge)) == expected


async def _kill_before_a_save(stage: Stage, portion: list[OutgoingEvent]) -> int:
    """A consumer's life, while a portion is sent, that ends after a checkpoint and before the next;
    how many calls are then in the ledger and in no progress row.
    """
    text = stage.broker.connection_string
    start = await standing(stage)

    async with stage.edges() as edges:

        async def between() -> bool:
            now = await standing(stage)
            if now.covered <= start.covered or now.unsaved < UNSAVED_MIN:
                return False
            return bool(await edges.checkpoints.positions())

        async with stage.process(**QUICK_SAVES) as consumer, asyncio.TaskGroup() as tasks:
            await consumer.says("ready")
            tasks.create_task(send_events(text, HUB, portion, events_per_second=EVENTS_PER_S))
            await stage.until(between)
            consumer.kill()
            await consumer.exit_code()
    return (await standing(stage)).unsaved


async def _reaches(stage: Stage, entries: int) -> None:
    async def reached() -> bool:
        return await stage.entries() >= entries

    await stage.until(reached)


async def test_a_checkpoint_behind_the_row_counts_nothing_twice(stage: Stage) -> None:
    """A crash between the progress row and the checkpoint, or a zombie's late checkpoint."""
    stage.fill(100, stream=True, usage=None)
    stage.fill(100, first=100)
    async with stage.consuming():
        await stage.counts(200)
    await _set_checkpoint_back(stage)
    async with stage.edges() as edges:
        address = edges.hub.address
        [start] = await edges.checkpoints.list_checkpoints(address.host, HUB, address.group)
    assert (start["sequence_number"], start["offset"]) == (20, 199)  # the SDK starts after the row
    stage.fill(1, first=200)
    async with stage.consuming():
        counts = await stage.counts(201)
        assert counts == {"received": 201, "posted": 101, "deferred": 100}
    assert await stage.counted(Count.DUPLICATES) == 0


async def _set_checkpoint_back(stage: Stage) -> None:
    async with stage.edges() as edges:
        address = edges.hub.address
        [event] = stage.broker.read(address.hub, "0", from_sequence_number=20)[:1]
        await edges.checkpoints.update_checkpoint(
            {
                "fully_qualified_namespace": address.host,
                "eventhub_name": address.hub,
                "consumer_group": address.group,
                "partition_id": "0",
                "offset": str(event.offset),
                "sequence_number": event.sequence_number,
            }
        )


async def test_a_consumer_ended_in_the_middle_posts_the_rest_after_a_restart(stage: Stage) -> None:
    stage.fill(3_000)
    async with stage.consuming(batch_events_max=50):
        await _reaches(stage, 100)
    async with stage.consuming():
        counts = await stage.counts(3_000)
    assert counts == {"received": 3_000, "posted": 3_000}
