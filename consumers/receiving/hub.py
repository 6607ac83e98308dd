"""The event hub's management side: what it is, where its partitions stand, and its clients.

Receiving is `receiver`'s. Here and there alone azure-eventhub is imported.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any
from urllib.parse import urlsplit

import certifi
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.core.utils import parse_connection_string
from azure.eventhub.aio import CheckpointStore, EventHubConsumerClient
from azure.eventhub.exceptions import EventHubError

from consumers.errors import HubUnavailable, SettingsError

MANAGEMENT_TIMEOUT_S = 15.0
"""For one answer; connecting anew takes about half a second."""
MANAGEMENT_RETRIES = 1
QUESTIONS_IN_FLIGHT_MAX = 8
"""Each is a connection of its own."""
RECEIVE_RETRIES = 1_000_000
"""The SDK counts link failures over its whole life and gives a partition up past this number."""
IDLE_TIMEOUT_S = 30.0
"""Silence after which a connection counts as dead. The SDK's own default is never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubAddress:
    """A hub, a consumer group of it, and how to get in: one of the two ways."""

    hub: str
    group: str
    connection_string: str | None = None
    namespace: str | None = None
    """Fully qualified, with `credential`."""
    credential: AsyncTokenCredential | None = None

    @property
    def host(self) -> str:
        """The namespace as checkpoints spell it: the endpoint's host, with a port if it has one."""
        if self.connection_string is None:
            return self.namespace or ""
        try:
            parts = parse_connection_string(self.connection_string)
            endpoint = urlsplit(parts.get("endpoint", ""))
            has_host = endpoint.port != 0 and endpoint.netloc  # the port is parsed when asked for
        except ValueError as error:
            raise SettingsError(f"EVENTHUB_CONNECTION_STRING cannot be used: {error}") from error
        if not has_host:
            raise SettingsError("EVENTHUB_CONNECTION_STRING has no Endpoint=sb://HOST/")
        if "@" in endpoint.netloc:  # it would be named in checkpoints and messages
            raise SettingsError("EVENTHUB_CONNECTION_STRING: its Endpoint names a user")
        return endpoint.netloc


@dataclass(frozen=True, slots=True, kw_only=True)
class HubState:
    """What a hub says about itself."""

    created_at: datetime
    partitions: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionState:
    """Where a partition stands."""

    partition: str
    first_sequence_number: int
    last_sequence_number: int
    """-1 when nothing was ever enqueued."""
    last_enqueued_time: datetime
    empty: bool


@cache
def tls() -> ssl.SSLContext:
    """What the SDK would make anew for each connection, also one without TLS: reading the
    certificates takes more time than all else that a question to the hub costs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certifi.where())
    return context


def make_client(address: HubAddress, **options: Any) -> EventHubConsumerClient:
    """A client of the SDK; `options` are its own. SettingsError when there is no such address."""
    host, options = address.host, {"ssl_context": tls(), **options}
    if address.connection_string is not None:
        try:
            return EventHubConsumerClient.from_connection_string(
                address.connection_string, address.group, eventhub_name=address.hub, **options
            )
        except ValueError as error:
            raise SettingsError(f"EVENTHUB_CONNECTION_STRING cannot be used: {error}") from error
    if address.credential is None:
        raise SettingsError("EVENTHUB_NAMESPACE needs an identity")
    return EventHubConsumerClient(host, address.hub, address.group, address.credential, **options)


def make_receiving_client(
    address: HubAddress,
    store: CheckpointStore,
    *,
    load_balancing_interval_s: float,
    ownership_expiry_s: float,
) -> EventHubConsumerClient:
    """The client that `receiver` drives."""
    return make_client(
        address,
        checkpoint_store=store,
        load_balancing_interval=load_balancing_interval_s,
        partition_ownership_expiration_interval=ownership_expiry_s,
        retry_total=RECEIVE_RETRIES,
        retry_backoff_max=5,
        idle_timeout=IDLE_TIMEOUT_S,
    )


class EventHub:
    """Asks a hub about itself. One connection per question: not for every batch."""

    def __init__(self, address: HubAddress) -> None:
        self.address = address
        self._in_flight = asyncio.Semaphore(QUESTIONS_IN_FLIGHT_MAX)
        self._client = make_client(
            address, retry_total=MANAGEMENT_RETRIES, retry_backoff_max=MANAGEMENT_TIMEOUT_S
        )

    async def state(self) -> HubState:
        """Raises HubUnavailable."""
        answer = await self._ask(self._client.get_eventhub_properties)
        return HubState(
            created_at=answer["created_at"], partitions=sorted(answer["partition_ids"], key=_order)
        )

    async def partition(self, partition: str) -> PartitionState:
        """Raises HubUnavailable."""
        answer = await self._ask(partial(self._client.get_partition_properties, partition))
        return PartitionState(
            partition=partition,
            first_sequence_number=answer["beginning_sequence_number"],
            last_sequence_number=answer["last_enqueued_sequence_number"],
            last_enqueued_time=answer["last_enqueued_time_utc"],
            empty=answer["is_empty"],
        )

    async def partitions(self, partitions: Sequence[str]) -> list[PartitionState]:
        """Several at once. Raises HubUnavailable."""
        return list(await asyncio.gather(*(self.partition(each) for each in partitions)))

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()

    async def _ask(self, question: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        where = f"{self.address.host}/{self.address.hub}"
        try:
            async with self._in_flight, asyncio.timeout(MANAGEMENT_TIMEOUT_S):
                return await question()
        except TimeoutError as error:
            message = f"{where} gave no answer in {MANAGEMENT_TIMEOUT_S:.0f} s"
            raise HubUnavailable(message) from error
        except (EventHubError, AzureError, OSError) as error:
            raise HubUnavailable(f"{where}: {error}") from error


def _order(partition: str) -> tuple[int, str]:
    """2 before 10."""
    return len(partition), partition
