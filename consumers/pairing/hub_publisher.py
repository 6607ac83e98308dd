"""Decided events → the usage hub, where metering reads them: the real Publisher."""

from collections.abc import Iterable, Sequence
from typing import Any

from azure.core.exceptions import AzureError
from azure.eventhub import EventData, EventDataBatch
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import EventHubError

from consumers.errors import HubUnavailable, SettingsError
from consumers.receiving.hub import IDLE_TIMEOUT_S, HubAddress, tls
from pricing_rules.decoding.wire_event import partition_key
from table_api.open_calls.decision import Decision

SEND_RETRIES = 2


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
    """Partition keys are those of the gateway's own events: one writer a total."""

    def __init__(self, producer: EventHubProducerClient) -> None:
        self._producer = producer

    async def publish(self, decisions: Sequence[Decision]) -> None:
        """See Publisher."""
        by_key: dict[str, list[bytes]] = {}
        for decision in decisions:
            key = partition_key(decision.place.subject)
            by_key.setdefault(key, []).append(decision.event.encode())
        try:
            for key, bodies in by_key.items():
                await self._send(key, bodies)
        except (EventHubError, AzureError, OSError) as error:
            raise HubUnavailable(f"publishing completed calls: {error}") from error

    async def _send(self, key: str, bodies: Iterable[bytes]) -> None:
        batch = await self._producer.create_batch(partition_key=key)
        for body in bodies:
            if not _fits(batch, body):
                await self._producer.send_batch(batch)
                batch = await self._producer.create_batch(partition_key=key)
                batch.add(EventData(body))
        await self._producer.send_batch(batch)


def _fits(batch: EventDataBatch, body: bytes) -> bool:
    try:
        batch.add(EventData(body))
    except ValueError:
        return False
    return True
