"""Delivered events for the tests of what happens to them."""

from datetime import datetime, timedelta

from consumers.receiving.handler import Received
from tests.fixtures.builders import ENQUEUED_TIME, call_id, make_body


def delivered(
    sequence_number: int, *, body: bytes | None = None, enqueued_time: datetime | None = None
) -> Received:
    """The event with this number, enqueued so many seconds after the first."""
    return Received(
        sequence_number,
        str(sequence_number * 1000),
        enqueued_time or ENQUEUED_TIME + timedelta(seconds=sequence_number),
        make_body(id=call_id(sequence_number)) if body is None else body,
    )
