"""One call from the gateway to the ledger, as steps of a waterfall and as rows. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from pricing_rules.money import format_pico
from table_api.http_api.conventions.models import Fields
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.keys import CallAddress
from table_api.ledger.recorded_call import recorded_call
from telemetry.names import Own
from telemetry.queries.answers import Item
from telemetry.queries.logs_client import Answer

MILLISECOND = timedelta(milliseconds=1)


def trace(
    chain: Sequence[LedgerEntry], items: Answer[Item], name: str | None, until: datetime | None
) -> Fields:
    """The answer of /v1/telemetry/calls/{call_id}: models.TelemetryTrace."""
    entry = chain[-1]
    requests = [item for item in items.rows if item.kind == "request"]
    models = [item for item in items.rows if item.kind == "dependency"]
    return {
        "id": CallAddress(entry.partition, entry.entry_key).opaque_id,
        "call_id": entry.call_id,
        "subject": entry.subject,
        "name": name,
        "time": entry.time,
        "session": entry.session,
        "model": entry.model,
        "currency": recorded_call(entry).priced.pricing_currency,
        "trace_ids": sorted({item.operation_id for item in items.rows}),
        "gateway_found": bool(requests),
        "partial": items.partial or items.more,
        "published_until": until,
        "steps": [*_steps_of_items(requests), *_steps_of_items(models), *_steps_of_rows(chain)],
        "rows": list(_rows(chain, items.rows)),
    }


def _steps_of_items(items: Sequence[Item]) -> Iterator[Fields]:
    for item in items:
        is_request = item.kind == "request"
        yield {
            "step": "gateway" if is_request else "model",
            "name": item.name if is_request else item.target or item.name,
            "start": item.time_generated,
            "duration_ms": milliseconds(item.duration_ms),
            "status": item.result_code or None,
            "id": item.id,
            "parent": None if is_request else item.parent_id,
        }


def _steps_of_rows(chain: Sequence[LedgerEntry]) -> Iterator[Fields]:
    """Metering takes from when the event is in the hub until its row is in the ledger."""
    for row in chain:
        start = row.recorded_at if row.number else min(row.origin.enqueued_time, row.recorded_at)
        yield {
            "step": "correction" if row.number else "metering",
            "name": row.correction or "ledger",
            "start": start,
            "duration_ms": (row.recorded_at - start) // MILLISECOND,
            "status": row.state.value,
            "id": None,
            "parent": None,
        }


def _rows(chain: Sequence[LedgerEntry], items: Sequence[Item]) -> Iterator[Fields]:
    """With how often each was sent: 0 is not yet, and more than once is harmless."""
    sent = Counter(
        item.properties.get(Own.REVISION.value) for item in items if item.kind == "event"
    )
    for row in chain:
        charge = format_pico(row.measures.get("charge", 0)) if row.has_cost else None
        yield {
            "revision": row.number,
            "recorded_at": row.recorded_at,
            "state": row.state.value,
            "charge": charge,
            "correction": row.correction,
            "copies": sent[str(row.number)],
        }


def milliseconds(duration: float | None) -> int | None:
    """Whole ones: latency is no money, and nobody reads less."""
    return None if duration is None else round(duration)
