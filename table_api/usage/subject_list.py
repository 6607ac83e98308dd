"""The list of subjects: sorted, searched and paged by keyset, each with its totals. Pure.

It stays in columns: of 10,000 subjects only those of the page become SubjectUsage.
"""

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from heapq import nlargest, nsmallest

from table_api.ledger.measures import MeasureList, add_up
from table_api.people.people import PeopleDirectory
from table_api.usage.daily_usage import PLACE, DailyUsage, Totals, amounts_of, totals_of
from table_api.usage.grouping import NOTHING

ListPosition = tuple[int, str]
"""(sorted amount, subject) of a list's line; the amount is 0 where the list sorts by subject."""


class SubjectSort(StrEnum):
    """What the list is sorted by; equal amounts by subject."""

    CHARGE = "charge"
    CALLS = "calls"
    SUBJECT = "subject"


class Order(StrEnum):
    """Direction of a list."""

    ASC = "asc"
    DESC = "desc"


@dataclass(frozen=True, slots=True)
class UsageColumns:
    """Usage of any number of subjects; a subject may stand at several places."""

    subjects: Sequence[str]
    amounts: Sequence[Sequence[int]]
    """A column for each amount, in the order of AMOUNTS; those at the end that nobody has may
    be absent.
    """
    last_day: Callable[[int], date]
    """The last day with a call, by the place in the columns: made for few of them."""

    def only(self, wanted: Container[str]) -> "UsageColumns":
        """Those of some subjects."""
        places = [place for place, subject in enumerate(self.subjects) if subject in wanted]
        return UsageColumns(
            [self.subjects[place] for place in places],
            [[column[place] for place in places] for column in self.amounts],
            [self.last_day(place) for place in places].__getitem__,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectUsage:
    """One subject's usage in a range of days."""

    subject: str
    name: str | None
    """Today's."""
    cost_centre: str | None
    """Today's; the report by cost centre takes the one of the charge day."""
    last_day: date
    """The last day with a call."""
    totals: Totals


def columns_of(cells: Iterable[DailyUsage]) -> UsageColumns:
    """The cells as columns, without those that corrections have emptied."""
    full = [cell for cell in cells if cell.totals != NOTHING]
    return UsageColumns(
        [cell.subject for cell in full],
        list(zip(*(amounts_of(cell.totals) for cell in full), strict=True)),
        [cell.day for cell in full].__getitem__,
    )


class SubjectList:
    """Every subject with usage."""

    def __init__(
        self, parts: Sequence[UsageColumns], people: PeopleDirectory, *, today: date
    ) -> None:
        self._parts = parts
        self._people = people
        self._today = today

    def matching(self, text: str) -> "SubjectList":
        """Those whose subject, name or cost centre holds the text, whatever its case."""
        wanted = text.casefold()
        if not wanted:
            return self
        everybody = {subject for part in self._parts for subject in part.subjects}
        found = {subject for subject in everybody if self._holds(subject, wanted)}
        parts = [part.only(found) for part in self._parts]
        return SubjectList(parts, self._people, today=self._today)

    def page(
        self, sort: SubjectSort, order: Order, *, limit: int, after: ListPosition | None
    ) -> tuple[Sequence[SubjectUsage], ListPosition | None]:
        """Up to `limit` subjects after a place, and the place of the last one when more follow.

        The place is a value, not a position: while amounts change between two pages a subject may
        be seen twice or not at all, every other stays where it is.
        """
        descending = order is Order.DESC
        sums = self._sums(sort)
        places: Iterable[ListPosition] = zip(sums.values(), sums, strict=True)
        if after is not None:
            places = [place for place in places if (place < after if descending else place > after)]
        # One more than is shown tells whether the list goes on.
        following = (nlargest if descending else nsmallest)(limit + 1, places)
        last = following[limit - 1] if len(following) > limit else None
        return self._usages([subject for _, subject in following[:limit]]), last

    def totals(self) -> Totals:
        """The sum over all of them."""
        return totals_of(add_up([list(map(sum, part.amounts)) for part in self._parts]))

    def _holds(self, subject: str, wanted: str) -> bool:
        person = self._people.at(subject, self._today)
        named = (person.display_name, person.cost_centre) if person else ()
        return any(wanted in (field or "").casefold() for field in (subject, *named))

    def _sums(self, sort: SubjectSort) -> dict[str, int]:
        """What each subject is sorted by."""
        sums: dict[str, int] = {}
        place = PLACE["charge" if sort is SubjectSort.CHARGE else "calls"]
        for part in self._parts:
            if sort is SubjectSort.SUBJECT or len(part.amounts) <= place:
                column: Sequence[int] = [0] * len(part.subjects)
            else:
                column = part.amounts[place]
            for subject, amount in zip(part.subjects, column, strict=True):
                sums[subject] = sums.get(subject, 0) + amount
        return sums

    def _usages(self, subjects: Sequence[str]) -> list[SubjectUsage]:
        amounts: dict[str, list[MeasureList]] = {subject: [] for subject in subjects}
        days: dict[str, list[date]] = {subject: [] for subject in subjects}
        for part in self._parts:
            shown = part.only(amounts)
            for place, subject in enumerate(shown.subjects):
                amounts[subject].append([column[place] for column in shown.amounts])
                days[subject].append(shown.last_day(place))
        return [
            SubjectUsage(
                subject=subject,
                name=self._people.name(subject, self._today),
                cost_centre=self._people.cost_centre(subject, self._today),
                last_day=max(days[subject]),
                totals=totals_of(add_up(amounts[subject])),
            )
            for subject in subjects
        ]
