"""Bytes from an event hub → UsageEvent, or InvalidEvent that names the field. Pure; never raises.

The wire contract is apim_policies/usage_event.schema.json; what a model's `usage` means is
pricing_rules.provider_usage. Whether the event is posted now is `is_deferred`'s question.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from pricing_rules.decoding.explain_invalid import diagnose
from pricing_rules.decoding.invalid_event import InvalidCode, InvalidEvent, InvalidField, shown
from pricing_rules.decoding.reported_usage import (
    GATEWAY_LOG_SOURCE,
    USAGE_TOTAL_MAX,
    reported_usage,
    tool_calls,
    tool_usage_text,
)
from pricing_rules.decoding.text import INFORMATION_CHARS_MAX, identity, information
from pricing_rules.decoding.wire_event import EventType, WireCall, WireCaller, WireEvent, WireTools
from pricing_rules.errors import InvalidUsage
from pricing_rules.provider_usage.normalise import normalise
from pricing_rules.provider_usage.tools import tools_kept
from pricing_rules.types import (
    BACKGROUND_WAITING,
    CACHE_HIT,
    REFUSED_STATUS,
    Caller,
    CountedAt,
    Rank,
    Usage,
    UsageEvent,
)

BODY_BYTES_MAX = 256 * 1024
"""The gateway cuts at 200 KB and a usage event has under 64 KB: nothing larger is worth parsing."""
ID_CHARS_MAX = 128
SUBJECT_CHARS_MAX = 280
"""`subscription:` and an API Management subscription id of at most 256 characters fit."""
FAR_PAST_MAX = timedelta(days=100)
"""Longer than any hub's retention (90 days at most) and the gateway's delay together."""
FUTURE_MAX = timedelta(hours=1)
"""Clocks of gateway and hub differ by seconds; an hour ahead is a broken clock."""

MESSAGE_CHARS_MAX = 300
HALVES_MAX = 8
"""Names in `completed_from`; pairing knows four halves and may learn to name more."""
TOOL_KINDS_MAX = 32
"""Kinds of tools of one call; the gateway writes no more."""

_UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|\+00:00)", re.ASCII)
_DECODER = msgspec.json.Decoder(WireEvent)


def decode(body: bytes, *, enqueued_time: datetime) -> UsageEvent | InvalidEvent:
    """`enqueued_time` (aware) is when the event hub took the body: far past and future are judged
    against it, so that a replay judges as the first reading did.
    """
    if len(body) > BODY_BYTES_MAX:
        return InvalidEvent(
            code=InvalidCode.TOO_LARGE,
            field="body",
            value=f"{len(body)} bytes",
            message=f"body has {len(body)} bytes, expected at most {BODY_BYTES_MAX}",
            event_id=None,
        )
    try:
        # msgspec does not look into fields it skips: the whole body is checked to be UTF-8 here.
        wire = _DECODER.decode(body.decode())
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        return diagnose(body, error)
    event_id = None
    try:
        event_id = call_key(wire.id)
        return _event(wire, event_id, enqueued_time)
    except InvalidField as found:
        return found.invalid_event(event_id)
    except InvalidUsage as found:
        return InvalidEvent(
            code=InvalidCode.BAD_USAGE,
            field=f"data.usage.{found.field}",
            value=shown(found.value),
            message=f"data.usage: {str(found)[:MESSAGE_CHARS_MAX]}",
            event_id=event_id,
        )


def usage_object(body: bytes) -> Mapping[str, object]:
    """The model's own usage object of a body that `decode` has read."""
    return _DECODER.decode(body.decode()).data.usage or {}


def with_usage(event: UsageEvent, usage: Mapping[str, object]) -> UsageEvent:
    """The event as its usage object is read today; as it was where it cannot be read any more."""
    try:
        read = normalise(event.operation, usage, event.model)
        if event.usage is not None:
            read = tools_kept(read, event.usage)
        readable = 0 < read.total <= USAGE_TOTAL_MAX
    except (InvalidUsage, ArithmeticError, ValueError):
        return event
    return msgspec.structs.replace(event, usage=read) if readable else event


def call_key(text: str) -> str:
    """The identity of a call from a request id: without spaces around it, lower case, NFC.
    InvalidField when it is none.
    """
    return identity("id", text.strip().lower(), ID_CHARS_MAX)


def _event(wire: WireEvent, event_id: str, enqueued_time: datetime) -> UsageEvent:
    call = wire.data
    completed_from = _completed_from(wire)
    usage = reported_usage(call, completed_from)
    fetched = wire.type is EventType.USAGE
    return UsageEvent(
        id=event_id,
        source=identity("source", wire.source, INFORMATION_CHARS_MAX),
        subject=identity("subject", wire.subject, SUBJECT_CHARS_MAX),
        time=_call_time("time", wire.time, enqueued_time),
        operation=call.operation,
        stream=call.stream,
        status=call.status,
        rank=_rank(call, usage, completed_from),
        usage=usage,
        caller=_caller(call.caller),
        deployment=information(call.deployment),
        model=information(call.model),
        api=information(call.api),
        region=information(call.region),
        service_tier=_tier(call),
        response_id=information(call.response_id),
        session=information(call.session),
        traceparent=information(call.traceparent),
        duration_ms=call.duration_ms,
        usage_unasked=call.usage_unasked is True,
        completed_from=completed_from,
        replaces=_replaces(wire, enqueued_time),
        served_deployment=information(call.served_deployment),
        spillover_from=information(call.spillover_from) if call.spillover_from else None,
        cache=information(call.cache) if call.cache else None,
        requested_tier=information(call.requested_tier) if call.requested_tier else None,
        tools_requested=_requested(call.tools) if call.tools else (),
        tool_calls=tool_calls(call.tools) if call.tools else (),
        tool_usage=tool_usage_text(call) if usage is None or fetched else None,
        body_unread=information(call.body_unread) if call.body_unread else None,
        background=call.background is True,
        response_status=information(call.response_status) if call.response_status else None,
        backend_host=information(call.backend_host) if call.backend_host else None,
        fetched=fetched,
    )


def _rank(call: WireCall, usage: Usage | None, completed_from: tuple[str, ...]) -> Rank:
    """Who reported the usage. Of an answer from the gateway's cache the gateway knows for certain
    that no model was asked, so that no count of its log beats it. The seconds that a trace says are
    the gateway's too: the answer itself may say tokens.
    """
    if usage is None:
        if call.cache == CACHE_HIT:
            return Rank.MODEL_USAGE
        return Rank.PENDING if _is_pending(call) else Rank.NO_USAGE
    by_trace = call.usage is None and bool(completed_from)
    by_gateway = by_trace or GATEWAY_LOG_SOURCE in completed_from
    return Rank.GATEWAY_LOG if by_gateway else Rank.MODEL_USAGE


def _is_pending(call: WireCall) -> bool:
    """Whether the answer is made in the background, so that it can be fetched by its id later."""
    return (
        call.background is True
        and call.response_status in BACKGROUND_WAITING
        and call.response_id is not None
        and not call.stream
        and call.status < 400
    )


def _call_time(field: str, text: str, enqueued_time: datetime) -> datetime:
    if not _UTC_TIME.fullmatch(text):
        raise InvalidField(InvalidCode.BAD_TIME, field, text, "RFC 3339 in UTC, as 2026-11-20T…Z")
    try:
        # The gateway writes seven digits; fromisoformat drops what is below the microsecond.
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidField(InvalidCode.BAD_TIME, field, text, f"a real time ({error})") from error
    age = enqueued_time - time
    if age > FAR_PAST_MAX:
        expected = f"at most {FAR_PAST_MAX.days} days before it was enqueued ({enqueued_time})"
        raise InvalidField(InvalidCode.FAR_PAST, field, text, expected)
    if -age > FUTURE_MAX:
        expected = f"at most {FUTURE_MAX} after it was enqueued ({enqueued_time})"
        raise InvalidField(InvalidCode.FAR_FUTURE, field, text, expected)
    return time


def _completed_from(wire: WireEvent) -> tuple[str, ...]:
    if wire.type is not EventType.COMPLETED:
        return ()
    halves = wire.data.completed_from
    named = tuple(half for text in (halves or ())[:HALVES_MAX] if (half := information(text)))
    if not named:
        expected = "the halves that pairing joined"
        raise InvalidField(InvalidCode.MISSING_FIELD, "data.completed_from", halves, expected)
    return named


def _replaces(wire: WireEvent, enqueued_time: datetime) -> CountedAt | None:
    """Only pairing may take a call out of a place: of another writer the field means nothing."""
    replaced = wire.data.replaces
    if replaced is None or wire.type is not EventType.COMPLETED:
        return None
    return CountedAt(
        subject=identity("data.replaces.subject", replaced.subject, SUBJECT_CHARS_MAX),
        time=_call_time("data.replaces.time", replaced.time, enqueued_time),
    )


def _tier(call: WireCall) -> str | None:
    """The answer's tier; some models say it in their usage object alone."""
    tier = information(call.service_tier)
    in_usage = None if call.usage is None else call.usage.get("service_tier")
    return tier if tier is not None or not isinstance(in_usage, str) else information(in_usage)


def _requested(tools: WireTools) -> tuple[str, ...]:
    """Types of the tools that the request offers, each once."""
    kinds = {kind for text in tools.requested if (kind := information(text)) is not None}
    return tuple(sorted(kinds)[:TOOL_KINDS_MAX])


def _caller(caller: WireCaller | None) -> Caller:
    if caller is None:
        return Caller()
    return Caller(
        oid=information(caller.oid),
        tid=information(caller.tid),
        azp=information(caller.azp),
        subscription=information(caller.subscription),
        product=information(caller.product),
    )


def is_deferred(event: UsageEvent) -> bool:
    """Whether pairing has to complete this call before it can stand in the ledger.

    A call without usage waits (a stream, an aborted or filtered call may be charged); a refused
    one is posted as zero. A completed call never waits again: without usage it is `no_usage`.
    An answer of the gateway's cache costs nothing, but only the log proves that no model was asked:
    the policy says `hit` too where an API forwards calls without telling it. An answer that is made
    in the background is posted as pending. The usage of a fetched background answer belongs to
    another call, which pairing finds.
    """
    if event.fetched:
        return True
    if event.cache == CACHE_HIT:
        return not event.completed_from
    if event.rank is Rank.PENDING:
        return False
    return event.usage is None and not event.completed_from and event.status not in REFUSED_STATUS
