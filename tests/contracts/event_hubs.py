"""What the consumers rely on in Event Hubs, asked with Microsoft's own client.

The suite leaves events behind and reads only what it sent, so it also runs against a namespace in
use: a real one, or the official emulator.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self, cast
from uuid import uuid4

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient, EventHubProducerClient, PartitionContext
from azure.eventhub.aio._eventprocessor.in_memory_checkpoint_store import InMemoryCheckpointStore
from azure.eventhub.exceptions import EventHubError

from pricing_rules.decoding.hub_partition import partition_of

ANSWER_TIMEOUT_S = 30.0
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventHub:
    """A hub under test, and how clients reach it."""

    connection_string: str
    name: str
    options: Mapping[str, Any]
    """Of every client: transport, certificate, endpoint."""
    producer: EventHubProducerClient

    @classmethod
    @asynccontextmanager
    async def opened(cls, connection_string: str, name: str, **options: Any) -> AsyncIterator[Self]:
        """A hub with one producer that stays open, since opening one takes seconds."""
        producer = EventHubProducerClient.from_connection_string(
            connection_string, eventhub_name=name, **options
        )
        async with producer:
            yield cls(
                connection_string=connection_string,
                name=name,
                options=options,
                producer=producer,
            )

    def consumer(self, **options: Any) -> EventHubConsumerClient:
        return EventHubConsumerClient.from_connection_string(
            self.connection_string,
            consumer_group="$Default",
            eventhub_name=self.name,
            **self.options,
            **options,
        )

    async def end(self, partition: str = "0") -> int:
        """The last sequence number of a partition."""
        found = await self.producer.get_partition_properties(partition)
        last: int = found["last_enqueued_sequence_number"]
        return last

    async def ends(self) -> dict[str, int]:
        """The last sequence number of each partition."""
        ids = await self.producer.get_partition_ids()
        found = await asyncio.gather(*(self.end(each) for each in ids))
        return dict(zip(ids, found, strict=True))

    async def send(self, *bodies: bytes) -> None:
        """One batch to partition 0."""
        await self.producer.send_batch([EventData(body) for body in bodies], partition_id="0")


class Received:
    """Events as they come, and errors; `enough` is set at `count` events or at an error."""

    def __init__(self, count: int) -> None:
        self.events: list[EventData] = []
        self.partitions: list[str] = []
        self.errors: list[Exception] = []
        self.enough = asyncio.Event()
        self._count = count

    def wait_for(self, count: int) -> None:
        """Set `enough` at another count, from now on."""
        self._count = count
        self.enough.clear()

    async def on_event(self, context: PartitionContext, event: EventData | None) -> None:
        if event is None:
            return
        self.events.append(event)
        self.partitions.append(context.partition_id)
        if len(self.events) >= self._count:
            self.enough.set()

    async def on_error(self, context: PartitionContext | None, error: Exception) -> None:
        self.errors.append(error)
        self.enough.set()

    @property
    def bodies(self) -> list[bytes]:
        return [body_of(event) for event in self.events]


def body_of(event: EventData) -> bytes:
    """The data sections joined."""
    return b"".join(cast(Iterable[bytes], event.body))


async def received(hub: EventHub, count: int, **options: Any) -> Received:
    """The first events from a position; `options` are those of the client's `receive`."""
    found = Received(count)
    consumer = hub.consumer()
    task = asyncio.create_task(
        consumer.receive(on_event=found.on_event, on_error=found.on_error, **options)
    )
    try:
        await asyncio.wait_for(found.enough.wait(), ANSWER_TIMEOUT_S)
    finally:
        await stopped(consumer, task)
    return found


async def stopped(consumer: EventHubConsumerClient, task: "asyncio.Task[None]") -> None:
    """End a consumer's `receive` and close it."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await consumer.close()


class EventHubsContract:
    """Subclasses give the fixture `hub`."""

    async def test_a_hub_names_its_partitions(self, hub: EventHub) -> None:
        properties = await hub.producer.get_eventhub_properties()
        assert properties["eventhub_name"] == hub.name
        assert properties["partition_ids"] == [
            str(index) for index in range(len(properties["partition_ids"]))
        ]
        assert properties["created_at"] <= datetime.now(UTC) + CLOCK_SKEW

    async def test_a_batch_with_a_key_lands_whole_and_in_order_in_the_partition_of_its_key(
        self, hub: EventHub
    ) -> None:
        before = await hub.ends()
        keys = [f"{name}-{uuid4()}" for name in ("oid", "subscription", "größe", "日本", "e")]
        for key in keys:
            batch = await hub.producer.create_batch(partition_key=key)
            batch.add(EventData(f"{key}/0"))
            batch.add(EventData(f"{key}/1"))
            await hub.producer.send_batch(batch)
        found = await received(hub, 2 * len(keys), starting_position=before)
        for key in keys:
            mine = [
                (partition, event)
                for partition, event in zip(found.partitions, found.events, strict=True)
                if event.partition_key == key.encode()
            ]
            (partition, first), (other, second) = mine
            assert partition == other == str(partition_of(key, len(before)))
            assert [first.body_as_str(), second.body_as_str()] == [f"{key}/0", f"{key}/1"]
            assert first.sequence_number is not None
            assert second.sequence_number == first.sequence_number + 1
            assert first.enqueued_time is not None
            assert abs(first.enqueued_time - datetime.now(UTC)) < CLOCK_SKEW

    async def test_what_a_sender_says_about_an_event_reaches_the_receiver(
        self, hub: EventHub
    ) -> None:
        before = await hub.end()
        event = EventData(b"\x00\xff")
        event.content_type = "application/cloudevents+json"
        event.message_id = "message"
        event.correlation_id = "correlation"
        event.properties = {"text": "ü", "whole": 7, "yes": True}
        await hub.producer.send_event(event, partition_id="0")
        (came,) = (await received(hub, 1, partition_id="0", starting_position=before)).events
        assert body_of(came) == b"\x00\xff"
        assert came.content_type == "application/cloudevents+json"
        assert (came.message_id, came.correlation_id) == ("message", "correlation")
        assert came.properties == {b"text": "ü".encode(), b"whole": 7, b"yes": True}
        assert came.partition_key is None

    async def test_a_receiver_starts_where_it_asks_to(self, hub: EventHub) -> None:
        before = await hub.end()
        await hub.send(b"0", b"1", b"2")
        first = await received(hub, 3, partition_id="0", starting_position=before)
        _, middle, _ = first.events
        assert first.bodies == [b"0", b"1", b"2"]
        after, at, by_offset, by_time = await asyncio.gather(
            received(hub, 1, partition_id="0", starting_position=middle.sequence_number),
            received(
                hub,
                2,
                partition_id="0",
                starting_position=middle.sequence_number,
                starting_position_inclusive=True,
            ),
            received(hub, 1, partition_id="0", starting_position=middle.offset),
            received(
                hub,
                3,
                partition_id="0",
                starting_position=first.events[0].enqueued_time,
                starting_position_inclusive=True,
            ),
        )
        assert after.bodies == by_offset.bodies == [b"2"]
        assert at.bodies == [b"1", b"2"]
        assert by_time.bodies == [b"0", b"1", b"2"]

    async def test_the_end_of_a_partition_is_a_start_too(self, hub: EventHub) -> None:
        await hub.send(b"before")
        found = Received(1)
        attached = asyncio.Event()

        async def on_initialize(context: PartitionContext) -> None:
            attached.set()

        consumer = hub.consumer()
        task = asyncio.create_task(
            consumer.receive(
                on_event=found.on_event,
                on_partition_initialize=on_initialize,
                partition_id="0",
                starting_position="@latest",
            )
        )
        await asyncio.wait_for(attached.wait(), ANSWER_TIMEOUT_S)
        while not found.enough.is_set():
            # the client says that it starts, not that its link is attached
            await hub.send(b"after")
            with suppress(TimeoutError):
                await asyncio.wait_for(found.enough.wait(), 0.2)
        await stopped(consumer, task)
        assert set(found.bodies) == {b"after"}

    async def test_an_event_just_below_one_mebibyte_arrives_whole(self, hub: EventHub) -> None:
        before = await hub.end()
        body = bytes(range(256)) * 4000
        await hub.send(body)
        found = await received(hub, 1, partition_id="0", starting_position=before)
        assert found.bodies == [body]

    async def test_properties_and_each_event_say_how_far_the_partition_has_got(
        self, hub: EventHub
    ) -> None:
        before = await hub.end()
        await hub.send(b"0", b"1")
        found = Received(1)
        last: list[dict[str, Any]] = []

        async def on_event(context: PartitionContext, event: EventData | None) -> None:
            last.append(dict(context.last_enqueued_event_properties or {}))
            await found.on_event(context, event)

        consumer = hub.consumer()
        task = asyncio.create_task(
            consumer.receive(
                on_event=on_event,
                partition_id="0",
                starting_position=before,
                track_last_enqueued_event_properties=True,
            )
        )
        await asyncio.wait_for(found.enough.wait(), ANSWER_TIMEOUT_S)
        await stopped(consumer, task)
        assert last[0]["sequence_number"] == before + 2
        assert abs(last[0]["enqueued_time"] - datetime.now(UTC)) < CLOCK_SKEW
        after = await hub.producer.get_partition_properties("0")
        assert after["last_enqueued_sequence_number"] == before + 2
        assert after["beginning_sequence_number"] <= before + 1
        assert not after["is_empty"]
        assert after["last_enqueued_time_utc"] == last[0]["enqueued_time"]

    async def test_a_higher_owner_level_takes_a_partition_from_a_lower(self, hub: EventHub) -> None:
        before = await hub.end()
        await hub.send(b"x")
        old, new = Received(1), Received(1)
        old_consumer, new_consumer = hub.consumer(), hub.consumer()
        where: dict[str, Any] = {"partition_id": "0", "starting_position": before}
        old_task = asyncio.create_task(
            old_consumer.receive(
                on_event=old.on_event, on_error=old.on_error, owner_level=1, **where
            )
        )
        await asyncio.wait_for(old.enough.wait(), ANSWER_TIMEOUT_S)
        old.wait_for(2)
        new_task = asyncio.create_task(
            new_consumer.receive(
                on_event=new.on_event, on_error=new.on_error, owner_level=2, **where
            )
        )
        await asyncio.wait_for(new.enough.wait(), ANSWER_TIMEOUT_S)
        await asyncio.wait_for(old.enough.wait(), ANSWER_TIMEOUT_S)
        await stopped(old_consumer, old_task)
        await stopped(new_consumer, new_task)
        assert new.bodies == [b"x"]
        assert new.errors == []
        assert isinstance(old.errors[0], EventHubError)
        assert "stolen" in str(old.errors[0])

    async def test_a_consumer_resumes_at_its_checkpoint(self, hub: EventHub) -> None:
        before = await hub.ends()
        await hub.send(b"0", b"1", b"2")
        store = InMemoryCheckpointStore()  # type: ignore[no-untyped-call]  # it has no annotations
        found = Received(2)

        async def checkpoint_the_second(context: PartitionContext, event: EventData | None) -> None:
            await found.on_event(context, event)
            if len(found.events) == 2:
                await context.update_checkpoint(event)

        for on_event in (checkpoint_the_second, found.on_event):
            found.enough.clear()
            consumer = hub.consumer(checkpoint_store=store, load_balancing_interval=1)
            task = asyncio.create_task(
                consumer.receive(on_event=on_event, starting_position=before)
            )
            await asyncio.wait_for(found.enough.wait(), ANSWER_TIMEOUT_S)
            await stopped(consumer, task)
        assert found.bodies[:2] == [b"0", b"1"]
        assert found.bodies[-1] == b"2"
        assert found.bodies.count(b"1") == 1
