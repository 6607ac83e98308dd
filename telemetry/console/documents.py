"""Rows of the queries in the form of the API's answers. Pure; what only the ledger knows is absent.

Names are pseudonyms where the publisher had a key.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from telemetry.names import GenAi, Own
from telemetry.queries.answers import Call, Item, Recorded, Session, Top, UserDay
from telemetry.queries.errors import QueryFailed

Document = dict[str, Any]
PICO_DIGITS = 12
MILLISECOND = timedelta(milliseconds=1)
_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


class HasCurrency(Protocol):
    """A row of money."""

    @property
    def currency(self) -> str:
        """Of its amounts."""


def one_currency(rows: Iterable[HasCurrency]) -> str:
    """The currency of all rows; empty without any. QueryFailed where there are several."""
    found = sorted({row.currency for row in rows})
    if len(found) > 1:
        raise QueryFailed(f"there are calls in {' and in '.join(found)}, which have no sum")
    return found[0] if found else ""


def amount(pico: int) -> str:
    """Pico-units as exact decimal text."""
    text = f"{Decimal(pico).scaleb(-PICO_DIGITS):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def instant(time: datetime) -> str:
    """A time as the API writes it."""
    return time.astimezone(UTC).strftime(_FORMAT)


def usage_line(row: UserDay) -> Document:
    """One day and model."""
    return {
        "day": row.day.date().isoformat(),
        "model": row.model,
        "calls": row.calls,
        "charge": amount(row.pico) if row.cost_known else None,
        "errors": row.errors,
        "unpriced_calls": row.unpriced,
        "no_usage_calls": row.no_usage,
        "pending_calls": row.pending,
        "input_tokens": row.input or 0,
        "cached_tokens": row.cached or 0,
        "output_tokens": row.output or 0,
        "reasoning_tokens": row.reasoning or 0,
    }


def session_line(row: Session) -> Document:
    """One session."""
    return {
        "session": row.session_id or None,
        "first": instant(row.first),
        "last": instant(row.last),
        "calls": row.calls,
        "errors": row.errors,
        "charge": amount(row.pico) if row.known else None,
        "input_tokens": row.input or 0,
        "output_tokens": row.output or 0,
    }


def call_line(row: Call) -> Document:
    """One call, with what gateway and model said of it."""
    return {
        "entry": row.entry,
        "call_id": row.call_id,
        "time": instant(row.time),
        "session": row.session_id or None,
        "revision": row.revision,
        "deployment": row.deployment or None,
        "model": row.model,
        "operation": row.operation,
        "state": row.state,
        "reason": row.reason or None,
        "status": row.status,
        "charge": None if row.pico is None else amount(row.pico),
        "input_tokens": row.input or 0,
        "cached_tokens": row.cached or 0,
        "output_tokens": row.output or 0,
        "recorded_at": row.recorded_at and instant(row.recorded_at),
        "trace_id": row.operation_id,
        "gateway_status": row.gateway_status or None,
        "gateway_ms": _whole(row.gateway_ms),
        "backend_status": row.backend_status or None,
        "backend_ms": _whole(row.backend_ms),
        "backend_target": row.backend_target or None,
        "backend_tries": row.backend_tries or 0,
    }


def recorded_line(row: Recorded) -> Document:
    """One revision that the ledger recorded, with the charge before it."""
    return {
        "entry": row.entry,
        "call_id": row.call_id,
        "revision": row.revision,
        "recorded_at": instant(row.recorded_at),
        "time": instant(row.time),
        "user": row.user_id,
        "session": row.session_id or None,
        "deployment": row.deployment or None,
        "model": row.model,
        "state": row.state,
        "correction": row.correction or None,
        "calls": row.calls,
        "charge": None if row.pico is None else amount(row.pico),
        "charge_before": None if row.pico_before is None else amount(row.pico_before),
        "input_tokens": row.input or 0,
        "output_tokens": row.output or 0,
    }


def top(rows: Sequence[Top], by: str) -> Document:
    """The dearest, all others together, and everything."""
    groups = [row for row in rows if row.scope == "group"]
    everything = [row for row in rows if row.scope == "all"]
    return {
        "by": by,
        "currency": one_currency(rows),
        "data": [{"group": row.group or None, "name": None} | _sums([row]) for row in groups],
        "rest": _sums(everything, less=groups),
        "totals": _sums(everything),
    }


def _sums(rows: Sequence[Top], less: Sequence[Top] = ()) -> Document:
    def total(name: str) -> int:
        more = sum(getattr(row, name) or 0 for row in rows)
        return int(more - sum(getattr(row, name) or 0 for row in less))

    return {
        "calls": total("calls"),
        "charge": None if total("calls") and not total("known") else amount(total("pico")),
        "input_tokens": total("input"),
        "output_tokens": total("output"),
    }


def trace(call_id: str, items: Sequence[Item]) -> Document:
    """One call from the gateway to the ledger's rows that were sent.

    The operation is the client's word and may hold other calls: nothing of them is given.
    """
    events = [each for each in items if _property(each, Own.CALL_ID) == call_id]
    requests = [each for each in items if each.properties.get("Request Id") == call_id]
    operations = {each.id: each.operation_id for each in requests}
    models = [
        each
        for each in items
        if each.kind == "dependency" and operations.get(each.parent_id) == each.operation_id
    ]
    last = max(events, key=_revision, default=None)
    first_seen = min(each.time_generated for each in (*events, *requests))
    rows = {(each.id, _revision(each)): each for each in events}
    return {
        "call_id": call_id,
        "name": None,
        "subject": None,
        "time": (last and _time(last, Own.TIME)) or instant(first_seen),
        "model": (last and _property(last, Own.MODEL)) or "model unknown",
        "currency": (last and _property(last, Own.CURRENCY)) or "",
        "gateway_found": bool(requests),
        "steps": [*map(_step, requests), *map(_step, models), *_metering(rows.values())],
        "rows": [_row(each, events) for _, each in sorted(rows.items())],
    }


def _step(item: Item) -> Document:
    is_request = item.kind == "request"
    return {
        "step": "gateway" if is_request else "model",
        "name": item.name if is_request else item.target or item.name,
        "start": instant(item.time_generated),
        "duration_ms": _whole(item.duration_ms),
        "status": item.result_code or None,
        "id": item.id,
        "parent": None if is_request else item.parent_id,
    }


def _metering(rows: Iterable[Item]) -> Iterable[Document]:
    """From when an event was in the hub until its row was in the ledger."""
    for row in rows:
        started, ended = _property(row, Own.ENQUEUED_AT), _property(row, Own.RECORDED_AT)
        if _revision(row) == 0 and started and ended:
            end = datetime.fromisoformat(ended)
            start = min(datetime.fromisoformat(started), end)
            duration = (end - start) // MILLISECOND
            yield {"step": "metering", "start": instant(start), "duration_ms": duration}


def _row(item: Item, events: Sequence[Item]) -> Document:
    revision = _revision(item)
    return {
        "entry": item.id,
        "revision": revision,
        "recorded_at": _time(item, Own.RECORDED_AT) or instant(item.time_generated),
        "state": _property(item, Own.STATE),
        "charge": _property(item, Own.CHARGE) or None,
        "correction": _property(item, Own.CORRECTION) or None,
        "copies": sum((each.id, _revision(each)) == (item.id, revision) for each in events),
    }


def _revision(item: Item) -> int:
    return int(_property(item, Own.REVISION) or 0)


def _property(item: Item, name: Own | GenAi) -> str:
    return item.properties.get(name.value, "")


def _time(item: Item, name: Own) -> str:
    text = _property(item, name)
    return instant(datetime.fromisoformat(text)) if text else ""


def _whole(duration: float | None) -> int | None:
    return None if duration is None else round(duration)
