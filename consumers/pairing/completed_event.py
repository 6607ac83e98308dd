"""A joined call → the body of its `llm.call.completed.v1`. Pure.

The inverse is pricing_rules.decoding.usage_event. The wire contract is
apim_policies/usage_event.schema.json.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec

from pricing_rules.decoding.reported_usage import (
    FETCHED_ANSWER,
    GATEWAY_LOG_SOURCE,
    TRACE,
    USAGE_EVENT,
)
from pricing_rules.decoding.wire_event import EventType
from pricing_rules.types import CACHE_HIT, CountedAt, Rank
from table_api.open_calls.facts import Created, Fetched, Identity
from table_api.open_calls.joined_call import JoinedCall

GATEWAY_LOG = "gateway-log"
UNKNOWN_SOURCE = "apim/unknown"
CALLER = ("oid", "tid", "azp", "subscription", "product")
INFORMATION = ("api", "region", "service_tier", "session", "traceparent")
RARE = (
    "served_deployment",
    "spillover_from",
    "cache",
    "requested_tier",
    "body_unread",
    "response_status",
)
"""What few calls say: left out where it is absent."""

_encode_json = msgspec.json.Encoder().encode
_BEGIN = {"specversion": "1.0", "type": EventType.COMPLETED}
OWN_BEGIN = _encode_json(_BEGIN)[:-1]
"""What every event that pairing publishes begins with."""


def completed_event(
    call: JoinedCall, place: CountedAt, *, usage: dict[str, Any] | None, replaces: CountedAt | None
) -> str:
    """JSON text. `usage` None says that nobody reported any."""
    data = _data(call)
    if call.cached:
        data["cache"] = CACHE_HIT
    else:
        data.pop("cache", None)  # the policy said so, and the log knows better
    data["usage"] = usage
    data["completed_from"] = _halves(call, with_usage=usage is not None)
    service = call.outcome.service if call.outcome is not None else None
    source = call.identity.source if call.identity is not None else None
    source = source or (f"apim/{service}" if service else UNKNOWN_SOURCE)
    return _document(call.call_id, source, place, data, replaces)


def finished_event(created: Created, answer: Fetched | None) -> str:
    """JSON text of a call whose answer was made in the background. Without an answer nobody
    fetched it in time.
    """
    data = _of_identity(created.identity)
    _finish(data, answer)
    data["completed_from"].append(USAGE_EVENT if created.reported else TRACE)
    source = created.identity.source or UNKNOWN_SOURCE
    return _document(created.call_id, source, created.place, data, None)


def stray_event(key: str, answer: Fetched, place: CountedAt, *, withdrawn: bool) -> str:
    """JSON text of an answer that was fetched and of whose request nobody knows. It is withdrawn
    when the request becomes known.
    """
    data = _of_identity(answer.identity) | {"caller": dict.fromkeys(CALLER)}
    _finish(data, answer)
    if withdrawn:
        data["usage"] = None
    source = answer.identity.source or UNKNOWN_SOURCE
    return _document(key, source, place, data, place if withdrawn else None)


def _finish(data: dict[str, Any], answer: Fetched | None) -> None:
    """Adds what the answer says: its own word on model, tier and tools beats the request's."""
    data["background"] = True
    data["response_status"] = None if answer is None else answer.identity.response_status
    data["usage"] = None
    data["completed_from"] = []
    if answer is None:
        return
    said = _of_identity(answer.identity)
    for name in ("model", "response_id"):
        data[name] = said[name] or data[name]
    data["service_tier"] = said["service_tier"]  # before it runs, an answer says `auto`
    if "tools" in said:
        requested = data.get("tools", said["tools"])["requested"]
        data["tools"] = said["tools"] | {"requested": requested}
    if answer.usage is not None:
        data["usage"] = msgspec.Raw(answer.usage.encode())
    from_model = answer.rank == Rank.MODEL_USAGE
    data["completed_from"] = [FETCHED_ANSWER if from_model else GATEWAY_LOG_SOURCE]


def _document(
    call_id: str, source: str, place: CountedAt, data: dict[str, Any], replaces: CountedAt | None
) -> str:
    if replaces is not None:
        data["replaces"] = {"subject": replaces.subject, "time": wire_time(replaces.time)}
    document = {
        **_BEGIN,
        "id": call_id,
        "source": source,
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
    data = _of_nobody(call) if identity is None else _of_identity(identity)
    if outcome is not None:
        data["deployment"] = data["deployment"] or outcome.deployment
        if outcome.backend_host is not None:
            data["backend_host"] = outcome.backend_host
    if tokens is not None:
        data["deployment"] = data["deployment"] or tokens.deployment
        data["model"] = data["model"] or tokens.model
        data["response_id"] = data["response_id"] or tokens.response_id
    data["status"] = call.status if call.status is not None else 200
    return data


def _of_identity(identity: Identity) -> dict[str, Any]:
    """The `data` of the event that it was read from, but its usage."""
    data: dict[str, Any] = {
        "stream": identity.stream,
        "status": identity.status,
        "duration_ms": identity.duration_ms,
        "caller": {name: getattr(identity, name) for name in CALLER},
        "operation": identity.operation,
        "deployment": identity.deployment,
        "model": identity.model,
        "response_id": identity.response_id,
        **{name: getattr(identity, name) for name in INFORMATION},
    }
    for name in RARE:
        if (said := getattr(identity, name)) is not None:
            data[name] = said
    if identity.background:
        data["background"] = True
    if identity.duration is not None:
        data["duration"] = msgspec.Raw(identity.duration.encode())
    if identity.tools_requested or identity.tool_calls or identity.tool_usage:
        data["tools"] = {
            "requested": identity.tools_requested,
            "calls": dict(identity.tool_calls),
        }
        if identity.tool_usage:
            data["tools"]["usage"] = msgspec.Raw(identity.tool_usage.encode())
    return data


def _of_nobody(call: JoinedCall) -> dict[str, Any]:
    """Of an unattributed call the gateway may still know subscription, product and API."""
    data: dict[str, Any] = {
        "stream": False,
        "status": 200,
        "duration_ms": None,
        "caller": {name: getattr(call.outcome, name, None) for name in CALLER},
        "operation": call.operation,
        "deployment": None,
        "model": None,
        "response_id": None,
        **dict.fromkeys(INFORMATION),
    }
    data["api"] = call.outcome.api if call.outcome is not None else None
    return data


def _halves(call: JoinedCall, *, with_usage: bool) -> list[str]:
    halves = [GATEWAY_LOG_SOURCE] if with_usage else []
    if call.reported:
        halves.append(USAGE_EVENT)
    if call.traced:
        halves.append(TRACE)
    elif call.outcome is not None:
        halves.append(GATEWAY_LOG)
    return halves or [GATEWAY_LOG_SOURCE]
