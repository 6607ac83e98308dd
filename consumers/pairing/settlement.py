"""Calls whose facts changed or whose time has come: decide, publish, mark done, in that order.

Idempotent: whatever fails or is killed in between, settling the same calls again ends the same.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from consumers.pairing.background import adds_nothing, decide_answer, said_of_answer
from consumers.pairing.decide import Waits, decide
from consumers.pairing.heard_calls import HeardCalls
from pricing_rules.types import UNATTRIBUTED
from table_api.errors import Contended
from table_api.open_calls.decision import Decision, PairingState, state_of
from table_api.open_calls.facts import Fact
from table_api.open_calls.joined_call import JoinedCall
from table_api.open_calls.keys import is_response_key
from table_api.open_calls.known_reports import READS_PER_PAGE
from table_api.open_calls.open_call import OpenCall, with_facts
from table_api.open_calls.packed_facts import OLD_AFTER
from table_api.open_calls.table import OpenCalls
from table_api.storage.parallel import chunks
from table_api.storage.timestamp import now_utc
from telemetry.metrics import CounterName, count

TRIES_MAX = 8
"""Rounds of one batch: each is needed only when another process decided at the same moment."""
CALLS_AT_ONCE_MAX = 500
"""Calls read and decided together: bounds memory."""
APART_MAX = timedelta(minutes=1)
"""Between the times that the halves of one call give. Where they lie further apart the sweeper
joins them, later."""


class Publisher(Protocol):
    """Where decided events go."""

    async def publish(self, decisions: Sequence[Decision]) -> None:
        """Send all of them, those of one subject in order. Raises HubUnavailable when the hub
        did not take all; sending them again is then the remedy.
        """


class Settlement:
    """Shared by the partitions of both hubs and by the sweeper."""

    def __init__(
        self,
        calls: OpenCalls,
        publisher: Publisher,
        waits: Waits,
        *,
        now: Callable[[], datetime] = now_utc,
    ) -> None:
        self._now = now
        self._calls = calls
        self._publisher = publisher
        self._waits = waits
        self.heard = HeardCalls()
        self._turn = asyncio.Lock()
        """Two partitions of one process that settle a call at once would refuse each other."""

    async def settle_indexed(
        self,
        calls: Mapping[str, datetime],
        stream_time: datetime | None,
        *,
        apart_max: timedelta = APART_MAX,
    ) -> None:
        """Settle those of the calls that are due, by id with a time of theirs.

        Of many calls the index tells at once which these are: most of those that a fact has just
        arrived of still wait for a half, and most that come again were decided long ago.
        """
        kept = None
        pages_max = len(calls) // READS_PER_PAGE
        if pages_max:
            start, stop = min(calls.values()) - apart_max, max(calls.values()) + apart_max
            kept = await self._calls.indexed(calls.keys(), start, stop, pages_max=pages_max)
        if kept is None:
            await self.settle(calls, stream_time)
        else:
            packed = await self._packed(calls)
            await self.settle(
                [
                    each.call_id
                    for each in kept
                    if each.call_id in packed or self.is_due(each, stream_time)
                ],
                stream_time,
            )

    async def _packed(self, times: Mapping[str, datetime]) -> dict[str, list[Fact]]:
        """What a replay kept of these calls. Of calls that are not old it kept nothing apart."""
        old_before = self._now() - OLD_AFTER
        old = {call_id: time for call_id, time in times.items() if time < old_before}
        return await self._calls.packed.find(old) if old else {}

    def is_due(self, kept: OpenCall, stream_time: datetime | None) -> bool:
        """Whether to settle a call, by what the index tells. It has every fact before `settle`
        does, and a decision only when that was published, so that it misses nothing.
        """
        if kept.damaged:
            return True  # its own rows say
        joined = kept.joined
        if joined is not None and said_of_answer(joined, self._waits) is not None:
            return True  # the rows of the answer say
        return self._decision(kept, stream_time) is not None

    async def settle(self, call_ids: Iterable[str], stream_time: datetime | None) -> None:
        """Decide what can be decided by now. Raises Retryable or HubUnavailable."""
        for part in chunks(sorted(set(call_ids)), CALLS_AT_ONCE_MAX):
            left, tries = part, 0
            while left:
                async with self._turn:
                    refused, unfinished = await self._round(left, stream_time)
                tries += bool(refused)
                if tries == TRIES_MAX:
                    raise Contended(f"{len(refused)} calls: others decide them at the same time")
                left = sorted(refused | unfinished)

    async def settle_heard(
        self, calls: Mapping[str, datetime], stream_time: datetime | None
    ) -> None:
        """Decide what the facts that this process wrote suffice for, by ids with a time of each.

        Calls that it neither decided nor knows as decided are left open. Others may have written
        more of any call: whoever looks up all facts of it later corrects what was decided.
        """
        left: dict[str, datetime] = {}
        known: list[OpenCall] = []
        new: dict[str, Decision] = {}
        several: set[str] = set()
        async with self._turn:
            for call_id, time in calls.items():
                call = self.heard.find(call_id)
                joined = None if call is None else call.joined
                if call is None or joined is None:
                    left[call_id] = time
                elif len(joined.metered_at) > 1 or said_of_answer(joined, self._waits) is not None:
                    several.add(call_id)
                elif (decision := decide(joined, call.decisions, None, self._waits)) is not None:
                    known.append(call)
                    new[call_id] = decision
                elif not _is_said(joined, call):
                    left[call_id] = time
            several |= await self._say(known, new)
        await self.settle(several, stream_time)
        for call_id in calls.keys() - left.keys():
            self.heard.close(call_id)
        self.heard.leave_open(left)

    async def _round(
        self, call_ids: Sequence[str], stream_time: datetime | None
    ) -> tuple[set[str], set[str]]:
        """The calls that another process decided between our read and our write; and those that
        were counted in so many places that another decision may have to follow ours.
        """
        # 1. Read all facts: they were written before, so of two writers of the halves of a call
        #    one sees both. What they say of a background answer goes to that answer's rows first,
        #    which are settled in the next round: a crash brings the facts again.
        kept = await self._calls.read(call_ids)
        times = {call.call_id: min(map(_time, call.facts)) for call in kept if call.facts}
        kept = with_facts(kept, await self._packed(times))
        answers = await self._pass_on(kept)
        new = {each.call_id: each for each in self._decisions(kept, stream_time)}
        refused = await self._say(kept, new)
        several = {
            known.call_id for known in kept if known.call_id in new and self._may_go_on(known)
        }
        return refused, (several | answers) - refused

    async def _say(self, kept: Sequence[OpenCall], new: Mapping[str, Decision]) -> set[str]:
        """Make decisions and publish all that are not; the calls that another process decided."""
        # 2. Decide. The row's creation is the decision: a crash after it leaves a decision that
        #    is not done, which whoever settles the call next publishes.
        refused = {each.call_id for each in await self._calls.decide(list(new.values()))}
        accepted = [known for known in kept if known.call_id not in refused]
        undone = [
            (decision, _indexed_at(known, decision))
            for known in accepted
            for decision in (*known.undone, new.get(known.call_id))
            if decision is not None
        ]
        if undone:
            # 3. Publish. A crash after it publishes again: the ledger counts each call once.
            await self._publisher.publish([decision for decision, _ in undone])
            # 4. Mark done, and tell the index.
            await self._calls.mark_done(undone)
            for decision, _ in undone:
                count(CounterName.DECISIONS, 1, {"reason": _reason(decision)})
        for known in accepted:
            self.heard.said(known, new.get(known.call_id))
        return refused

    def _may_go_on(self, known: OpenCall) -> bool:
        """Whether one decision may make another one due."""
        joined = known.joined
        if joined is None:
            return known.response is not None
        return len(joined.metered_at) > 1

    async def _pass_on(self, kept: Iterable[OpenCall]) -> set[str]:
        """Keep what calls say of background answers with those; the keys of these answers."""
        said = [
            arrival
            for call in kept
            if (joined := call.joined) and (arrival := said_of_answer(joined, self._waits))
        ]
        if not said:
            return set()
        keys = sorted({each.call_id for each in said})
        known = {each.call_id: each.response for each in await self._calls.read(keys)}
        await self._calls.add(
            each for each in said if not adds_nothing(each.fact, known[each.call_id])
        )
        return set(keys)

    def _decisions(
        self, kept: Iterable[OpenCall], stream_time: datetime | None
    ) -> Iterable[Decision]:
        decided = (self._decision(call, stream_time) for call in kept)
        return (decision for decision in decided if decision is not None)

    def _decision(self, call: OpenCall, stream_time: datetime | None) -> Decision | None:
        joined = call.joined
        if joined is not None:
            return decide(joined, call.decisions, stream_time, self._waits)
        answer = call.response
        if answer is not None:
            return decide_answer(answer, call.decisions, stream_time, self._waits)
        return None


def _is_said(joined: JoinedCall, call: OpenCall) -> bool:
    """Whether no half that another process may have heard would change what is known of a call."""
    if state_of(joined, call.decisions) is PairingState.WAITING:
        # Of a plain call the UsageEvent is missing. Metering posts it, or whoever heard it looks.
        identity = joined.identity
        plain = identity is not None and not identity.stream and identity.status < 400
        return plain and not joined.reported
    return joined.reported or bool(call.decisions)


def _indexed_at(call: OpenCall, decision: Decision) -> datetime:
    """Where the index has a call's decision: next to its facts, or where its answer counts."""
    if is_response_key(call.call_id):
        return decision.place.time
    return call.time or decision.place.time


def _time(fact: Fact) -> datetime:
    return fact.time


def _reason(decision: Decision) -> str:
    if decision.withdraws:
        return "refused"
    if decision.replaces is not None:
        return "moved"
    if decision.place.subject == UNATTRIBUTED:
        return "unattributed"
    rank = decision.strength[0]
    return "completed" if rank > 0 else "no_usage" if rank == 0 else "pending"
