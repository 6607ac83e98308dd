"""One life of the SDK's client: its callbacks fill the partitions' workers. Decides no outcome.

The client is thrown away and made anew when a partition stalls or the hub was made anew.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.eventhub import CloseReason, EventData
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext

from consumers.errors import HubRecreated
from consumers.log_actions import Action
from consumers.receiving.handler import Received
from consumers.receiving.partition_worker import PartitionWorker
from telemetry.log import Log

DRAIN_S_MAX = 5.0
"""For what is in the buffers at the end; a platform kills 10 s after SIGTERM or later."""
CLIENT_CLOSE_S_MAX = 3.0
EARLIEST = "-1"
"""Start of a partition without checkpoint. The SDK's default is the end, which loses events."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_log = Log("consumers")

MakeWorker = Callable[[str], PartitionWorker]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveLimits:
    """How the SDK is to read."""

    prefetch: int
    """Events asked for at once per partition."""
    callback_events_max: int


class Receiver:
    """Reads the partitions that the SDK's load balancing gives to this process."""

    def __init__(
        self, client: EventHubConsumerClient, make_worker: MakeWorker, limits: ReceiveLimits
    ) -> None:
        self._client = client
        self._make_worker = make_worker
        self._limits = limits
        self._workers: dict[str, PartitionWorker] = {}
        self._tasks: dict[PartitionWorker, asyncio.Task[None]] = {}
        self._failure: BaseException | None = None
        self._failed = asyncio.Event()
        self._ready = False
        self._progressed = False

    @property
    def progressed(self) -> bool:
        """Whether any event arrived in this life of the client."""
        return self._progressed

    @property
    def workers(self) -> list[PartitionWorker]:
        """Those of the partitions that are ours by now."""
        return list(self._workers.values())

    async def run(self, ended: asyncio.Event) -> None:
        """Receive until `ended` or a failure, which is raised; drains and saves in both cases.

        Raises TooManyDeadLetters, HubRecreated, or what a worker did not expect.
        """
        receiving = asyncio.create_task(self._receive())
        signals = [asyncio.create_task(each.wait()) for each in (ended, self._failed)]
        try:
            await asyncio.wait({receiving, *signals}, return_when=asyncio.FIRST_COMPLETED)
            if receiving.done():
                receiving.result()
        finally:
            for signal in signals:
                signal.cancel()
            await self._drain()
            await self._close(receiving)
        if self._failure is not None:
            raise self._failure

    async def _receive(self) -> None:
        await self._client.receive_batch(
            self._on_events,
            max_batch_size=self._limits.callback_events_max,
            prefetch=self._limits.prefetch,
            starting_position=EARLIEST,
            on_error=self._on_error,
            on_partition_initialize=self._on_claim,
            on_partition_close=self._on_close,
        )

    async def _on_claim(self, context: PartitionContext) -> None:
        partition = context.partition_id
        former = self._workers.pop(partition, None)
        if former is not None:
            await self._give_up(former)
        worker = self._make_worker(partition)
        self._workers[partition] = worker
        self._tasks[worker] = asyncio.create_task(worker.run(), name=f"partition {partition}")
        self._tasks[worker].add_done_callback(self._on_worker_done)
        _log.info(Action.PARTITION_CLAIMED, "reading", partition=partition)
        if not self._ready:
            self._ready = True
            _log.info(Action.READY, "partitions are claimed, events are metered")

    async def _on_events(self, context: PartitionContext, events: list[EventData]) -> None:
        worker = self._workers.get(context.partition_id)
        if worker is None:
            return  # a callback that outlived its partition: the events come to the next owner
        self._progressed = True
        forget_delivery_tags(self._client)
        try:
            await worker.accept([received_of(event) for event in events])
        except HubRecreated as error:
            self.fail(error)
            await asyncio.sleep(CLIENT_CLOSE_S_MAX)  # until the client is closed; keeps it quiet

    async def _on_error(self, context: PartitionContext | None, error: Exception) -> None:
        if context is None:
            message = f"claiming partitions failed, the SDK tries again: {error}"
            _log.warning(Action.BALANCING_ERROR, message)
            return
        message = f"the SDK gives the partition up until its next turn: {error}"
        _log.warning(Action.PARTITION_ERROR, message, partition=context.partition_id)

    async def _on_close(self, context: PartitionContext, reason: CloseReason) -> None:
        partition = context.partition_id
        _log.info(Action.PARTITION_CLOSED, reason.name.lower(), partition=partition)
        worker = self._workers.pop(partition, None)
        if worker is not None:
            await self._give_up(worker)

    async def _give_up(self, worker: PartitionWorker) -> None:
        worker.give_up()
        task = self._tasks.get(worker)
        if task is not None:
            await asyncio.wait({task}, timeout=DRAIN_S_MAX)

    def _on_worker_done(self, task: asyncio.Task[None]) -> None:
        self._tasks = {worker: each for worker, each in self._tasks.items() if each is not task}
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """End `run` with this error; the first one counts."""
        self._failure = self._failure or error
        self._failed.set()

    async def _drain(self) -> None:
        """Everything that was taken becomes durable and saved, within DRAIN_S_MAX."""
        for worker in self._tasks:
            worker.drain()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks.values(), timeout=DRAIN_S_MAX)
        for task in late:
            task.cancel()  # harmless: what it does not finish comes again
            message = f"{task.get_name()} is not drained; the rest comes again"
            _log.warning(Action.DRAIN_INCOMPLETE, message)
        if late:
            await asyncio.wait(late)

    async def _close(self, receiving: asyncio.Task[None]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLIENT_CLOSE_S_MAX):
                await self._client.close()
        # `receive_batch` would otherwise return at the end of its balancing sleep only.
        receiving.cancel()
        await asyncio.wait({receiving})


def received_of(event: EventData) -> Received:
    """What we keep of the SDK's event. Read from its annotations, which are exact integers."""
    annotations = event.raw_amqp_message.annotations or {}
    return Received(
        annotations[b"x-opt-sequence-number"],
        annotations[b"x-opt-offset"].decode(),
        _EPOCH + timedelta(milliseconds=annotations[b"x-opt-enqueued-time"]),
        bytes_of(event.body),
    )


def bytes_of(body: Any) -> bytes:
    """Data sections as they are; another kind of AMQP body as its text, to be a dead letter."""
    if isinstance(body, Iterator):
        body = list(body)
        if len(body) == 1 and type(body[0]) is bytes:  # of nearly every event
            return body[0]
        if all(isinstance(part, bytes) for part in body):
            return b"".join(body)
    if isinstance(body, bytes):
        return body
    return str(body).encode("utf-8", "surrogatepass")


def forget_delivery_tags(client: EventHubConsumerClient) -> None:
    """Of every link that the client has now. Where the SDK has no such set, it leaks none."""
    for processor in getattr(client, "_event_processors", {}).values():
        for consumer in getattr(processor, "_consumers", {}).values():
            link = getattr(getattr(consumer, "_handler", None), "_link", None)
            tags = getattr(link, "_received_delivery_tags", None)
            if tags is not None:
                tags.clear()
