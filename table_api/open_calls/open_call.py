"""One call as table `opencalls` keeps it, from its rows. Pure; `table` writes them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from table_api.open_calls.decision import (
    Decision,
    PairingState,
    decode_decision,
    state_of,
    state_of_answer,
)
from table_api.open_calls.facts import Fact, decode_fact
from table_api.open_calls.joined_call import JoinedCall, join_facts
from table_api.open_calls.joined_response import JoinedResponse, join_response
from table_api.open_calls.keys import done_number, is_response_key
from table_api.storage.table_storage import Row


class OpenCall(msgspec.Struct, frozen=True, kw_only=True):
    """Facts and decisions about one call: all of them, or those of one part of the index."""

    call_id: str
    facts: tuple[Fact, ...] = ()
    decisions: tuple[Decision, ...] = ()
    """In order of their numbers."""
    done: frozenset[int] = frozenset()
    """Numbers of the decisions that were published."""
    damaged: bool = False
    """A row of it cannot be read, so that nobody knows what it says."""

    @property
    def joined(self) -> JoinedCall | None:
        """None without facts, and of the rows of a background answer."""
        return None if is_response_key(self.call_id) else join_facts(self.call_id, self.facts)

    @property
    def response(self) -> JoinedResponse | None:
        """None of a call."""
        return join_response(self.call_id, self.facts) if is_response_key(self.call_id) else None

    @property
    def time(self) -> datetime | None:
        """The earliest time that its facts give; None without facts."""
        return min((fact.time for fact in self.facts), default=None)

    @property
    def state(self) -> PairingState | None:
        """None without facts, and of a background answer whose call has the state."""
        if (answer := self.response) is not None:
            return state_of_answer(answer, self.decisions)
        known = self.joined
        return None if known is None else state_of(known, self.decisions)

    @property
    def undone(self) -> list[Decision]:
        """Decisions that may not have been published."""
        return [each for each in self.decisions if each.number not in self.done]


def open_call(call_id: str, rows: Sequence[Row]) -> OpenCall:
    """From the rows of one call, or from their copies in the index. Raises on a damaged row."""
    facts, decisions, done = [], {}, set()
    for row in rows:
        number = done_number(str(row["RowKey"]))
        if "fact" in row:
            facts.append(decode_fact(str(row["fact"])))
        elif "decision" in row:
            decision = decode_decision(str(row["decision"]))
            decisions[decision.number] = decision
        elif number is not None:
            done.add(number)
    return OpenCall(
        call_id=call_id,
        facts=tuple(facts),
        decisions=tuple(decisions[number] for number in sorted(decisions)),
        done=frozenset(done),
    )


def open_calls_of(rows: Sequence[Row]) -> list[OpenCall]:
    """From rows of the index of several calls. Only published decisions stand there.

    A damaged row spoils its own call alone; one that names no call is nobody's.
    """
    by_call: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_call[str(row.get("call_id", ""))].append(row)
    return [call_or_damaged(call_id, of_call) for call_id, of_call in by_call.items()]


def with_facts(calls: Iterable[OpenCall], facts: Mapping[str, Sequence[Fact]]) -> list[OpenCall]:
    """The calls with more facts, by call id; and those of which there are only these."""
    left = dict(facts)
    known = [_with_facts(call, left.pop(call.call_id, ())) for call in calls]
    return known + [_with_facts(OpenCall(call_id=call_id), left[call_id]) for call_id in left]


def _with_facts(call: OpenCall, more: Sequence[Fact]) -> OpenCall:
    if not more:
        return call
    return msgspec.structs.replace(call, facts=tuple(dict.fromkeys((*call.facts, *more))))


def call_or_damaged(call_id: str, rows: Sequence[Row]) -> OpenCall:
    """The same; without facts where a row is damaged."""
    try:
        return open_call(call_id, rows)
    except (msgspec.DecodeError, ValueError):
        return OpenCall(call_id=call_id, damaged=True)
