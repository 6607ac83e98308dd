"""Usage events → event hub, in batches per partition key, with the real SDK.

If an acknowledgement is lost, the SDK or this file sends the batch again. So duplicates are normal,
and the ledger counts each call once.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from azure.eventhub import EventData, EventDataBatch
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import ConnectError, EventDataError, EventHubError

from local_stack.errors import SendFailed
from local_stack.traffic.usage_event import OutgoingEvent

WINDOW_EVENTS_MAX = 2_000
"""Events held in memory and grouped by partition key: one key's events share a batch, and a batch
costs a round trip. Forty subjects make batches of about fifty."""
PACE_S = 0.2
"""With a rate, events are sent in small groups this many seconds apart."""
SEND_ATTEMPTS_MAX = 7
RETRY_DELAY_S = 0.25
"""Seconds before the second attempt; doubled before each further one, 15.75 s over all attempts."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReport:
    """What was sent. `sent` counts events that the hub acknowledged, each once."""

    sent: int
    retries: int
    """Batches that had to be sent again."""
    seconds: float


async def send_events(
    connection_string: str,
    hub: str,
    events: Iterable[OutgoingEvent],
    *,
    events_per_second: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> SendReport:
    """Send all events; events of one partition key keep their order. SendFailed when the hub keeps
    refusing. `progress` gets the number sent so far, after each batch.
    """
    client = EventHubProducerClient.from_connection_string(connection_string, eventhub_name=hub)
    started = time.monotonic()
    async with client:
        sender = _Sender(client, progress)
        for window in _windows(events, events_per_second):
            if events_per_second is not None:
                due = started + sender.sent / events_per_second
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            for key, bodies in _by_key(window).items():
                await sender.send(key, bodies)
    seconds = time.monotonic() - started
    return SendReport(sent=sender.sent, retries=sender.retries, seconds=seconds)


def _windows(
    events: Iterable[OutgoingEvent], events_per_second: float | None
) -> Iterator[list[OutgoingEvent]]:
    size = WINDOW_EVENTS_MAX
    if events_per_second is not None:
        size = min(size, max(1, round(events_per_second * PACE_S)))
    rest = iter(events)
    while window := list(islice(rest, size)):
        yield window


def _by_key(window: Iterable[OutgoingEvent]) -> dict[str, list[bytes]]:
    bodies: dict[str, list[bytes]] = defaultdict(list)
    for event in window:
        bodies[event.partition_key].append(event.body)
    return bodies


class _Sender:
    """One producer and its counts."""

    def __init__(
        self, client: EventHubProducerClient, progress: Callable[[int], None] | None
    ) -> None:
        self.sent = 0
        self.retries = 0
        self._client = client
        self._progress = progress

    async def send(self, partition_key: str, bodies: Iterable[bytes]) -> None:
        batch = await self._new_batch(partition_key)
        for body in bodies:
            if _fits(batch, body):
                continue
            await self._send_batch(batch)
            batch = await self._new_batch(partition_key)
            if not _fits(batch, body):
                raise SendFailed(
                    f"an event of {len(body)} bytes with partition key {partition_key!r}, "
                    f"expected at most {batch.max_size_in_bytes} with its envelope"
                )
        await self._send_batch(batch)

    async def _new_batch(self, partition_key: str) -> EventDataBatch:
        try:
            return await self._client.create_batch(partition_key=partition_key)
        except EventHubError as error:
            # The first batch asks the hub for its size limit, so a missing hub is noticed here.
            raise SendFailed(f"cannot reach the hub after {self.sent} events: {error}") from error

    async def _send_batch(self, batch: EventDataBatch) -> None:
        """The SDK repeats a rejected batch once, immediately; but a busy hub needs a pause."""
        if not len(batch):
            return
        for attempt in range(SEND_ATTEMPTS_MAX):
            try:
                await self._client.send_batch(batch)
                break
            except EventHubError as error:
                if attempt + 1 == SEND_ATTEMPTS_MAX or not _passes(error):
                    raise SendFailed(
                        f"the hub refused a batch of {len(batch)} events "
                        f"{attempt + 1} times, {self.sent} were sent before: {error}"
                    ) from error
                delay_s = RETRY_DELAY_S * 2**attempt
                _LOG.warning(
                    "batch refused, sending it again in %s s: %s",
                    delay_s,
                    error,
                    extra={"action": "send_retried", "attempt": attempt + 1},
                )
                self.retries += 1
                await asyncio.sleep(delay_s)
        self.sent += len(batch)
        if self._progress:
            self._progress(self.sent)


def _fits(batch: EventDataBatch, body: bytes) -> bool:
    try:
        batch.add(EventData(body))
    except ValueError:
        return False
    return True


def _passes(error: EventHubError) -> bool:
    """Whether waiting may help. It does not for a failed connection: the SDK has retried it
    already.
    """
    if error.error == "server-busy":
        return True
    return not isinstance(error, ConnectError | EventDataError)
