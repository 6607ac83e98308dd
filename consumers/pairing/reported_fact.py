"""A decoded UsageEvent → the fact that it arrived. Pure."""

from consumers.decoding.usage_event import is_deferred
from pricing_rules.types import UsageEvent
from table_api.open_calls.facts import EventReport, Identity


def reported_fact(event: UsageEvent) -> EventReport | None:
    """None for a completed call: that is our own word."""
    if event.completed_from:
        return None
    caller = event.caller
    return EventReport(
        identity=Identity(
            subject=event.subject,
            time=event.time,
            stream=event.stream,
            status=event.status,
            operation=event.operation,
            source=event.source,
            duration_ms=event.duration_ms,
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
        ),
        metered=not is_deferred(event),
        tokens=None if event.usage is None else event.usage.total,
        prompt=None if event.usage is None else event.usage.prompt_tokens,
    )
