"""Decided events → the usage hub, where metering reads them: the real Publisher."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from azure.core.exceptions import AzureError
from azure.eventhub import EventData, EventDataBatch
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import EventHubError

from consumers.errors import HubUnavailable, SettingsError
from consumers.receiving.hub import IDLE_TIMEOUT_S, HubAddress, tls
from pricing_rules.decoding.hub_partition import partition_of
from pricing_rules.decoding.wire_event import partition_key
from table_api.open_calls.decision import Decision

SEND_RETRIES = 2
KEYS_CACHED_MAX = 10_000
_partition = lru_cache(maxsize=KEYS_CACHED_MAX)(partition_of)


def make_producer(address: HubAddress) -> EventHubProducerClient:
    """A client of the SDK for the hub of an address."""
    options: dict[str, Any] = {
        "retry_total": SEND_RETRIES,
        "idle_timeout": IDLE_TIMEOUT_S,
        "ssl_context": tls(),
    }
    if address.connection_string is not None:
        return EventHubProducerClient.from_connection_string(
            address.connection_string, eventhub_name=address.hub, **options
        )
    if address.credential is None:
        raise SettingsError("EVENTHUB_NAMESPACE needs an identity")
    return EventHubProducerClient(address.host, address.hub, address.credential, **options)


class HubPublisher:
    """Sends each event to the partition that its subject's key belongs to, so that a total has one
    writer, as it has with the gateway's own events. Events of many subjects go in one batch.
    """

    def __init__(self, producer: EventHubProducerClient) -> None:
        self._producer = producer
        self._partitions: Sequence[str] = ()
        """Asked once. When the hub gets more, subjects have two partitions: that costs retries of
        metering, and no call."""

    async def publish(self, decisions: Sequence[Decision]) -> None:
        """See Publisher."""
        try:
            self._partitions = self._partitions or await self._producer.get_partition_ids()
            by_partition: dict[str, list[bytes]] = {}
            for decision in decisions:
                number = _partition(partition_key(decision.place.subject), len(self._partitions))
                bodies = by_partition.setdefault(self._partitions[number], [])
                bodies.append(decision.event.encode())
            for partition, bodies in by_partition.items():
                await self._send(partition, bodies)
        except (EventHubError, AzureError, OSError) as error:
            raise HubUnavailable(f"publishing completed calls: {error}") from error

    async def _send(self, partition: str, bodies: Iterable[bytes]) -> None:
        batch = await self._producer.create_batch(partition_id=partition)
        for body in bodies:
            if not _fits(batch, body):
                await self._producer.send_batch(batch)
                batch = await self._producer.create_batch(partition_id=partition)
                batch.add(EventData(body))
        await self._producer.send_batch(batch)


def _fits(batch: EventDataBatch, body: bytes) -> bool:
    try:
        batch.add(EventData(body))
    except ValueError:
        return False
    return True
