"""What is to be said about a call, from its facts and what was said before. Pure; reads no clock.

Said again when more tokens are known, and elsewhere when the true caller is: the ledger takes the
stronger report, and moves a call out of the place that a decision replaces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from consumers.pairing.completed_event import completed_event
from pricing_rules.types import UNATTRIBUTED, CountedAt, Rank
from table_api.open_calls.decision import Decision
from table_api.open_calls.joined_call import JoinedCall
from table_api.open_calls.logged_usage import usage_from_log


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long, in stream time from the call on, a missing half is waited for."""

    grace: timedelta
    """For the UsageEvent of a call that is not streamed, when the log has counted it."""
    timeout: timedelta
    """For any half."""


def decide(
    call: JoinedCall, decisions: Sequence[Decision], stream_time: datetime | None, waits: Waits
) -> Decision | None:
    """The next decision, or None when there is nothing (more) to say now.

    `stream_time` is what all partitions of both hubs have passed; None when nobody knows.
    """
    last = decisions[-1] if decisions else None
    if call.refused:
        return None if last is None else _withdrawal(call, last)
    place = _place(call, last, stream_time, waits)
    if place is None:
        return None
    found = usage_from_log(call)
    usage, normal = found if found is not None else (None, None)
    strength = (int(Rank.GATEWAY_LOG), normal.total) if normal is not None else (0, 0)
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


def _withdrawal(call: JoinedCall, last: Decision) -> Decision | None:
    """Nothing was to be charged, which is known only now: out of the ledger again."""
    identity = call.identity
    if last.withdraws:
        return None
    if call.metered and identity and last.place == CountedAt(identity.subject, identity.time):
        return None  # metering posts the UsageEvent there, which says so itself
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
    """Where the call is to stand by now; None while it may wait, or when metering posts it."""
    if call.identity is None:
        if last is not None:
            return last.place
        if not _passed(call, stream_time, waits.timeout):
            return None
        return CountedAt(UNATTRIBUTED, call.time)
    place = CountedAt(call.identity.subject, call.identity.time)
    metered = call.metered and not call.served_after_all
    if last is not None:
        # Also of a call that metering posts: it must not stand in two places.
        return None if metered and place == last.place else place
    if metered:
        return None
    if call.has_tokens:
        waited_for = call.reported or call.identity.stream or call.identity.status >= 400
        if waited_for or _passed(call, stream_time, waits.grace):
            return place
    return place if _passed(call, stream_time, waits.timeout) else None


def _passed(call: JoinedCall, stream_time: datetime | None, wait: timedelta) -> bool:
    return stream_time is not None and stream_time - call.time >= wait
