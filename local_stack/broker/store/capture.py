"""Event Hubs Capture: the events of a hub as Avro files, in the service's own schema and naming.

Files are written when asked for, and hold what came since the last time.
"""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fastavro

from local_stack.broker.amqp.messages import (
    APPLICATION_PROPERTIES,
    DATA,
    MESSAGE_ANNOTATIONS,
    decoded_sections,
)
from local_stack.broker.store.hubs import Hub
from local_stack.broker.store.partition_log import StoredEvent

SCHEMA = fastavro.parse_schema(
    {
        "type": "record",
        "name": "EventData",
        "namespace": "Microsoft.ServiceBus.Messaging",
        "fields": [
            {"name": "SequenceNumber", "type": "long"},
            {"name": "Offset", "type": "string"},
            {"name": "EnqueuedTimeUtc", "type": "string"},
            {
                "name": "SystemProperties",
                "type": {"type": "map", "values": ["long", "double", "string", "bytes"]},
            },
            {
                "name": "Properties",
                "type": {"type": "map", "values": ["long", "double", "string", "bytes", "null"]},
            },
            {"name": "Body", "type": ["null", "bytes"]},
        ],
    }
)
SYNC_INTERVAL_BYTES = 16_000
"""About a block: fastavro's default."""


class Capture:
    """What of a namespace's hubs was captured already."""

    def __init__(self, namespace: str = "localhost") -> None:
        self._namespace = namespace
        self._next: dict[tuple[str, int], int] = {}

    def write(self, hub: Hub, directory: Path) -> list[Path]:
        """A file for each partition that has new events."""
        written = []
        for index, log in enumerate(hub.partitions):
            place = (hub.name, index)
            events = log.read(self._next.get(place, 0))
            if not events:
                continue
            path = directory / self._name(hub.name, index, events[0].enqueued_time)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded(events))
            self._next[place] = events[-1].sequence_number + 1
            written.append(path)
        return written

    def _name(self, hub: str, partition: int, time: datetime) -> Path:
        stamp = time.astimezone(UTC).strftime("%Y/%m/%d/%H/%M/%S")
        return Path(self._namespace, hub, str(partition), f"{stamp}.avro")


def encoded(events: list[StoredEvent]) -> bytes:
    """The file of these events."""
    stream = io.BytesIO()
    records = [_record(event) for event in events]
    fastavro.writer(stream, SCHEMA, records, codec="null", sync_interval=SYNC_INTERVAL_BYTES)
    return stream.getvalue()


def _record(event: StoredEvent) -> dict[str, Any]:
    found = decoded_sections(event.message)
    body = found.get(DATA)
    time = event.enqueued_time.astimezone(UTC)
    hour = time.hour % 12 or 12
    return {
        "SequenceNumber": event.sequence_number,
        "Offset": str(event.offset),
        # 4/20/2017 8:02:26 PM: the service writes it so, to the second
        "EnqueuedTimeUtc": f"{time.month}/{time.day}/{time.year} {hour}:{time:%M:%S %p}",
        "SystemProperties": _values(found.get(MESSAGE_ANNOTATIONS)),
        "Properties": _values(found.get(APPLICATION_PROPERTIES)),
        "Body": body if isinstance(body, bytes) else None,
    }


def _values(section: object) -> dict[str, Any]:
    """A section's map in the types that the schema has; others as their text."""
    if not isinstance(section, dict):
        return {}
    return {str(name): _value(value) for name, value in section.items()}


def _value(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)  # an AMQP type of its own would match no type of the schema
    if isinstance(value, float | bytes) or value is None:
        return value
    return str(value)
