"""The trace of the gateway's policy inside a GatewayLogs row: who called. Pure.

Its fields are those of the UsageEvent but `usage`, flat, and "-" where the event has null
(apim_policies/chargeback-usage-event.fragment.xml writes both).
"""

import re
from collections.abc import Mapping
from typing import cast

from consumers.gateway_log.record_fields import Fields
from pricing_rules.decoding.invalid_event import InvalidCode
from pricing_rules.decoding.usage_event import SUBJECT_CHARS_MAX, call_key
from pricing_rules.decoding.wire_event import STATUS_MAX
from pricing_rules.types import Operation
from table_api.open_calls.facts import Identity

TRACE_SOURCE = "chargeback"
_SECONDS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,17})?", re.ASCII)
"""At most eleven days: more than anything that a call can transcribe."""
_OPERATIONS = {operation.value: operation for operation in Operation}


def identity_of(properties: Fields, call_id: str, *, service: str | None) -> Identity | None:
    """The caller as the first of our traces tells; None when the row has none."""
    records = properties.value("tracerecords")
    if isinstance(records, Mapping):
        records = [records]
    if not isinstance(records, list):
        return None
    for index, record in enumerate(records):
        if not isinstance(record, Mapping):
            continue
        path = f"{properties.path('tracerecords')}[{index}]"
        trace = Fields(cast("Mapping[str, object]", record), path)
        if trace.text("source") == TRACE_SOURCE:
            for name in ("metadata", "message"):
                if isinstance(trace.value(name), Mapping):
                    metadata = trace.nested(name)
                    return None if metadata is None else _identity(metadata, call_id, service)
    return None


def _identity(fields: Fields, call_id: str, service: str | None) -> Identity | None:
    trace_id = fields.text("id")
    if trace_id is None or call_key(trace_id) != call_id:
        # Joined by two ids, one call would be counted twice: see docs/pairing.md.
        expected = f"the row's correlationId, {call_id}"
        raise fields.wrong(InvalidCode.BAD_USAGE, "id", expected)
    subject = fields.text("subject", SUBJECT_CHARS_MAX + 1)
    operation = _OPERATIONS.get(fields.text("operation") or "")
    if operation is None:
        return None  # the policy makes no event of such a call
    if subject is None or len(subject) > SUBJECT_CHARS_MAX:
        raise fields.wrong(InvalidCode.MISSING_FIELD, "subject", "who is billed")
    said = fields.value("tools")
    tools = cast("Mapping[str, object]", said) if isinstance(said, Mapping) else {}
    status = fields.count("status")
    if status is None or status > STATUS_MAX:
        raise fields.wrong(InvalidCode.OUT_OF_RANGE, "status", f"0 to {STATUS_MAX}")
    return Identity(
        subject=subject,
        time=fields.time("time"),
        stream=fields.flag("stream"),
        status=status,
        operation=operation,
        source=None if service is None else f"apim/{service}",
        duration_ms=fields.count("duration_ms"),
        usage_unasked=fields.flag("usage_unasked"),
        oid=fields.text("oid"),
        tid=fields.text("tid"),
        azp=fields.text("azp"),
        subscription=fields.text("subscription"),
        product=fields.text("product"),
        api=fields.text("api"),
        deployment=fields.text("deployment"),
        model=fields.text("model"),
        region=fields.text("region"),
        response_id=fields.text("response_id"),
        service_tier=fields.text("service_tier"),
        session=fields.text("session"),
        traceparent=fields.text("traceparent"),
        served_deployment=fields.text("served_deployment"),
        spillover_from=fields.text("spillover_from"),
        cache=fields.text("cache"),
        requested_tier=fields.text("requested_tier"),
        tools_requested=_requested(tools),
        tool_calls=_tool_calls(tools),
        body_unread=fields.text("body_unread"),
        background=fields.flag("background"),
        response_status=fields.text("response_status"),
        duration=_seconds(fields),
    )


def _seconds(fields: Fields) -> str | None:
    """Seconds of audio as a decimal number; None of what is none, since a trace only informs."""
    text = fields.text("duration")
    return text if text is not None and _SECONDS.fullmatch(text) else None


def _requested(tools: Mapping[str, object]) -> tuple[str, ...]:
    """Types of the request's tools. A trace only informs: what is none of them is left out."""
    kinds = tools.get("requested")
    if not isinstance(kinds, list):
        return ()
    return tuple(sorted({kind for kind in kinds if isinstance(kind, str)}))


def _tool_calls(tools: Mapping[str, object]) -> tuple[tuple[str, int], ...]:
    calls = tools.get("calls")
    if not isinstance(calls, Mapping):
        return ()
    named = [(kind, number) for kind, number in calls.items() if isinstance(kind, str)]
    return tuple(
        sorted((kind, number) for kind, number in named if type(number) is int and number > 0)
    )
