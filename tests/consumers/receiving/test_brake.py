"""A partition that brings many dead letters is slowed, then stopped; odd usage does neither."""

import asyncio
import logging
import time
from collections.abc import Sequence

import pytest

from consumers.dead_letters.letter_store import MemoryDeadLetters
from consumers.errors import TooManyDeadLetters
from consumers.metering.metering import Metering
from consumers.receiving.handler import Received
from table_api.audit.ledger_audit import audit
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.metering.call_ratings import rating
from tests.consumers.partition import Partition
from tests.consumers.receiving.deliveries import delivered
from tests.fixtures.builders import call_id, chat_usage, make_body
from tests.fixtures.calls import NOW, open_ledger
from tests.fixtures.waiting import until

HUB = "llm-usage"
SMALL = {
    "DEAD_LETTER_WINDOW_EVENTS": "40",
    "DEAD_LETTERS_OF_A_SENDER_MAX": "10",
    "DEAD_LETTER_SLOWED_EVENTS_PER_S": "50",
    "BATCH_EVENTS_MAX": "20",
}


class World:
    """Metering of one partition, in memory."""

    def __init__(self) -> None:
        self.storage = MemoryTableStorage()
        self.letters = MemoryDeadLetters()
        self.partition = Partition(self.storage, HUB)

    async def metering(self) -> Metering:
        ledger = await open_ledger(self.storage)
        return Metering(
            hub=HUB,
            rating=rating(self.storage),
            ledger=ledger,
            dead_letters=self.letters,
            now=lambda: NOW,
        )

    async def read(self, bodies: Sequence[bytes], **settings: str) -> None:
        events = [delivered(number, body=body) for number, body in enumerate(bodies)]
        await self.partition.read(await self.metering(), events, **settings)

    async def read_for(self, events: Sequence[Received], **settings: str) -> float:
        """How long it takes until all of them are durable, while more may come."""
        worker = await self.partition.worker(await self.metering(), **settings)
        running = asyncio.create_task(worker.run())
        started = time.monotonic()
        await worker.accept(events)

        async def durable() -> bool:
            return worker.progress.durable == events[-1].sequence_number

        await until(durable)
        took_s = time.monotonic() - started
        worker.give_up()
        await running
        return took_s


@pytest.fixture
def world() -> World:
    return World()


def actions(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [str(getattr(record, "action", "")) for record in caplog.records]


ODD_USAGE = [
    chat_usage(prompt=-1),
    {"prompt_tokens": 10**12, "completion_tokens": 0, "total_tokens": 10**12},
    {"prompt_tokens": "many"},
    ["no", "object"],
]


async def test_no_number_of_odd_usages_of_one_caller_stops_or_slows_the_others(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """As 201 calls in a row of a model that counts in a way of its own."""
    odd = [
        make_body(id=call_id(number), usage=ODD_USAGE[number % len(ODD_USAGE)])
        for number in range(1_600)
    ]
    await world.read([*odd, make_body(id=call_id(1_600), subject="somebody-else")])
    assert await world.partition.counts() == {
        "received": 1_601,
        "posted": 1,
        "dead_lettered": 1_600,
    }
    assert "partition_slowed" not in actions(caplog)
    assert (await audit(world.storage, now=NOW)).calls == 1


async def test_unreadable_bytes_slow_a_partition_before_they_stop_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(TooManyDeadLetters, match="DEAD_LETTER_PERCENT_MAX"):
        await world.read([b"{"] * 400, **SMALL)
    slowed = [each for each in caplog.records if getattr(each, "action", "") == "partition_slowed"]
    assert len(slowed) == 1  # once a minute
    assert slowed[0].levelno == logging.ERROR
    assert "by a sender that nobody can read" in slowed[0].getMessage()
    # 20 slow it, a window more stops it; what was read is durable and behind the position.
    assert await world.partition.counts() == {"received": 60, "dead_lettered": 60}
    assert (await world.partition.row()).sequence_number == 59


async def test_a_slowed_partition_is_read_at_the_rate_that_is_set(world: World) -> None:
    bad = [delivered(number, body=b"{") for number in range(20)]
    good = [delivered(20 + number) for number in range(20)]
    settings = SMALL | {"DEAD_LETTER_SLOWED_EVENTS_PER_S": "10"}
    # A pause of a second after the bad ones, and one after the first ten good ones.
    assert await world.read_for([*bad, *good], **settings) >= 2


async def test_a_sender_with_a_third_of_the_events_slows_and_does_not_stop(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    broken = make_body(subject=None, api="broken-api")
    bodies = [broken if number % 3 == 0 else make_body(id=call_id(number)) for number in range(300)]
    bodies += [make_body(id=call_id(number)) for number in range(300, 360)]
    await world.read(bodies, **SMALL)
    assert await world.partition.counts() == {
        "received": 360,
        "posted": 260,
        "dead_lettered": 100,
    }
    said = [each for each in actions(caplog) if "slow" in each]
    assert said == ["partition_slowed", "slowing_over"]
    [slowed] = [each for each in caplog.records if getattr(each, "action", "") == said[0]]
    assert "'apim/contoso', API 'broken-api'" in slowed.getMessage()


async def test_an_event_that_leaves_usage_out_is_of_a_broken_policy(world: World) -> None:
    """A policy that is not ours; a model's own `usage` cannot be absent."""
    document = make_body().replace(b'"usage"', b'"used"')
    with pytest.raises(TooManyDeadLetters):
        await world.read([document] * 400, **SMALL)
