"""A joined call → the body of its `llm.call.completed.v1`. Pure.

The inverse is consumers.decoding.usage_event. The wire contract is
apim_policies/usage_event.schema.json.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec

from consumers.decoding.reported_usage import GATEWAY_LOG_SOURCE
from consumers.decoding.wire_event import EventType
from pricing_rules.types import CountedAt
from table_api.open_calls.facts import Identity
from table_api.open_calls.joined_call import JoinedCall

USAGE_EVENT = "usage-event"
TRACE = "trace"
GATEWAY_LOG = "gateway-log"
UNKNOWN_SOURCE = "apim/unknown"
CALLER = ("oid", "tid", "azp", "subscription", "product")
INFORMATION = ("api", "region", "service_tier", "session", "traceparent")

_encode_json = msgspec.json.Encoder().encode


def completed_event(
    call: JoinedCall, place: CountedAt, *, usage: dict[str, Any] | None, replaces: CountedAt | None
) -> str:
    """JSON text. `usage` None says that nobody reported any."""
    data = _data(call)
    data["usage"] = usage
    data["completed_from"] = _halves(call, with_usage=usage is not None)
    if replaces is not None:
        data["replaces"] = {"subject": replaces.subject, "time": wire_time(replaces.time)}
    service = call.outcome.service if call.outcome is not None else None
    source = call.identity.source if call.identity is not None else None
    document = {
        "specversion": "1.0",
        "type": EventType.COMPLETED,
        "id": call.call_id,
        "source": source or (f"apim/{service}" if service else UNKNOWN_SOURCE),
        "time": wire_time(place.time),
        "subject": place.subject,
        "data": data,
    }
    return _encode_json(document).decode()


def wire_time(time: datetime) -> str:
    """RFC 3339 in UTC to the microsecond."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _data(call: JoinedCall) -> dict[str, Any]:
    """The identity's word first; the gateway's log fills what it left open."""
    identity, outcome, tokens = call.identity, call.outcome, call.tokens
    logged_model = tokens.model if tokens is not None else None
    deployments = (
        identity.deployment if identity is not None else None,
        outcome.deployment if outcome is not None else None,
        tokens.deployment if tokens is not None else None,
    )
    response_id = tokens.response_id if tokens is not None else None
    return {
        "stream": identity.stream if identity is not None else False,
        "status": call.status if call.status is not None else 200,
        "duration_ms": identity.duration_ms if identity is not None else None,
        "caller": _caller(call),
        "operation": call.operation,
        "deployment": next((name for name in deployments if name), None),
        "model": (identity.model if identity is not None else None) or logged_model,
        "response_id": (identity.response_id if identity is not None else None) or response_id,
        **_information(call),
    }


def _information(call: JoinedCall) -> dict[str, Any]:
    if call.identity is not None:
        return {name: getattr(call.identity, name) for name in INFORMATION}
    information: dict[str, Any] = dict.fromkeys(INFORMATION)
    information["api"] = call.outcome.api if call.outcome is not None else None
    return information


def _caller(call: JoinedCall) -> dict[str, str | None]:
    """Of an unattributed call the gateway may still know the subscription."""
    known: Identity | Any = call.identity if call.identity is not None else call.outcome
    return {name: getattr(known, name, None) for name in CALLER}


def _halves(call: JoinedCall, *, with_usage: bool) -> list[str]:
    halves = [GATEWAY_LOG_SOURCE] if with_usage else []
    if call.reported:
        halves.append(USAGE_EVENT)
    if call.traced:
        halves.append(TRACE)
    elif call.outcome is not None:
        halves.append(GATEWAY_LOG)
    return halves or [GATEWAY_LOG_SOURCE]
