"""The list of subjects: sorted, searched and paged by keyset, each with its totals. Pure.

It stays in columns: of 10,000 subjects only those of the page become SubjectUsage.
"""

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from heapq import nlargest, nsmallest
from itertools import compress, count, islice
from operator import eq

from table_api.ledger.measures import MeasureList, add_up
from table_api.people.people import PeopleDirectory
from table_api.usage.daily_usage import POSITION, DailyUsage, Totals, measure_list_of, totals_of
from table_api.usage.grouping import NOTHING

FEW_LOOKED_AT = 1_000
"""Subjects of a list that are looked at to leave most others unsorted."""

ListPosition = tuple[int, str]
"""(what it is sorted by, subject) of a list's line; (0, subject) where it is sorted by subject."""


class SubjectSort(StrEnum):
    """What the list is sorted by; equal ones by subject."""

    CHARGE = "charge"
    CALLS = "calls"
    SUBJECT = "subject"
    CHANGE = "change"
    """The charge less that of the days it is compared with."""


class Order(StrEnum):
    """Direction of a list."""

    ASC = "asc"
    DESC = "desc"


@dataclass(frozen=True, slots=True)
class UsageColumns:
    """Usage of any number of subjects, in rows; a subject may have several."""

    subjects: Sequence[str]
    measures: Sequence[Sequence[int]]
    """A column for each measure, in MEASURE_ORDER. The last ones may be absent, where all are 0."""
    days: Callable[[int], Collection[date]]
    """The days with a call, by the row: made for few of them."""
    sums: Sequence[int] | None = None
    """The sum of each column, where whoever made them has it."""

    def __len__(self) -> int:
        """The number of its rows."""
        return len(self.subjects)

    def only(self, wanted: Container[str]) -> "UsageColumns":
        """Those of some subjects."""
        rows = list(compress(count(), map(wanted.__contains__, self.subjects)))
        return UsageColumns(
            [self.subjects[row] for row in rows],
            [[column[row] for row in rows] for column in self.measures],
            [self.days(row) for row in rows].__getitem__,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectUsage:
    """One subject's usage in a range of days."""

    subject: str
    name: str | None
    """Today's."""
    cost_centre: str | None
    """Today's; the report by cost centre takes the one of the charge day."""
    first_day: date
    last_day: date
    """The first and the last day with a call."""
    active_days: int
    """Days with a call."""
    totals: Totals
    earlier: Totals | None
    """In the days it is compared with; None where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Subjects that the list lacks, because they have no usage any more."""

    subjects: int
    charge: int | None
    """In the days that the list is compared with; None where none of their calls has a cost."""


def columns_of(cells: Iterable[DailyUsage]) -> UsageColumns:
    """The cells as columns, without those that corrections have emptied."""
    full = [cell for cell in cells if cell.totals != NOTHING]
    return UsageColumns(
        [cell.subject for cell in full],
        list(zip(*(measure_list_of(cell.totals) for cell in full), strict=True)),
        [(cell.day,) for cell in full].__getitem__,
    )


class SubjectList:
    """Every subject with usage."""

    def __init__(
        self,
        parts: Sequence[UsageColumns],
        people: PeopleDirectory,
        *,
        today: date,
        earlier: Sequence[UsageColumns] | None = None,
    ) -> None:
        """`earlier` is the usage of the days that these are compared with."""
        self._parts = parts
        self._people = people
        self._today = today
        self._earlier = earlier
        self._number: int | None = None
        """Of subjects, once it is known."""

    def matching(self, text: str) -> "SubjectList":
        """Those whose subject, name or cost centre holds the text, whatever its case."""
        wanted = text.casefold()
        if not wanted:
            return self
        both = (*self._parts, *(self._earlier or ()))
        everybody = {subject for part in both for subject in part.subjects}
        found = {subject for subject in everybody if self._holds(subject, wanted)}
        parts = [part.only(found) for part in self._parts]
        earlier = None if self._earlier is None else [part.only(found) for part in self._earlier]
        return SubjectList(parts, self._people, today=self._today, earlier=earlier)

    def page(
        self, sort: SubjectSort, order: Order, *, limit: int, after: ListPosition | None
    ) -> tuple[Sequence[SubjectUsage], ListPosition | None]:
        """Up to `limit` subjects after a position, and that of the last one when more follow.

        A position is a value, not a number of lines: while totals change between two pages a
        subject may be seen twice or not at all, every other stays where it is.
        """
        descending = order is Order.DESC
        sums = self._sums(sort)
        self._number = len(sums)
        first = nlargest if descending else nsmallest
        lines: Iterable[ListPosition]
        if after is not None:
            every = zip(sums.values(), sums, strict=True)
            lines = [line for line in every if (line < after if descending else line > after)]
        else:
            lines = _may_be_first(sums, limit + 1, descending=descending)
        # One more than is shown tells whether the list goes on.
        following = first(limit + 1, lines)
        last = following[limit - 1] if len(following) > limit else None
        return self._usages([subject for _, subject in following[:limit]]), last

    def __len__(self) -> int:
        if self._number is None:
            self._number = len(set[str]().union(*(part.subjects for part in self._parts)))
        return self._number

    def gone(self) -> Gone | None:
        """Who had usage in the days it is compared with, and has none now."""
        if self._earlier is None:
            return None
        present = set[str]().union(*(part.subjects for part in self._parts))
        charges = _summed(self._earlier, "charge")
        absent = charges.keys() - present
        charge: int | None = sum(charges[each] for each in absent)
        if not charge and not _total([part.only(absent) for part in self._earlier]).cost_known:
            charge = None
        return Gone(subjects=len(absent), charge=charge)

    def totals(self) -> Totals:
        """The sum over all of them."""
        return _total(self._parts)

    def _holds(self, subject: str, wanted: str) -> bool:
        person = self._people.at(subject, self._today)
        named = (person.display_name, person.cost_centre) if person else ()
        return any(wanted in (field or "").casefold() for field in (subject, *named))

    def _sums(self, sort: SubjectSort) -> dict[str, int]:
        """What each subject is sorted by."""
        if sort is SubjectSort.SUBJECT:
            return {subject: 0 for part in self._parts for subject in part.subjects}
        if sort is not SubjectSort.CHANGE:
            return _summed(self._parts, sort.value)
        before = _summed(self._earlier or (), "charge")
        now = _summed(self._parts, "charge")
        return {subject: charge - before.get(subject, 0) for subject, charge in now.items()}

    def _usages(self, subjects: Sequence[str]) -> list[SubjectUsage]:
        shown = [part.only(set(subjects)) for part in self._parts]
        days: dict[str, set[date]] = {subject: set() for subject in subjects}
        for part in shown:
            for row, subject in enumerate(part.subjects):
                days[subject].update(part.days(row))
        totals = _totals_by_subject(shown, subjects)
        earlier: Mapping[str, Totals] = {}
        if self._earlier is not None:
            parts = [part.only(set(subjects)) for part in self._earlier]
            earlier = _totals_by_subject(parts, subjects)
        return [
            SubjectUsage(
                subject=subject,
                name=self._people.name(subject, self._today),
                cost_centre=self._people.cost_centre(subject, self._today),
                first_day=min(days[subject]),
                last_day=max(days[subject]),
                active_days=len(days[subject]),
                totals=totals[subject],
                earlier=earlier.get(subject),
            )
            for subject in subjects
        ]


def _total(parts: Sequence[UsageColumns]) -> Totals:
    return totals_of(
        add_up(list(map(sum, part.measures)) if part.sums is None else part.sums for part in parts)
    )


def _may_be_first(
    sums: Mapping[str, int], number: int, *, descending: bool
) -> Iterable[ListPosition]:
    """Those that the first ones are among: who comes after so many others is none of them."""
    looked_at = list(islice(sums.values(), FEW_LOOKED_AT))
    if len(looked_at) < number:
        return zip(sums.values(), sums, strict=True)
    if descending:
        last = nlargest(number, looked_at)[-1]
        return [(value, subject) for subject, value in sums.items() if value >= last]
    last = nsmallest(number, looked_at)[-1]
    return [(value, subject) for subject, value in sums.items() if value <= last]


def _summed(parts: Sequence[UsageColumns], measure: str) -> dict[str, int]:
    """One measure of each subject."""
    sums: dict[str, int] = {}
    position = POSITION[measure]
    for part in parts:
        has_any = len(part.measures) > position
        column = part.measures[position] if has_any else [0] * len(part.subjects)
        if not sums:
            sums = _summed_neighbours(part.subjects, column)
            continue
        for subject, value in zip(part.subjects, column, strict=True):
            sums[subject] = sums.get(subject, 0) + value
    return sums


def _summed_neighbours(subjects: Sequence[str], column: Sequence[int]) -> dict[str, int]:
    """The sum of each subject. Rows of one subject are mostly next to each other, as storage has
    them: then only those are added up, and the others taken as they are.
    """
    sums = dict(zip(subjects, column, strict=True))  # the last row of each
    if len(sums) == len(subjects):
        return sums
    again = list(compress(count(), map(eq, subjects, islice(subjects, 1, None))))
    if len(sums) + len(again) == len(subjects):
        for row in again:
            sums[subjects[row]] += column[row]
        return sums
    sums = dict.fromkeys(subjects, 0)
    for subject, value in zip(subjects, column, strict=True):
        sums[subject] += value
    return sums


def _totals_by_subject(parts: Sequence[UsageColumns], subjects: Sequence[str]) -> dict[str, Totals]:
    measures: dict[str, list[MeasureList]] = {subject: [] for subject in subjects}
    for part in parts:
        for row, subject in enumerate(part.subjects):
            measures[subject].append([column[row] for column in part.measures])
    return {subject: totals_of(add_up(lists)) for subject, lists in measures.items()}
