"""Streamed calls that a gateway with the real policies reported once, moved to another time.

The demonstration plays them where no gateway runs: their tokens are in the gateway's log alone.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from local_stack.traffic.usage_event import OutgoingEvent
from pricing_rules.decoding.wire_event import partition_key

RECORDING = Path(__file__).parents[1] / "recorded_streams.json"
_NAMESPACE = uuid5(NAMESPACE_URL, "urn:llm-chargeback:recorded-streams")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})(\d?Z)")


@dataclass(frozen=True, slots=True)
class RecordedStreams:
    """What goes to the two event hubs."""

    usage_events: tuple[OutgoingEvent, ...]
    log: OutgoingEvent
    """One envelope with all records of the gateway's log."""


def recorded_streams(now: datetime) -> RecordedStreams:
    """The last of them is at `now` (aware). Equal times give equal ids and equal bytes."""
    text = RECORDING.read_text(encoding="utf-8")
    recorded = json.loads(text)
    last = max(_times(text))
    for call_id in {event["id"] for event in recorded["events"]}:
        text = text.replace(call_id, str(uuid5(_NAMESPACE, f"{now.isoformat()}/{call_id}")))
    offset = now - last

    def moved(found: re.Match[str]) -> str:
        time = datetime.fromisoformat(found[1]).replace(tzinfo=UTC) + offset
        return f"{time:%Y-%m-%dT%H:%M:%S.%f}{found[2]}"

    played = json.loads(_TIME.sub(moved, text))
    events = tuple(
        OutgoingEvent(partition_key=partition_key(event["subject"]), body=_bytes(event))
        for event in played["events"]
    )
    log = OutgoingEvent(partition_key="gateway", body=_bytes({"records": played["records"]}))
    return RecordedStreams(events, log)


def _times(text: str) -> Iterator[datetime]:
    return (datetime.fromisoformat(found[1]).replace(tzinfo=UTC) for found in _TIME.finditer(text))


def _bytes(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
