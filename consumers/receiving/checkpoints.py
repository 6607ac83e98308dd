"""Where the SDK starts from: its blob checkpoint store, without positions of a hub's former life.

A checkpoint is written less often than the progress row, which says what is durable and counted.
So the SDK is given the row's position.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.eventhub.extensions.checkpointstoreblobaio import BlobCheckpointStore

from consumers.log_actions import Action
from consumers.receiving.handler import Received
from consumers.receiving.hub import EventHub
from table_api.consumer_state.progress import ProgressTable
from table_api.errors import Unavailable
from telemetry.log import Log

STORE_OPTIONS: dict[str, Any] = {
    # The store's own defaults wait a quarter of a minute and more between tries.
    "retry_total": 1,
    "initial_backoff": 1,
    "connection_timeout": 5,
    "read_timeout": 20,
}
_log = Log("consumers")


class Checkpoints(BlobCheckpointStore):
    """The SDK's store for one hub and consumer group."""

    hub: EventHub
    progress: ProgressTable

    @classmethod
    def open(
        cls,
        container: str,
        *,
        account: str,
        credential: AsyncTokenCredential | None,
        hub: EventHub,
        progress: ProgressTable,
    ) -> "Checkpoints":
        """`account` is a connection string, or a URL with a credential."""
        if credential is None:
            store = cast(
                "Checkpoints", cls.from_connection_string(account, container, **STORE_OPTIONS)
            )
        else:
            store = cls(account, container, credential=credential, **STORE_OPTIONS)
        store.hub = hub
        store.progress = progress
        return store

    async def list_checkpoints(
        self, fully_qualified_namespace: str, eventhub_name: str, consumer_group: str, **kwargs: Any
    ) -> Iterable[dict[str, Any]]:
        """See the base, with the positions of the progress rows. Called at each claim; without a
        checkpoint the SDK starts at the first event.
        """
        checkpoints = await super().list_checkpoints(
            fully_qualified_namespace, eventhub_name, consumer_group, **kwargs
        )
        found = list(checkpoints)
        if not found:
            return found
        state = await self.hub.state()
        moved = await asyncio.gather(*(self._at_row(each, state.created_at) for each in found))
        return [each for each in moved if each is not None]

    async def _at_row(
        self, checkpoint: dict[str, Any], created_at: datetime
    ) -> dict[str, Any] | None:
        """The checkpoint moved on to its row; None if it is of a former life of the hub: made
        again, or its numbers went back. None too if the row is damaged: nobody knows then which
        life of the hub the checkpoint is of, and to read events again harms nothing.

        One ahead of its row is of a former life, since the row is written first.
        HubUnavailable and Unavailable go up: the SDK claims again at its next turn.
        """
        partition, position = checkpoint["partition_id"], checkpoint["sequence_number"]
        address = self.hub.address
        row = await self.progress.read(address.hub, address.group, partition)
        if row is not None and row.damage is not None:
            return None
        at = await self.hub.partition(partition)  # after the row, which must not be ahead of it
        former = row is not None and (
            row.progress.hub_created_at != created_at or row.progress.sequence_number < position
        )
        durable = position if row is None else row.progress.sequence_number
        if not former and durable <= at.last_sequence_number:
            # The SDK takes an `int` for a sequence number, which it starts after.
            return checkpoint if durable == position else {**checkpoint, "offset": durable}
        _log.warning(
            Action.CHECKPOINT_STALE,
            "the checkpoint is of a former life of the hub: reading from its first event",
            partition=partition,
            checkpoint=position,
            last_enqueued=at.last_sequence_number,
        )
        return None

    async def save(self, partition: str, event: Received) -> None:
        """Checkpoint explicitly at `event`. Raises Unavailable."""
        address = self.hub.address
        checkpoint = {
            "fully_qualified_namespace": address.host,
            "eventhub_name": address.hub,
            "consumer_group": address.group,
            "partition_id": partition,
            "offset": event.offset,
            "sequence_number": event.sequence_number,
        }
        try:
            await self.update_checkpoint(checkpoint)
        except (AzureError, OSError) as error:
            raise Unavailable(f"checkpoint of partition {partition}: {error}") from error

    async def positions(self) -> dict[str, int]:
        """Sequence number of each partition's checkpoint, stale or not. Raises Unavailable."""
        address = self.hub.address
        try:
            checkpoints = await super().list_checkpoints(address.host, address.hub, address.group)
        except ResourceNotFoundError:
            return {}  # no container yet: the first `run` makes it
        except (AzureError, OSError) as error:
            raise Unavailable(f"checkpoints of {address.hub}: {error}") from error
        return {each["partition_id"]: each["sequence_number"] for each in checkpoints}
