"""A poster for events of any age: an id that is counted elsewhere already is not counted again.

Pairing sees to that as long as it keeps the facts of a call. Past that, events come only by
replay and redrive, and each of them is looked up here before it is posted. What nobody knows yet is
kept in a blob, so that a later replay or letter of the same id finds it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec.structs import replace

from consumers.metering.metering import Poster
from pricing_rules.types import UNATTRIBUTED, CallState, CountedAt
from table_api.ledger.post_result import Outcome, PostResult
from table_api.ledger.posting import MeteredCall
from table_api.open_calls.counted_calls import CountedCalls
from table_api.open_calls.keys import SAME_CALL_MAX

COUNTED_ELSEWHERE = PostResult(
    outcome=Outcome.DUPLICATE, mismatch=True, reason="the call is counted elsewhere"
)


class Preview(Protocol):
    """The part of the ledger that says what it holds."""

    async def preview(self, calls: Sequence[MeteredCall]) -> list[PostResult]:
        """What posting each of these calls by itself would give."""


class CountedOnce:
    """See consumers.metering.metering.Poster."""

    def __init__(self, poster: Poster, ledger: Preview, counted: CountedCalls) -> None:
        self._poster = poster
        self._ledger = ledger
        self._counted = counted
        self._late = counted.purged.late

    async def post(self, calls: Sequence[MeteredCall]) -> list[PostResult]:
        """See Poster. A call that is counted elsewhere is a duplicate and a mismatch.

        Again after a crash at any step ends alike.
        """
        old = [call for call in calls if _time(call) < self._counted.before + SAME_CALL_MAX]
        if not old:
            return await self._poster.post(calls)
        await self._counted.look_again(map(_time, old))
        checked: list[MeteredCall | None] = []
        unknown: list[MeteredCall] = []
        for call in calls:
            if _time(call) >= self._counted.before + SAME_CALL_MAX:
                checked.append(call)
                continue
            known, to_post = await self._checked(call)
            checked.append(to_post)
            if not known and to_post is not None:
                unknown.append(call)
        # 1. What nobody knows is written first. 2. It is posted. 3. Then it is looked whether
        #    somebody else has posted the id meanwhile: of two that post, one sees both.
        await self._late.keep(
            (_id(call), _place(call))
            for call in unknown
            if _place(call) not in self._late.find(_id(call))
        )
        posted = iter(await self._poster.post([call for call in checked if call is not None]))
        results = [COUNTED_ELSEWHERE if call is None else next(posted) for call in checked]
        await self._late.look(map(_time, unknown))
        for call in unknown:
            if (settled := await self._once(call)) is not None and settled is not call:
                await self._poster.post([settled])
        return results

    async def _checked(self, call: MeteredCall) -> tuple[bool, MeteredCall | None]:
        """Whether pairing has known the call, and what is to be posted; None where it is counted
        elsewhere and stays there.
        """
        event = call.priced.event
        place = await self._counted.find(event.id, event.time)
        if place is None:
            # Pairing hears of a call that it may still have facts of.
            return event.time >= self._counted.before, await self._once(call)
        if place in (_place(call), event.replaces):
            return True, call
        here, there = await self._ledger.preview([call, _moved(call, place)])
        if _is_moved(here):
            return True, call  # the ledger counts nothing any more where a call was moved away
        if not _counts(there):
            # A move that was done leads to here or to a third place; a row that is absent to none.
            return True, call if _counts(here) or not _is_moved(there) else None
        if place.subject == UNATTRIBUTED and event.subject != UNATTRIBUTED:
            return True, _replacing(call, place)
        return True, call if _counts(here) else None

    async def _once(self, call: MeteredCall) -> MeteredCall | None:
        """A call that other replays may have posted elsewhere: the first of its places stays.

        The call itself where nobody has; None where it stays elsewhere.
        """
        own = _place(call)
        others = self._late.find(_id(call)) - {own, call.priced.event.replaces}
        if not others:
            return call
        places = sorted(others, key=_order)
        here, *there = await self._ledger.preview(
            [call, *(_moved(call, place) for place in places)]
        )
        counted = [place for place, found in zip(places, there, strict=True) if _counts(found)]
        if _is_moved(here) or not counted:
            return call
        if _order(own) < _order(counted[0]):
            return _replacing(call, counted[0])
        return _replacing(_moved(call, counted[0]), own) if _counts(here) else None


def _order(place: CountedAt) -> tuple[datetime, str]:
    """As pairing judges two events of one id: the earliest, then the least subject, is first."""
    return place.time, place.subject


def _id(call: MeteredCall) -> str:
    return call.priced.event.id


def _time(call: MeteredCall) -> datetime:
    return call.priced.event.time


def _place(call: MeteredCall) -> CountedAt:
    return CountedAt(call.priced.event.subject, call.priced.event.time)


def _replacing(call: MeteredCall, place: CountedAt) -> MeteredCall:
    event = replace(call.priced.event, replaces=place)
    return replace(call, priced=replace(call.priced, event=event))


def _moved(call: MeteredCall, place: CountedAt) -> MeteredCall:
    """The call as if it were counted at another place."""
    event = replace(call.priced.event, subject=place.subject, time=place.time, replaces=None)
    return replace(call, priced=replace(call.priced, event=event))


def _is_moved(result: PostResult) -> bool:
    return result.standing is not None and result.standing.state is CallState.MOVED


def _counts(result: PostResult) -> bool:
    """Whether the ledger counts a call there."""
    return result.outcome is not Outcome.POSTED and not _is_moved(result)
