"""What an import of people would do to past days: reads the calls concerned, writes nothing."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pricing_rules.engine.rating import rate
from pricing_rules.errors import InvalidBook
from table_api.errors import LedgerMismatch
from table_api.ledger.book_archive import BookArchive
from table_api.ledger.keys import LEDGER_TABLE
from table_api.ledger.meta import LedgerMeta
from table_api.ledger.posting import MeteredCall, make_posting
from table_api.ledger.recorded_call import recorded_event, reprices
from table_api.people.people import PeopleDirectory
from table_api.people.regroupings import Regrouping
from table_api.rerating.scope import Scope, ScopedCall, scan
from table_api.storage.table_storage import TableStorage

SUBJECTS_ONE_BY_ONE_MAX = 50
"""More are found by one read of all calls since the first changed day."""

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDays:
    """A ledger whose people are about to change."""

    storage: TableStorage
    meta: LedgerMeta
    books: BookArchive
    closed: Collection[str]
    """Closed months, `yyyymm`."""

    async def regroupings(
        self, before: PeopleDirectory, after: PeopleDirectory
    ) -> list[Regrouping]:
        """By subject and month; only where there are calls."""
        found: dict[Key, Regrouping] = {}
        async for call in self._calls(before, after):
            subject = call.entry.subject
            old = before.cost_centre(subject, call.day)
            if old == call.cost_centre:
                continue
            month = f"{call.day:%Y%m}"
            key = (subject, month, old or "", call.cost_centre or "")
            line = found.get(key) or Regrouping(
                subject=subject,
                first_day=call.day,
                last_day=call.day,
                before=old,
                after=call.cost_centre,
                calls=0,
                charge=0,
                closed=month in self.closed,
            )
            found[key] = await self._with(line, call)
        return [found[key] for key in sorted(found)]

    async def _calls(
        self, before: PeopleDirectory, after: PeopleDirectory
    ) -> AsyncIterator[ScopedCall]:
        """Those of changed subjects from their first changed day on."""
        since = first_changed_days(before, after)
        months = sorted({key[:6] async for key in self.storage.partitions(LEDGER_TABLE)})
        if not since or not months:
            return
        first, last = _first_day(months[0]), _first_day(months[-1])
        end = (last + timedelta(days=31)).replace(day=1)
        subjects: list[str | None] = [*sorted(since)]
        if len(subjects) > SUBJECTS_ONE_BY_ONE_MAX:
            subjects = [None]
        for subject in subjects:
            day = since[subject] if subject is not None else min(since.values())
            if (start := max(day, first)) >= end:
                continue
            scope = Scope(from_day=start, to_day=end, subject=subject)
            async for call in scan(self.storage, self.meta, after, scope):
                yield call

    async def _with(self, line: Regrouping, call: ScopedCall) -> Regrouping:
        """The line and one call more, rated with the book that the call stands on."""
        entry = call.entry
        charge = entry.measures.get("charge", 0)
        line = replace(
            line,
            first_day=min(line.first_day, call.day),
            last_day=max(line.last_day, call.day),
            calls=line.calls + entry.measures["calls"],
            charge=line.charge + charge,
        )
        try:
            book = await self.books.get(entry.book_version)
        except InvalidBook:
            book = None
        if book is None:
            return replace(line, not_compared=line.not_compared + 1)
        priced = rate(recorded_event(entry), book, call.cost_centre)
        rated = MeteredCall(priced=priced, origin=entry.origin)
        try:
            posting = make_posting(rated, self.meta.calendar, self.meta.settings)
        except LedgerMismatch:  # its book has other currencies
            return replace(line, not_compared=line.not_compared + 1)
        if not reprices(entry, posting):
            return line
        delta = line.delta + posting.measures.get("charge", 0) - charge
        return replace(line, repriced=line.repriced + 1, delta=delta)


def first_changed_days(before: PeopleDirectory, after: PeopleDirectory) -> dict[str, date]:
    """Subject → the first day on which its cost centre is another. Pure."""
    days: dict[str, date] = {}
    for person in (*before, *after):
        subject, day = person.subject, person.valid_from
        if before.cost_centre(subject, day) != after.cost_centre(subject, day):
            days[subject] = min(day, days.get(subject, day))
    return days


def _first_day(month: str) -> date:
    return date(int(month[:4]), int(month[4:]), 1)
