"""A hub: its partitions, who reads them, and where an event without a partition goes."""

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from local_stack.broker.amqp.messages import Event
from local_stack.broker.config import DEFAULT_GROUP, HubConfig
from local_stack.broker.errors import AmqpError, JournalError
from local_stack.broker.store.data_directory import write_whole
from local_stack.broker.store.partition_log import PartitionLog
from local_stack.broker.store.readers import Readers
from pricing_rules.decoding.hub_partition import partition_of


class HubMeta(msgspec.Struct, frozen=True):
    """What a hub keeps about itself beside its partitions' journals."""

    created_at: datetime
    partitions: int


class Hub:
    """One event hub."""

    def __init__(self, config: HubConfig, *, directory: Path | None, now: datetime) -> None:
        self.name = config.name
        self.groups = {group.lower(): group for group in (DEFAULT_GROUP, *config.consumer_groups)}
        self._config = config
        self._directory = directory
        self._next_partition = 0
        self._readers: dict[tuple[str, int], Readers] = {}
        self.created_at = self._load_meta(now)
        self.partitions = self._make_partitions()

    def append(
        self, events: Sequence[Event], *, enqueued_ms: int, partition: int | None, key: str | None
    ) -> int:
        """Store a batch in one partition: the given one, the key's, or the next in turn."""
        if partition is None:
            partition = self._partition_for(key)
        self.partitions[partition].append(events, enqueued_ms=enqueued_ms, key=key)
        return partition

    def partition(self, partition_id: str) -> int:
        """The index of a partition id, which is its decimal."""
        for index in range(len(self.partitions)):
            if str(index) == partition_id:
                return index
        raise AmqpError(
            "amqp:not-found",
            f"hub {self.name} has {len(self.partitions)} partitions, none of them {partition_id!r}",
        )

    def readers(self, group: str, partition: int) -> Readers:
        """The receivers of a partition in a consumer group of this hub."""
        if group.lower() not in self.groups:
            raise AmqpError("amqp:not-found", f"hub {self.name} has no consumer group {group!r}")
        return self._readers.setdefault((group.lower(), partition), Readers())

    def recreate(self, now: datetime) -> None:
        """Begin anew: no events, sequence numbers and offsets from 0."""
        self.close()
        if self._directory is not None:
            shutil.rmtree(self._directory)
        self.created_at = self._load_meta(now)
        self.partitions = self._make_partitions()

    def close(self) -> None:
        for log in self.partitions:
            log.close()

    def _partition_for(self, key: str | None) -> int:
        if key is not None:
            return partition_of(key, len(self.partitions))
        self._next_partition = (self._next_partition + 1) % len(self.partitions)
        return self._next_partition

    def _make_partitions(self) -> list[PartitionLog]:
        directory = self._directory
        return [
            PartitionLog(directory / str(index) if directory is not None else None)
            for index in range(self._config.partitions)
        ]

    def _load_meta(self, now: datetime) -> datetime:
        if self._directory is None:
            return now
        path = self._directory / "hub.json"
        if not path.exists():
            self._directory.mkdir(parents=True, exist_ok=True)
            meta = HubMeta(created_at=now, partitions=self._config.partitions)
            write_whole(path, msgspec.json.encode(meta))
            return now
        try:
            meta = msgspec.json.decode(path.read_bytes(), type=HubMeta)
        except msgspec.DecodeError as error:
            raise JournalError(f"{path}: {error}") from error
        if meta.partitions != self._config.partitions:
            raise JournalError(
                f"{path}: the journal has {meta.partitions} partitions, the configuration "
                f"{self._config.partitions}; a hub keeps its number for life"
            )
        return meta.created_at
