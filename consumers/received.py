"""An event as an event hub delivered it: bytes and position, nothing of the SDK."""

from datetime import datetime

import msgspec


class Received(msgspec.Struct, frozen=True, gc=False):
    """One delivered event. A Struct since one is made per event."""

    sequence_number: int
    offset: str
    enqueued_time: datetime
    """When the hub took it: aware UTC."""
    body: bytes
