"""The buffer makes batches, and holds the hub back when full."""

import asyncio
from datetime import UTC, datetime

from consumers.receiving.event_buffer import EventBuffer
from tests.consumers.receiving.deliveries import delivered

TURNS = 5
"""Of the event loop: enough for a reader to take what there is."""
EVENTS = [delivered(number) for number in range(10)]


async def test_a_batch_fills_over_several_deliveries() -> None:
    buffer = EventBuffer(events_max=10)
    taking = asyncio.create_task(buffer.take(events_max=4, linger_s=60))
    for event in EVENTS[:4]:
        assert not taking.done()
        await buffer.put([event])
        for _ in range(TURNS):
            await asyncio.sleep(0)
    assert await taking == EVENTS[:4]


async def test_a_batch_that_does_not_fill_is_given_after_the_linger() -> None:
    buffer = EventBuffer(events_max=10)
    await buffer.put(EVENTS[:2])
    assert await buffer.take(events_max=4, linger_s=0.01) == EVENTS[:2]


async def test_a_batch_of_a_backlog_waits_longer_to_fill_and_one_with_a_new_event_does_not() -> (
    None
):
    buffer = EventBuffer(events_max=10)
    await buffer.put(EVENTS[:2])
    taking = asyncio.create_task(buffer.take(events_max=4, linger_s=0.4))
    for event in EVENTS[2:4]:
        await asyncio.sleep(0.3)
        assert not taking.done()
        await buffer.put([event])
    assert await taking == EVENTS[:4]

    new = delivered(4, enqueued_time=datetime.now(UTC))
    await buffer.put([EVENTS[3], new])
    taking = asyncio.create_task(buffer.take(events_max=4, linger_s=0.2))
    await asyncio.sleep(0.5)
    assert taking.done()
    assert await taking == [EVENTS[3], new]


async def test_the_end_of_a_backlog_is_not_waited_for_once_more() -> None:
    buffer = EventBuffer(events_max=10)
    await buffer.put(EVENTS[:2])
    await asyncio.sleep(0.3)  # the batch before is written meanwhile, and nothing more comes
    async with asyncio.timeout(0.2):
        assert await buffer.take(events_max=4, linger_s=0.25) == EVENTS[:2]

    new = delivered(4, enqueued_time=datetime.now(UTC))
    await buffer.put([new])
    await asyncio.sleep(0.3)
    taking = asyncio.create_task(buffer.take(events_max=4, linger_s=0.25))
    await asyncio.sleep(0.1)
    assert not taking.done()  # one that comes in time lingers from when it is taken
    assert await taking == [new]


async def test_a_delivery_waits_until_there_is_room() -> None:
    buffer = EventBuffer(events_max=4)
    await buffer.put(EVENTS[:5])
    assert buffer.full
    waiting = asyncio.create_task(buffer.put(EVENTS[5:]))
    await asyncio.sleep(0)
    assert len(buffer) == 5
    assert await buffer.take(events_max=4, linger_s=0) == EVENTS[:4]
    assert await waiting
    assert len(buffer) == 6


async def test_a_cancelled_delivery_has_left_nothing() -> None:
    buffer = EventBuffer(events_max=1)
    await buffer.put(EVENTS[:1])
    waiting = asyncio.create_task(buffer.put(EVENTS[1:]))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert len(buffer) == 1


async def test_a_closed_buffer_refuses_and_gives_what_it_holds() -> None:
    buffer = EventBuffer(events_max=10)
    await buffer.put(EVENTS[:3])
    buffer.close(discard=False)
    assert not await buffer.put(EVENTS[3:])
    assert await buffer.take(events_max=10, linger_s=60) == EVENTS[:3]
    assert await buffer.take(events_max=10, linger_s=60) == []


async def test_closing_lets_a_waiting_delivery_go_untaken() -> None:
    buffer = EventBuffer(events_max=1)
    await buffer.put(EVENTS[:1])
    waiting = asyncio.create_task(buffer.put(EVENTS[1:]))
    await asyncio.sleep(0)
    buffer.close(discard=True)
    assert not await waiting
    assert len(buffer) == 0
