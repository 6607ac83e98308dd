"""The custom event `chargeback.call`: the facts of one ledger row as an OpenTelemetry log record.

Application Insights refuses an item whose time is more than 48 hours old, and nothing else of it
says so but a message in the answer. So an item is dated by its call only while that is young;
`chargeback.time` and `chargeback.day` are always true.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import TraceFlags

from telemetry.exporting.tags import session_tag
from telemetry.names import EventName, Microsoft, Own, Person

DATED_BY_CALL_MAX = timedelta(hours=47)
"""An hour less than ingestion takes: the item waits for a send, and clocks differ."""
VALUE_CHARS_MAX = 8_192
"""Application Insights cuts longer values, and so do we: everywhere alike."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SCOPE = InstrumentationScope("chargeback")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-").match
_NO_SPAN = Context({"": ""})
"""Not empty, so that the record takes no span of the process that publishes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """One ledger row, as it is published."""

    call_id: str
    time: datetime
    """When the request reached the gateway."""
    user: str
    """UserId: a pseudonym, or the subject."""
    session: str | None
    traceparent: str | None
    """As the gateway sent it to the model."""
    charge: str | None
    """Exact decimal text; None where no price is known."""
    facts: Mapping[str, str]
    """By attribute name."""


def call_record(call: CallFacts, resource: Resource, *, now: datetime) -> ReadableLogRecord:
    """The event of one ledger row."""
    trace, span = trace_of(call)
    attributes: dict[str, str] = {
        name: value if len(value) <= VALUE_CHARS_MAX else value[:VALUE_CHARS_MAX]
        for name, value in call.facts.items()
    }
    attributes[Microsoft.EVENT_NAME.value] = EventName.CALL.value
    attributes[Person.PSEUDONYM.value] = call.user
    if call.charge is not None:  # a JSON number from the decimal text: no float is made here
        attributes[Microsoft.MEASUREMENTS.value] = f'{{"{Own.CHARGE.value}": {call.charge}}}'
    if call.session is not None:
        attributes[Person.SESSION.value] = session_tag(call.session)
    record = LogRecord(
        timestamp=_nanoseconds(item_time(call.time, now)),
        observed_timestamp=_nanoseconds(now),
        context=_NO_SPAN,
        severity_number=SeverityNumber.INFO,
        body=EventName.CALL.value,
        attributes=attributes,
        event_name=EventName.CALL.value,
    )
    record.trace_id, record.span_id = trace, span
    record.trace_flags = TraceFlags(TraceFlags.SAMPLED)
    return ReadableLogRecord(record, resource, _SCOPE)


def item_time(call_time: datetime, now: datetime) -> datetime:
    """When the item says it was made: the call's time, or now where ingestion would refuse that."""
    return call_time if now - DATED_BY_CALL_MAX < call_time <= now else now


def trace_of(call: CallFacts) -> tuple[int, int]:
    """Trace and span that the call belongs to. Without a traceparent its id names a trace, always
    the same, and there is no span.
    """
    found = _TRACEPARENT(call.traceparent or "")
    if found is not None and (trace := int(found["trace"], 16)):
        return trace, int(found["span"], 16)
    try:
        return UUID(call.call_id).int or 1, 0
    except ValueError:
        return int(hashlib.sha256(call.call_id.encode()).hexdigest()[:32], 16), 0


def _nanoseconds(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND * 1_000
