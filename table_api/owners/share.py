"""What one caller may see of the ledger: their own calls, and those of what they own. Pure.

Owner and person are joined by the charge day of the call: whoever owned the cost centre on that day
sees it. In a closed month the cost centre is the one that was billed, else the one that table
`people` has for the day.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from table_api.ledger.day_range import DayRange
from table_api.ledger.keys import month_of
from table_api.owners.ownership import Ownership
from table_api.people.people import PeopleDirectory, Person

DAY = timedelta(days=1)
DaysByCentre = Mapping[str, Mapping[str | None, int]]
"""What one close billed of a month: subject → cost centre → its days, bit n for day n."""


@dataclass(frozen=True, slots=True)
class Everything:
    """All of the ledger: what a Billing role sees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of the ledger."""

    subject: str
    """The caller's own."""
    owned: tuple[Ownership, ...]
    people: PeopleDirectory
    """Everybody, as of today."""
    billed: Mapping[str, Sequence[DaysByCentre]]
    """By month (`yyyymm`), the first bill first: at least the months of the question."""

    @property
    def has_centres(self) -> bool:
        """Whether subjects other than those of `subjects` may be in it."""
        return any(each.subject is None for each in self.owned)

    def with_billed(self, billed: Mapping[str, Sequence[DaysByCentre]]) -> "Share":
        """The same, for a question about other days."""
        return replace(self, billed=billed)

    def subjects(self) -> list[str]:
        """The caller's own subject, and the owned ones."""
        return [self.subject, *sorted({each.subject for each in self.owned if each.subject})]

    def cost_centre(self, subject: str, day: date) -> str | None:
        """Who pays for a subject on a charge day."""
        for bill in self.billed.get(month_of(day), ()):
            for centre, days in bill.get(subject, {}).items():
                if days >> day.day & 1:
                    return centre
        return self.people.cost_centre(subject, day)

    def sees(self, subject: str, day: date) -> bool:
        """Whether the calls of a subject on a charge day are in it."""
        if subject == self.subject:
            return True
        if not self.owned:
            return False
        centre = self.cost_centre(subject, day) if self.has_centres else None
        return any(
            each.holds(day) and (each.subject == subject if each.subject else each.name == centre)
            for each in self.owned
        )

    def may_see(self, subject: str) -> bool:
        """Whether calls of a subject may be in it on some day; `sees` decides about each day."""
        if subject in self.subjects():
            return True
        centres = {each.name for each in self.owned if each.subject is None}
        bills = (bill.get(subject, {}) for months in self.billed.values() for bill in months)
        return any(row.cost_centre in centres for row in self.people.rows_of(subject)) or any(
            not centres.isdisjoint(bill) for bill in bills
        )

    def days(self, subject: str, days: DayRange) -> list[DayRange]:
        """The days of a range on which the calls of a subject are in it, in runs."""
        if subject == self.subject:
            return [days]
        runs: list[DayRange] = []
        day = days.start
        while day < days.stop:
            if self.sees(subject, day):
                if runs and runs[-1].stop == day:
                    runs[-1] = DayRange(runs[-1].start, day + DAY)
                else:
                    runs.append(DayRange(day, day + DAY))
            day += DAY
        return runs

    def owns_centre(self, name: str | None, days: DayRange) -> bool:
        """Whether a cost centre is the caller's on every day of a range."""
        return name is not None and self._owns(days, subject=None, name=name)

    def owns_subject(self, subject: str, days: DayRange) -> bool:
        """Whether a subject is the caller, or the caller's on every day of a range."""
        return subject == self.subject or self._owns(days, subject=subject, name=None)

    def _owns(self, days: DayRange, *, subject: str | None, name: str | None) -> bool:
        mine = [
            each
            for each in self.owned
            if (each.subject == subject if subject else each.subject is None and each.name == name)
        ]
        day = days.start
        while day < days.stop:
            if not any(each.holds(day) for each in mine):
                return False
            day += DAY
        return True

    def visible_people(self) -> PeopleDirectory:
        """People as the caller may know them: their own rows, and those of a cost centre or subject
        while the caller owns it.
        """
        return PeopleDirectory(self._visible_rows())

    def _visible_rows(self) -> Iterator[Person]:
        for subject in self.people.subjects() if self.has_centres else self.subjects():
            until: date | None = None
            for row in reversed(self.people.rows_of(subject)):
                if subject == self.subject or self._shows(row, until):
                    yield row
                until = row.valid_from

    def _shows(self, row: Person, until: date | None) -> bool:
        return any(
            (each.subject == row.subject if each.subject else each.name == row.cost_centre)
            and (until is None or each.valid_from < until)
            and (each.valid_until is None or row.valid_from < each.valid_until)
            for each in self.owned
        )


Sight = Everything | Share
