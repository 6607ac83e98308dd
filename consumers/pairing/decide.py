"""What is to be said about a call, from its facts and what was said before. Pure; reads no clock.

Said again when more tokens are known, and elsewhere when the true caller is: the ledger takes the
stronger report, and moves a call out of the place that a decision replaces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from consumers.pairing.completed_event import completed_event
from pricing_rules.provider_usage.fields import milliseconds
from pricing_rules.types import UNATTRIBUTED, CountedAt, Operation, Rank
from table_api.open_calls.decision import Decision, counted_places
from table_api.open_calls.facts import EventReport, Fact, RequestRecord, TokenCounts
from table_api.open_calls.joined_call import JoinedCall
from table_api.open_calls.logged_usage import usage_from_log


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long, in stream time from the call on, a missing half is waited for."""

    grace: timedelta
    """For the UsageEvent of a call that is not streamed, when the log has counted it."""
    timeout: timedelta
    """For any half."""
    background: timedelta = timedelta(days=1)
    """For somebody to fetch an answer that is made in the background."""


def may_complete(fact: Fact) -> bool:
    """Whether a fact can be the last one that a call needs before its grace has passed.

    The plain calls' facts are not: nothing is read for them until then.
    """
    match fact:
        case EventReport():
            return not fact.metered or fact.identity.background
        case RequestRecord():
            said = fact.identity
            return said is not None and (said.stream or said.status >= 400 or said.background)
        case TokenCounts():
            return fact.any
        case _:
            return True


def decide(
    call: JoinedCall, decisions: Sequence[Decision], stream_time: datetime | None, waits: Waits
) -> Decision | None:
    """The next decision, or None when there is nothing (more) to say now.

    `stream_time` is what all partitions of both hubs have passed; None when nobody knows.
    """
    if call.fetches is not None or call.unmetered is not None:
        return None  # what it fetched belongs to another call; nobody knows what it used
    if call.metered:
        move = _one_place(call, decisions)
        if move is None and call.charged_from_cache:
            move = _taken_out(call, decisions)
        if move is not None or not call.served_after_all:
            return move
    return _completion(call, decisions, stream_time, waits)


def _completion(
    call: JoinedCall, decisions: Sequence[Decision], stream_time: datetime | None, waits: Waits
) -> Decision | None:
    """Of a call that metering does not post as it is."""
    last = decisions[-1] if decisions else None
    if call.refused and not (call.cached and call.identity is not None):
        return None if last is None else _withdrawal(call, last)
    place = _place(call, last, stream_time, waits)
    if place is None:
        return None
    usage, strength = _report(call)
    replaces = None
    if last is not None:
        if any(place == each.replaces for each in decisions):
            place = last.place  # the ledger counts nothing any more where a call was moved away
        if place != last.place:
            replaces = last.place
        elif strength <= last.strength:
            return None
    return Decision(
        call_id=call.call_id,
        number=len(decisions) + 1,
        place=place,
        strength=strength,
        event=completed_event(call, place, usage=usage, replaces=replaces),
        replaces=replaces,
    )


def _report(call: JoinedCall) -> tuple[dict[str, Any] | None, tuple[int, int]]:
    """The usage to publish, and how strong that report is, as the decoder will judge it."""
    if call.cached:
        return None, (int(Rank.MODEL_USAGE), 0)
    if call.pending:
        return None, (int(Rank.PENDING), 0)
    found = usage_from_log(call)
    if found is None:
        heard = _heard_ms(call)
        return None, (int(Rank.GATEWAY_LOG if heard else Rank.NO_USAGE), heard)
    usage, normal = found
    return usage, (int(Rank.GATEWAY_LOG), normal.total)


def _heard_ms(call: JoinedCall) -> int:
    """Milliseconds of audio that the trace of a transcription says; the event carries them.

    They rank as the log's counts do: the answer itself may say tokens instead.
    """
    identity = call.identity
    if identity is None or identity.duration is None:
        return 0
    if identity.operation is not Operation.AUDIO_TRANSCRIPTIONS:
        return 0
    return milliseconds({"duration": Decimal(identity.duration)}, "duration")


def _one_place(call: JoinedCall, decisions: Sequence[Decision]) -> Decision | None:
    """Metering posts the call, so it must count nowhere else: moves it out of one other place.

    Other places are where pairing counted it, and where metering counted it too because its id
    came with two callers or two times. The place that is kept is the first that metering posts at.
    """
    counted = counted_places(call, decisions)
    if len(counted) < 2:
        return None
    kept, losing = counted[:2]
    usage, strength = (None, (0, 0)) if call.refused else _report(call)
    return Decision(
        call_id=call.call_id,
        number=len(decisions) + 1,
        place=kept,
        strength=strength,
        event=completed_event(call, kept, usage=usage, replaces=losing),
        replaces=losing,
    )


def _taken_out(call: JoinedCall, decisions: Sequence[Decision]) -> Decision | None:
    """A policy that knew of no cache charged an answer for the second time."""
    place = call.metered_at[0]
    if any(place == each.replaces for each in decisions):
        return None
    return Decision(
        call_id=call.call_id,
        number=len(decisions) + 1,
        place=place,
        strength=(0, 0),
        event=completed_event(call, place, usage=None, replaces=place),
        replaces=place,
    )


def _withdrawal(call: JoinedCall, last: Decision) -> Decision | None:
    """Nothing was to be charged, which is known only now: out of the ledger again."""
    if last.withdraws:
        return None
    return Decision(
        call_id=call.call_id,
        number=last.number + 1,
        place=last.place,
        strength=(0, 0),
        event=completed_event(call, last.place, usage=None, replaces=last.place),
        replaces=last.place,
    )


def _place(
    call: JoinedCall, last: Decision | None, stream_time: datetime | None, waits: Waits
) -> CountedAt | None:
    """Where pairing counts a call, and not metering alone; None while it may wait."""
    if call.identity is None:
        if last is not None:
            return last.place
        if not _passed(call, stream_time, waits.timeout):
            return None
        return CountedAt(UNATTRIBUTED, call.time)
    place = CountedAt(call.identity.subject, call.identity.time)
    if last is not None:
        return place
    if call.cached:
        proved = call.outcome is not None or _passed(call, stream_time, waits.timeout)
        return place if proved else None
    if call.has_tokens or call.pending:
        waited_for = call.reported or call.identity.stream or call.identity.status >= 400
        if waited_for or _passed(call, stream_time, waits.grace):
            return place
    return place if _passed(call, stream_time, waits.timeout) else None


def _passed(call: JoinedCall, stream_time: datetime | None, wait: timedelta) -> bool:
    return stream_time is not None and stream_time - call.time >= wait
