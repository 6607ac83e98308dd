"""Calls across people as one caller may see them, the newest first.

By subject they are read from the ledger. For everybody they are found in the index of open calls,
which reaches some weeks back. Of an earlier day the ledger is read subject by subject.
"""

from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Protocol

from pricing_rules.types import CallState
from table_api.http_api.access.question import Asking, Question
from table_api.http_api.conventions.problems import ProblemKind, Refused
from table_api.ledger.day_range import DayRange
from table_api.ledger.entries import LedgerEntry
from table_api.monthly.reads import MonthlyReads
from table_api.owners.share import DAY, Share
from table_api.storage.keys import encode_part
from table_api.storage.parallel import at_most
from table_api.usage.cell_reads import PARTITIONS_READ_MAX
from table_api.usage.daily_usage import DailyUsage, Totals
from table_api.usage.newest_calls import NewestCalls
from table_api.usage.recent_calls import Look, Position, RecentCalls, RecentPage
from table_api.usage.spans import instants_of

CALLS_OF_DAY_MAX = 20_000
"""Calls of one day that are read subject by subject, for each page again."""

Possible = Callable[[date], Awaitable[Container[str] | None]]


class Wish(Protocol):
    """What a question wants of calls."""

    @property
    def q(self) -> str | None:
        """What a call must name."""

    @property
    def narrows(self) -> bool:
        """Whether daily totals say who can have a wanted call."""

    def may_be_in(self, model: str, totals: Totals) -> bool:
        """Whether a wanted call can be among those of a day's totals."""

    def wants(self, entry: LedgerEntry) -> bool:
        """Whether a call is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSearch:
    """One question for calls across people."""

    asking: Asking
    question: Question
    wish: Wish

    async def page(self, *, limit: int, before: Position | None) -> RecentPage:
        """Up to `limit` calls before a position."""
        recent = RecentCalls(self.asking.api.storage, self.asking.api.reads)
        look = Look(
            sees=self._sees,
            possible=_once_a_day(self._possible) if self.wish.narrows else _everybody,
            wanted=self.wish.wants,
            text=self.wish.q,
        )
        page = await self._page(recent, look, limit, before)
        self.asking.show(entry.subject for entry in page.calls)
        return page

    async def _page(
        self, recent: RecentCalls, look: Look, limit: int, before: Position | None
    ) -> RecentPage:
        days = self.question.days
        if self.wish.q is not None and before is None:
            named = await recent.by_id(self.wish.q, look)
            if named is not None and days.start <= named.day < days.stop:
                return RecentPage((named,), None, await recent.first_hour())
        first = await recent.first_hour()
        calendar = self.question.meta.calendar
        is_one_day = days.stop - days.start == DAY
        if is_one_day and (first is None or instants_of(days.start, calendar)[0] < first):
            return await self._of_old_day(days.start, limit, before, first)
        now = self.asking.api.now()
        return await recent.page(days, look, limit=limit, now=now, before=before)

    async def _of_old_day(
        self, day: date, limit: int, before: Position | None, first: datetime | None
    ) -> RecentPage:
        """From the ledger. Refused past CALLS_OF_DAY_MAX."""
        cells = await self._cells(day)
        subjects = {cell.subject for cell in cells if self.wish.may_be_in(cell.model, cell.totals)}
        calls = sum(cell.totals.calls for cell in cells if cell.subject in subjects)
        if calls > CALLS_OF_DAY_MAX:
            detail = f"{day} has {calls} calls: name a subject, a model or a state"
            raise Refused(ProblemKind.TOO_MUCH, detail)
        reads = NewestCalls(self.asking.api.storage, self.asking.api.reads)
        found: list[LedgerEntry] = []

        async def read(subject: str) -> None:
            calls = await reads.of_day(subject, day)
            found.extend(call for call in calls if _counts(call) and self.wish.wants(call))

        await at_most(PARTITIONS_READ_MAX, map(read, sorted(subjects)))
        found.sort(key=_position, reverse=True)
        following = [each for each in found if before is None or _position(each) < before]
        last = _position(following[limit - 1]) if len(following) > limit else None
        return RecentPage(following[:limit], last, first)

    def _sees(self, subject: str, day: date) -> bool:
        sight = self.question.sight
        return not isinstance(sight, Share) or sight.sees(subject, day)

    async def _possible(self, day: date) -> Container[str] | None:
        cells = await self._cells(day)
        return {cell.subject for cell in cells if self.wish.may_be_in(cell.model, cell.totals)}

    async def _cells(self, day: date) -> Sequence[DailyUsage]:
        """What everybody whom the caller sees used on a day; nobody's calls are shown by it."""
        days, api = DayRange(day, day + DAY), self.asking.api
        if not self.question.meta.has_monthly:
            cells: Sequence[DailyUsage] = await api.reads.usage(days)
        elif isinstance(self.question.sight, Share):
            may_see = cache(self.question.sight.may_see)
            cells = await MonthlyReads(api.storage).usage_of(may_see, days)
        else:
            cells = await MonthlyReads(api.storage).usage(
                days, by_subject=True, by_model=True, by_day=True
            )
        return [cell for cell in cells if self._sees(cell.subject, cell.day)]


def _counts(entry: LedgerEntry) -> bool:
    """Whether the call is counted there: a moved one is found under its true subject."""
    return entry.state is not CallState.MOVED


def _position(entry: LedgerEntry) -> Position:
    """With the subject, as a call that is being moved is counted under two for a moment."""
    return entry.time, f"{entry.call_id}|{encode_part(entry.subject)}"


def _once_a_day(find: Possible) -> Possible:
    """The same, which reads each day once."""
    found: dict[date, Container[str] | None] = {}

    async def possible(day: date) -> Container[str] | None:
        if day not in found:
            found[day] = await find(day)
        return found[day]

    return possible


async def _everybody(day: date) -> None:
    return None
