"""A decoded UsageEvent → the fact that it arrived. Pure."""

import msgspec

from pricing_rules.decoding.invalid_event import (
    USAGE_FIELD,
    InvalidCode,
    InvalidEvent,
    InvalidField,
)
from pricing_rules.decoding.usage_event import TOOL_KINDS_MAX, is_deferred, usage_object
from pricing_rules.types import BACKGROUND_WAITING, Rank, UsageEvent
from table_api.open_calls.facts import EventReport, Fetched, Identity

USAGE_CHARS_MAX = 8_000
"""A Responses usage has a few hundred. A row takes 32 Ki characters, the caller's names among them.
"""
TOOL_USAGE_CHARS_MAX = 4_000
"""Today's has about a hundred."""


def reported_fact(event: UsageEvent) -> EventReport | None:
    """None for a completed call: that is our own word."""
    if event.completed_from:
        return None
    return EventReport(
        identity=_identity(event),
        metered=not is_deferred(event),
        tokens=None if event.usage is None else event.usage.total,
        prompt=None if event.usage is None else event.usage.prompt_tokens,
    )


def fetched_fact(event: UsageEvent, body: bytes) -> Fetched | InvalidEvent | None:
    """None for an answer that is not finished. `body` is what the event was decoded from."""
    if event.response_id is None or event.response_status in BACKGROUND_WAITING:
        return None
    usage = None
    if event.usage is not None:
        usage = msgspec.json.encode(usage_object(body)).decode()
        if len(usage) > USAGE_CHARS_MAX:
            found, expected = f"{len(usage)} characters", f"at most {USAGE_CHARS_MAX}"
            error = InvalidField(InvalidCode.TOO_LARGE, USAGE_FIELD, found, expected)
            return error.invalid_event(event.id)
    return Fetched(
        identity=_identity(event),
        rank=int(Rank.NO_USAGE if event.usage is None else Rank.MODEL_USAGE),
        tokens=0 if event.usage is None else event.usage.total,
        usage=usage,
    )


def _identity(event: UsageEvent) -> Identity:
    caller = event.caller
    return Identity(
        subject=event.subject,
        time=event.time,
        stream=event.stream,
        status=event.status,
        operation=event.operation,
        source=event.source,
        duration_ms=event.duration_ms,
        usage_unasked=event.usage_unasked,
        oid=caller.oid,
        tid=caller.tid,
        azp=caller.azp,
        subscription=caller.subscription,
        product=caller.product,
        api=event.api,
        deployment=event.deployment,
        model=event.model,
        region=event.region,
        response_id=event.response_id,
        service_tier=event.service_tier,
        session=event.session,
        traceparent=event.traceparent,
        served_deployment=event.served_deployment,
        spillover_from=event.spillover_from,
        cache=event.cache,
        requested_tier=event.requested_tier,
        tools_requested=event.tools_requested,
        tool_calls=event.tool_calls[:TOOL_KINDS_MAX],
        tool_usage=_tool_usage(event.tool_usage),
        body_unread=event.body_unread,
        background=event.background,
        response_status=event.response_status,
    )


def _tool_usage(said: str | None) -> str | None:
    """A longer one says how long it is, in a field that no reader takes: the call is unpriced."""
    if said is None or len(said) <= TOOL_USAGE_CHARS_MAX:
        return said
    return msgspec.json.encode({"too_long": len(said)}).decode()
