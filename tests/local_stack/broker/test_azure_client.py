"""What the Azure client makes of the faults: the broker's errors are ones it understands."""

import asyncio

import pytest
from azure.eventhub import EventData
from azure.eventhub.exceptions import ConnectionLostError, EventDataSendError, EventHubError

from local_stack.broker import Broker
from local_stack.broker.faults.faults import BusySend, Detach, Drop, LoseAck, Steal
from tests.contracts.event_hubs import ANSWER_TIMEOUT_S, EventHub, Received, received, stopped


async def test_a_consumer_goes_on_after_a_detach_and_a_reset_and_misses_nothing(
    broker: Broker,
) -> None:
    bodies = [b"%d" % index for index in range(300)]
    found = Received(100)
    async with EventHub.opened(broker.connection_string, "h") as hub:
        consumer = hub.consumer()
        task = asyncio.create_task(
            consumer.receive(
                on_event=found.on_event,
                on_error=found.on_error,
                partition_id="0",
                starting_position="-1",
            )
        )
        for stage, fault in enumerate((Detach(), Drop(), None)):
            found.wait_for(100 * (stage + 1))
            broker.append("h", bodies[100 * stage : 100 * (stage + 1)], partition="0")
            await asyncio.wait_for(found.enough.wait(), ANSWER_TIMEOUT_S)
            if fault is not None:
                assert broker.inject(fault) >= 1
        await stopped(consumer, task)
    assert found.errors == []
    assert list(dict.fromkeys(found.bodies)) == bodies


async def test_a_lost_acknowledgement_makes_the_producer_send_twice(broker: Broker) -> None:
    broker.inject(LoseAck())
    async with EventHub.opened(broker.connection_string, "h", retry_backoff_factor=0.01) as hub:
        await hub.send(b"once")
    assert [event.body for event in broker.read("h", "0")] == [b"once", b"once"]


async def test_a_producer_gives_up_on_a_broker_that_stays_busy(broker: Broker) -> None:
    broker.inject(BusySend(times=None))
    async with EventHub.opened(broker.connection_string, "h", retry_backoff_factor=0.01) as hub:
        with pytest.raises(EventDataSendError, match="server-busy"):
            await hub.send(b"never")
        broker.clear_faults()
        await hub.send(b"now")
    assert [event.body for event in broker.read("h", "0")] == [b"now"]


async def test_a_thief_is_reported_to_its_victim(broker: Broker) -> None:
    broker.append("h", [b"x"], partition="0")
    found = Received(1)
    async with EventHub.opened(broker.connection_string, "h") as hub:
        consumer = hub.consumer()
        task = asyncio.create_task(
            consumer.receive(
                on_event=found.on_event,
                on_error=found.on_error,
                partition_id="0",
                starting_position="-1",
                owner_level=0,
            )
        )
        await asyncio.wait_for(found.enough.wait(), ANSWER_TIMEOUT_S)
        found.enough.clear()
        broker.inject(Steal(partition="0"))
        await asyncio.wait_for(found.enough.wait(), ANSWER_TIMEOUT_S)
        await stopped(consumer, task)
    assert isinstance(found.errors[0], ConnectionLostError | EventHubError)
    assert "stolen" in str(found.errors[0])


async def test_events_filled_past_the_wire_read_like_sent_ones(broker: Broker) -> None:
    broker.append("h", [b"x"], partition="0", partition_key="k", properties={"p": "v"})
    async with EventHub.opened(broker.connection_string, "h") as hub:
        found = await received(hub, 1, partition_id="0", starting_position="-1")
    (event,) = found.events
    assert isinstance(event, EventData)
    assert (event.partition_key, event.properties) == (b"k", {b"p": b"v"})
    assert event.enqueued_time == broker.read("h", "0")[0].enqueued_time
