"""A poster for events of any age: an id that is counted elsewhere already is not counted again.

Pairing sees to that as long as it keeps the facts of a call. Past that, events come only by replay
and redrive, and each of them is looked up here before it is posted.
"""

from collections.abc import Sequence
from typing import Protocol

from msgspec.structs import replace

from consumers.metering.metering import Poster
from pricing_rules.types import UNATTRIBUTED, CallState, CountedAt
from table_api.ledger.post_result import Outcome, PostResult
from table_api.ledger.posting import MeteredCall
from table_api.open_calls.counted_calls import CountedCalls

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

    async def post(self, calls: Sequence[MeteredCall]) -> list[PostResult]:
        """See Poster. A call that is counted elsewhere is a duplicate and a mismatch."""
        checked = [await self._checked(call) for call in calls]
        posted = iter(await self._poster.post([call for call in checked if call is not None]))
        return [COUNTED_ELSEWHERE if call is None else next(posted) for call in checked]

    async def _checked(self, call: MeteredCall) -> MeteredCall | None:
        """The call as it is to be posted; None where it is counted elsewhere and stays there."""
        event = call.priced.event
        if event.time >= self._counted.before:
            return call
        place = await self._counted.find(event.id, event.time)
        if place is None or place in (CountedAt(event.subject, event.time), event.replaces):
            return call
        here, there = await self._ledger.preview([call, _moved(call, place)])
        if _is_moved(here):
            return call  # the ledger counts nothing any more where a call was moved away
        if not _counts(there):
            # A move that was done leads to here or to a third place; a row that is absent to none.
            return call if _counts(here) or not _is_moved(there) else None
        if place.subject == UNATTRIBUTED and event.subject != UNATTRIBUTED:
            moving = replace(event, replaces=place)
            return replace(call, priced=replace(call.priced, event=moving))
        return call if _counts(here) else None


def _moved(call: MeteredCall, place: CountedAt) -> MeteredCall:
    """The call as if it were counted at another place."""
    event = replace(call.priced.event, subject=place.subject, time=place.time, replaces=None)
    return replace(call, priced=replace(call.priced, event=event))


def _is_moved(result: PostResult) -> bool:
    return result.standing is not None and result.standing.state is CallState.MOVED


def _counts(result: PostResult) -> bool:
    """Whether the ledger counts a call there."""
    return result.outcome is not Outcome.POSTED and not _is_moved(result)
