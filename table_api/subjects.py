"""The list of subjects: each one's totals, sorted, searched and paged by keyset. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from table_api.daily_usage import DailyUsage, Totals, sum_totals
from table_api.people import PeopleDirectory
from table_api.usage_report import NOTHING

Place = tuple[int, str]
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


def subject_usages(
    cells: Iterable[DailyUsage], people: PeopleDirectory, *, today: date
) -> list[SubjectUsage]:
    """Every subject with usage, in no order."""
    by_subject: dict[str, list[DailyUsage]] = {}
    for cell in cells:
        if cell.totals != NOTHING:
            by_subject.setdefault(cell.subject, []).append(cell)
    return [
        SubjectUsage(
            subject=subject,
            name=people.name(subject, today),
            cost_centre=people.cost_centre(subject, today),
            last_day=max(cell.day for cell in of_subject),
            totals=of_subject[0].totals
            if len(of_subject) == 1
            else sum_totals(cell.totals for cell in of_subject),
        )
        for subject, of_subject in by_subject.items()
    ]


def matching(usages: Iterable[SubjectUsage], text: str) -> list[SubjectUsage]:
    """Those whose subject, name or cost centre holds the text, whatever its case."""
    wanted = text.casefold()
    if not wanted:
        return list(usages)
    return [
        usage
        for usage in usages
        if any(
            wanted in (field or "").casefold()
            for field in (usage.subject, usage.name, usage.cost_centre)
        )
    ]


def place_of(usage: SubjectUsage, sort: SubjectSort) -> Place:
    """Where a subject stands in the list."""
    match sort:
        case SubjectSort.CHARGE:
            return usage.totals.charge, usage.subject
        case SubjectSort.CALLS:
            return usage.totals.calls, usage.subject
        case SubjectSort.SUBJECT:
            return 0, usage.subject


def page_of(
    usages: Iterable[SubjectUsage],
    sort: SubjectSort,
    order: Order,
    *,
    limit: int,
    after: Place | None,
) -> tuple[Sequence[SubjectUsage], Place | None]:
    """Up to `limit` subjects after a place, and the place of the last one when more follow.

    The place is a value, not a position: while amounts change between two pages a subject may be
    seen twice or not at all, every other stays where it is.
    """
    descending = order is Order.DESC
    placed = ((place_of(usage, sort), usage) for usage in usages)
    if after is not None:
        placed = (
            (place, usage)
            for place, usage in placed
            if (place < after if descending else place > after)
        )
    following = sorted(placed, key=lambda item: item[0], reverse=descending)
    page = following[:limit]
    last = page[-1][0] if len(following) > limit else None
    return [usage for _, usage in page], last
