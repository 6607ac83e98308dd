"""What an event says of usage, in units: the model's own object, its tools, seconds of audio. Pure.

What a model's `usage` means is pricing_rules.provider_usage.
"""

import msgspec

from pricing_rules.decoding.invalid_event import InvalidCode, InvalidField
from pricing_rules.decoding.text import information
from pricing_rules.decoding.wire_event import WireCall, WireTools
from pricing_rules.errors import InvalidUsage
from pricing_rules.provider_usage.fields import milliseconds
from pricing_rules.provider_usage.normalise import normalise
from pricing_rules.provider_usage.tools import with_tools
from pricing_rules.provider_usage.usage_fields import shipped_rules
from pricing_rules.types import CACHE_HIT, REFUSED_STATUS, Operation, Usage
from pricing_rules.units import TOOL_UNITS, Unit

USAGE_TOTAL_MAX = 10**9
"""Tokens (or milliseconds) of one call; 9 · 10⁹ such calls still sum within 64 bits."""
GATEWAY_LOG_SOURCE = "gateway-llm-log"
"""The half of a completed call that carries its tokens."""
FETCHED_ANSWER = "fetched-answer"
"""The half that carries the usage of a background answer: somebody fetched it."""
USAGE_EVENT = "usage-event"
"""The half that is an event of the gateway's policy."""
TRACE = "trace"
"""The half that is the policy's trace in the gateway's log."""
USAGE_SOURCES = frozenset({GATEWAY_LOG_SOURCE, FETCHED_ANSWER})


def reported_usage(call: WireCall, completed_from: tuple[str, ...]) -> Usage | None:
    """The units of a call; None where nobody counted any. InvalidField or InvalidUsage names what
    holds no count.
    """
    if call.cache == CACHE_HIT:
        return None  # a cached answer repeats the usage of the call that it was made for
    if call.usage is None:
        return None if call.duration is None else _heard(call)
    if completed_from and USAGE_SOURCES.isdisjoint(completed_from):
        raise InvalidField(
            InvalidCode.BAD_USAGE,
            "data.completed_from",
            list(completed_from),
            f"{GATEWAY_LOG_SOURCE} or {FETCHED_ANSWER} among them, since a completed call's usage"
            " comes from there",
        )
    try:
        own = usage = normalise(call.operation, call.usage, information(call.model))
        if call.tools is not None:
            tools = call.tools
            asked = tools.requested if information(call.body_unread) is None else None
            usage = with_tools(own, tool_calls(tools), tools.usage, call.usage, asked)
    except (ArithmeticError, ValueError) as error:
        # JSON numbers may have thousands of digits: too many to add up or to print.
        expected = f"numbers that can be computed with ({error})"
        raise InvalidField(InvalidCode.OUT_OF_RANGE, "data.usage", call.usage, expected) from error
    if usage.total > USAGE_TOTAL_MAX:
        expected = f"at most {USAGE_TOTAL_MAX:,} tokens in one call"
        raise InvalidField(InvalidCode.OUT_OF_RANGE, "data.usage", usage.total, expected)
    if _says_nothing(call, own):
        return None if call.duration is None else _heard(call)
    return usage


def _heard(call: WireCall) -> Usage | None:
    """The seconds of audio that an answer says next to its text, where it says nothing else."""
    if call.operation is not Operation.AUDIO_TRANSCRIPTIONS:
        return None
    try:
        heard = milliseconds({"duration": call.duration}, "duration")
    except InvalidUsage as error:
        expected = "a number of seconds"
        raise InvalidField(
            InvalidCode.BAD_USAGE, "data.duration", call.duration, expected
        ) from error
    if heard > USAGE_TOTAL_MAX:
        expected = f"at most {USAGE_TOTAL_MAX // 1000:,} seconds in one call"
        raise InvalidField(InvalidCode.OUT_OF_RANGE, "data.duration", call.duration, expected)
    return Usage(counts={Unit.AUDIO_MS: heard}) if heard else None


def _says_nothing(call: WireCall, own: Usage) -> bool:
    """Whether a served call's usage counts no token, as zeros or `{}`: the gateway's log may know.

    What tools did is no token: an answer of three searches and zeros waits, too. An embedding of
    nothing and a refused call cost nothing, and a field that nobody reads is named, unless it is
    harmless, as the times that some servers report next to their zeros.
    """
    if not own.counts.keys() <= TOOL_UNITS:
        return False
    if own.caveats is not None and shipped_rules().doubtful(own.caveats.unread):
        return False
    return call.operation is not Operation.EMBEDDINGS and call.status not in REFUSED_STATUS


def tool_calls(tools: WireTools) -> tuple[tuple[str, int], ...]:
    """How often each kind of tool was called; a kind that was not called says nothing."""
    calls = ((information(kind), number) for kind, number in tools.calls.items())
    return tuple(sorted((kind, number) for kind, number in calls if kind is not None and number))


def tool_usage_text(call: WireCall) -> str | None:
    """What an answer says of its tools next to their calls, as the JSON of a `tool_usage`, for an
    event that `reported_usage` has read. None where it says nothing.

    The searches that a usage object counts next to its zeros are among it.
    """
    said = {} if call.tools is None else dict(call.tools.usage or {})
    if call.usage and call.cache != CACHE_HIT:
        own = normalise(call.operation, call.usage, information(call.model))
        searches, stated = own.counts.get(Unit.WEB_SEARCH), said.get("web_search") or {}
        if searches and isinstance(stated, dict):
            said["web_search"] = stated | {"num_requests": searches}
    return msgspec.json.encode(said).decode() if said else None
