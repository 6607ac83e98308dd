"""Answers that are made in the background: which call had one made, and who fetched it. Pure.

The request and the fetch are two calls of the gateway, by two people perhaps. Each leaves a fact
in the rows of the answer, and the answer's own facts say what the first of them costs.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from consumers.pairing.completed_event import finished_event, stray_event
from consumers.pairing.decide import Waits
from pricing_rules.types import UNATTRIBUTED, CountedAt, Operation, Rank
from table_api.open_calls.decision import Decision
from table_api.open_calls.facts import Created, Fact, Fetched, Identity
from table_api.open_calls.joined_call import JoinedCall
from table_api.open_calls.joined_response import JoinedResponse
from table_api.open_calls.keys import response_key
from table_api.open_calls.logged_usage import usage_from_log
from table_api.open_calls.table import Arrival


def said_of_answer(call: JoinedCall, waits: Waits) -> Arrival | None:
    """What a call says of a background answer, for that answer's rows; None of nearly every call.

    What is due is indexed where the sweeper of timeouts comes by when it is.
    """
    fact: Created | Fetched | None
    if call.fetches is not None:
        fact, key = _fetched(call), response_key(call.fetches)
        due_from = call.time
    else:
        fact = _created(call, waits)
        if fact is None:
            return None
        key = response_key(fact.identity.response_id or "")
        due_from = fact.due - waits.timeout
    return None if fact is None else Arrival(call_id=key, fact=fact, due_from=due_from)


def _created(call: JoinedCall, waits: Waits) -> Created | None:
    identity = call.identity
    if identity is None or not identity.background:
        return None
    # The policy does not read a streamed answer; the gateway's log names it.
    response_id = identity.response_id or (call.tokens and call.tokens.response_id)
    if not response_id:
        return None
    return Created(
        call_id=call.call_id,
        identity=msgspec.structs.replace(identity, response_id=response_id),
        waits=call.pending,
        due=identity.time + waits.background,
        reported=call.reported,
    )


def _fetched(call: JoinedCall) -> Fetched | None:
    """What the policy saw, else what the gateway's log counted."""
    if call.answer is not None and call.answer.usage is not None:
        return call.answer
    found = usage_from_log(call)
    if found is None or call.fetches is None:
        return call.answer
    usage, normal = found
    outcome = call.outcome
    return Fetched(
        identity=Identity(
            subject=UNATTRIBUTED,
            time=call.time,
            stream=outcome is not None and outcome.fetches_stream,
            status=call.status or 200,
            operation=Operation.RESPONSES,
            api=None if outcome is None else outcome.api,
            model=None if call.tokens is None else call.tokens.model,
            response_id=call.fetches,
        ),
        rank=int(Rank.GATEWAY_LOG),
        tokens=normal.total,
        usage=msgspec.json.encode(usage).decode(),
    )


def adds_nothing(fact: Fact, known: JoinedResponse | None) -> bool:
    """Whether the answer's rows say as much already, so that a caller who fetches it again and
    again adds no rows to it.
    """
    if known is None:
        return False
    if isinstance(fact, Fetched):
        return known.answer is not None and known.answer.says_as_much(fact)
    return fact in known.created


def decide_answer(
    answer: JoinedResponse,
    decisions: Sequence[Decision],
    stream_time: datetime | None,
    waits: Waits,
) -> Decision | None:
    """The next decision about the call that had the answer made; None when all is said."""
    for number, created in enumerate(answer.created):
        fetched = answer.answer if number == 0 else None
        strength = _strength(created, fetched, stream_time)
        said = [each.strength for each in decisions if each.place == created.place]
        if strength is None or (said and strength <= said[-1]):
            continue
        return Decision(
            call_id=answer.key,
            number=len(decisions) + 1,
            place=created.place,
            strength=strength,
            event=finished_event(created, fetched),
        )
    return _stray(answer, decisions, stream_time, waits)


def _strength(
    created: Created, fetched: Fetched | None, stream_time: datetime | None
) -> tuple[int, int] | None:
    """Of the report to publish; None while there is none."""
    if fetched is not None and (created.waits or fetched.usage is not None):
        return fetched.strength
    overdue = stream_time is not None and stream_time >= created.due
    return (int(Rank.NO_USAGE), 0) if created.waits and overdue else None


def _stray(
    answer: JoinedResponse,
    decisions: Sequence[Decision],
    stream_time: datetime | None,
    waits: Waits,
) -> Decision | None:
    """A background answer whose request did not come within the timeout is counted as
    unattributed. When the request comes after all, it is withdrawn: the call was counted by then.
    """
    fetched = answer.answer
    strays = [each for each in decisions if each.place.subject == UNATTRIBUTED]
    if fetched is None or fetched.usage is None or (strays and strays[-1].withdraws):
        return None
    if not strays and (answer.created or not answer.of_background):
        return None
    withdrawn = bool(answer.created)
    if strays:
        if not withdrawn and fetched.strength <= strays[-1].strength:
            return None
        place = strays[-1].place
    else:
        if stream_time is None or stream_time - fetched.time < waits.timeout:
            return None
        place = CountedAt(UNATTRIBUTED, fetched.time)
    return Decision(
        call_id=answer.key,
        number=len(decisions) + 1,
        place=place,
        strength=(0, 0) if withdrawn else fetched.strength,
        event=stray_event(answer.key, fetched, place, withdrawn=withdrawn),
        replaces=place if withdrawn else None,
    )
