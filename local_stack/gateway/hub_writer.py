"""Writes to one event hub as the gateway's logger does: from memory, in batches, never making a
call wait. What finds the queue full or the hub gone is lost, counted and logged."""

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterable

from azure.eventhub import EventDataBatch
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.amqp import AmqpAnnotatedMessage
from azure.eventhub.exceptions import EventHubError

from telemetry.log import Log

QUEUE_EVENTS_MAX = 100_000
BATCH_EVENTS_MAX = 2_000
LINGER_S = 0.05
"""From the first event of a batch until it is sent: the keys' events share batches."""
SEND_RETRIES_MAX = 5

_PARTITION_KEY = b"x-opt-partition-key"
_LOG = Log(__name__)


class HubWriter:
    """Open it as a context manager: leaving sends what is queued."""

    def __init__(self, connection_string: str, hub: str) -> None:
        self._client = EventHubProducerClient.from_connection_string(
            connection_string, eventhub_name=hub, retry_total=SEND_RETRIES_MAX
        )
        self._hub = hub
        self._queue: deque[tuple[str | None, bytes]] = deque()
        self._filled = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._closing = False
        self._sending = 0
        self.sent = 0
        self.lost = 0

    @property
    def pending(self) -> int:
        """Events that are neither sent nor lost yet."""
        return len(self._queue) + self._sending

    def put(self, body: bytes, *, partition_key: str | None = None) -> None:
        if len(self._queue) >= QUEUE_EVENTS_MAX:
            self._lose(1, f"{QUEUE_EVENTS_MAX} events are queued already")
            return
        self._queue.append((partition_key, body))
        self._empty.clear()
        self._filled.set()

    async def emptied(self) -> None:
        """Until nothing is pending."""
        await self._empty.wait()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["HubWriter"]:
        task = asyncio.create_task(self._run())
        try:
            yield self
        finally:
            self._closing = True
            self._filled.set()
            await task
            await self._client.close()

    async def _run(self) -> None:
        while not (self._closing and not self._queue):
            await self._filled.wait()
            if not self._closing:
                await asyncio.sleep(LINGER_S)
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_EVENTS_MAX))]
            if not self._queue and not self._closing:
                self._filled.clear()
            await self._send(batch)
            if not self._queue:
                self._empty.set()

    async def _send(self, events: Iterable[tuple[str | None, bytes]]) -> None:
        by_key: dict[str | None, list[bytes]] = defaultdict(list)
        for key, body in events:
            by_key[key].append(body)
        self._sending = sum(map(len, by_key.values()))
        for key, bodies in by_key.items():
            sent_before = self.sent
            try:
                await self._send_all(key, bodies)
            except (EventHubError, ValueError) as error:  # ValueError: one event fits no batch
                self._lose(len(bodies) - (self.sent - sent_before), str(error))
            self._sending -= len(bodies)

    async def _send_all(self, key: str | None, bodies: Iterable[bytes]) -> None:
        batch = await self._batch(key)
        for body in bodies:
            event = _message(key, body)
            try:
                batch.add(event)
            except ValueError:  # the batch is full
                await self._send_batch(batch)
                batch = await self._batch(key)
                batch.add(event)
        await self._send_batch(batch)

    async def _batch(self, key: str | None) -> EventDataBatch:
        return await self._client.create_batch(partition_key=key)

    async def _send_batch(self, batch: EventDataBatch) -> None:
        await self._client.send_batch(batch)
        self.sent += len(batch)

    def _lose(self, count: int, reason: str) -> None:
        self.lost += count
        _LOG.error("gateway_events_lost", f"events lost: {reason}", hub=self._hub, events=count)


def _message(key: str | None, body: bytes) -> AmqpAnnotatedMessage:
    """What the SDK makes of an EventData, without the empty parts of one: half the work."""
    annotations: dict[str | bytes, str] = {} if key is None else {_PARTITION_KEY: key}
    return AmqpAnnotatedMessage(data_body=body, annotations=annotations)
