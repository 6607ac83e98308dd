"""A replay of a period from a hub whose clock goes back: partitions move from host to host."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from consumers.receiving.hub import EventHub, HubAddress
from consumers.replay.hub_source import HubSource
from consumers.replay.source import BATCH_EVENTS_MAX, Period
from local_stack.broker import BrokerConfig, HubConfig, running_broker
from tests.fixtures.builders import ENQUEUED_TIME

HUB = "llm-usage"
CONFIG = BrokerConfig(hubs=(HubConfig(name=HUB, partitions=1, consumer_groups=("g",)),))


def at(seconds: int) -> datetime:
    return ENQUEUED_TIME + timedelta(seconds=seconds)


class HandClock:
    def __init__(self) -> None:
        self.now = ENQUEUED_TIME

    def __call__(self) -> datetime:
        return self.now


async def read(period: Period, stamped: Sequence[tuple[int, int]]) -> tuple[list[int], list[str]]:
    """Sequence numbers that a replay of the period reads, and what it names. Each of `stamped`: so
    many seconds later, so many events.
    """
    clock = HandClock()
    async with running_broker(config=CONFIG, clock=clock) as broker:
        for seconds, count in stamped:
            clock.now = at(seconds)
            broker.append(HUB, [b"{}"] * count, partition="0")
        hub = EventHub(HubAddress(hub=HUB, group="g", connection_string=broker.connection_string))
        source = HubSource(hub, period)
        assert await source.partitions() == ["0"]
        said: list[str] = []
        batches = [batch async for batch in source.batches("0", None, said.append)]
        await hub.close()
    if batches:
        assert sum(batch.read for batch in batches) == source.size("0")
    return [event.sequence_number for batch in batches for event in batch.events], said


async def test_events_behind_one_of_a_later_time_are_read_too() -> None:
    """A batch ends past the period; what comes behind it is of the period."""
    later = 2 * BATCH_EVENTS_MAX
    found = await read(Period(to_time=at(10)), [(0, 10), (20, later), (5, 3), (700, 10)])
    assert found == ([*range(10), *range(10 + later, 13 + later)], [])


async def test_events_before_one_of_an_earlier_time_are_read_too() -> None:
    """The partition's last event is stamped before the period begins."""
    found = await read(Period(from_time=at(10)), [(0, 2), (20, 3), (5, 1)])
    assert found == ([2, 3, 4], [])
    assert await read(Period(from_time=at(30)), [(0, 2), (20, 3), (5, 1)]) == ([], [])
    assert await read(Period(from_time=at(4000)), [(0, 2), (20, 3), (5, 1)]) == ([], [])


async def test_the_first_and_the_last_time_there_are_bound_nothing() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    found, _ = await read(Period(from_time=first, to_time=last), [(0, 2)])
    assert found == [0, 1]
