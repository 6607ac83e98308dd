"""What each part of the work on one event costs by itself: this explains the ratio.

Each phase runs alone over the same calls, one phase after the other. The fastest repetition counts.
"""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar
from uuid import uuid4

from benchmarks.metering.traffic import DEPLOYMENTS, HUB, subject_of
from pricing_rules.decoding.invalid_event import InvalidEvent
from pricing_rules.decoding.usage_event import decode
from pricing_rules.engine.rating import rate
from pricing_rules.types import UsageEvent
from table_api.ledger.billing_calendar import BillingCalendar, zone_transitions
from table_api.ledger.entry_columns import entry_row
from table_api.ledger.meta import LedgerSettings
from table_api.ledger.posting import MeteredCall, Origin, make_posting
from table_api.storage.table_storage import ColumnsText, Insert, TableStorage, Value
from table_api.storage.transaction import encode_row
from tests.fixtures.builders import call_id, make_body
from tests.fixtures.calls import book

CALLS = 2_000
REPETITIONS = 15
LEDGER = LedgerSettings(zone="UTC", pricing_currency="USD", billing_currency="USD")
SENDINGS = 5
ROWS_PER_TRANSACTION = 60
"""Measured with 40,000 events in one process, which made 638 transactions."""
TABLE = "phases"

Item = TypeVar("Item")
Made = TypeVar("Made")


async def phases(storage: TableStorage) -> list[tuple[str, float]]:
    """CPU µs per event of each phase, in their order."""
    now = datetime.now(UTC)
    bodies = [
        make_body(
            id=call_id(number),
            subject=subject_of(number % 100),
            time=f"{now:%Y-%m-%dT%H:%M:%S.%f}0Z",
            deployment=DEPLOYMENTS[number % len(DEPLOYMENTS)],
        )
        for number in range(CALLS)
    ]
    calendar = BillingCalendar("UTC", zone_transitions("UTC", now.year + 1))
    origin = Origin(hub=HUB, partition="0", sequence_number=1, enqueued_time=now)
    price_book = book()

    def decoded(body: bytes) -> UsageEvent:
        event = decode(body, enqueued_time=now)
        assert not isinstance(event, InvalidEvent), event
        return event

    gc.disable()
    events, decoding = _timed(decoded, bodies)
    calls, rating = _timed(
        lambda event: MeteredCall(priced=rate(event, price_book), origin=origin), events
    )
    postings, placing = _timed(lambda call: make_posting(call, calendar, LEDGER), calls)
    rows, writing = _timed(lambda posting: entry_row(posting, 1, recorded_at=now), postings)
    _, framing = _timed(lambda row: encode_row("202611|00", "c|key", row), rows)
    gc.enable()
    sending = await _sent(storage, rows) - framing
    return [
        ("decode and check", decoding),
        ("rate", rating),
        ("keys, digest and sums", placing),
        ("the row as JSON", writing + framing),
        ("transaction sent and answered", sending),
    ]


async def _sent(storage: TableStorage, rows: Sequence[Mapping[str, Value] | ColumnsText]) -> float:
    """CPU µs per row of whole transactions."""
    await storage.create_table(TABLE)
    fastest = float("inf")
    for _ in range(SENDINGS):
        partition, started = uuid4().hex, time.process_time()
        for first in range(0, len(rows), ROWS_PER_TRANSACTION):
            part = rows[first : first + ROWS_PER_TRANSACTION]
            inserts = [Insert(f"{first + at:06d}", row) for at, row in enumerate(part)]
            await storage.transact(TABLE, partition, inserts)
        fastest = min(fastest, time.process_time() - started)
    return fastest / len(rows) * 1e6


def _timed(
    work: Callable[[Item], Made],
    items: Sequence[Item],
) -> tuple[list[Made], float]:
    """What the work makes, and its CPU µs per item."""
    fastest = float("inf")
    for _ in range(REPETITIONS):
        gc.collect()
        started = time.process_time()
        made = [work(item) for item in items]
        fastest = min(fastest, time.process_time() - started)
    return made, fastest / len(items) * 1e6
