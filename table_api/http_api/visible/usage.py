"""Usage and subjects as one caller may see them."""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial

from table_api.consumer_state.progress import newest_enqueued_time
from table_api.http_api.access.question import Asking, Question
from table_api.http_api.conventions.problems import ProblemKind, Refused
from table_api.ledger.day_range import DayRange
from table_api.monthly.reads import MonthlyReads
from table_api.owners.share import Everything, Share
from table_api.usage.call_usage import CallUsageReads
from table_api.usage.daily_usage import DailyUsage
from table_api.usage.grouping import Dimension
from table_api.usage.subject_list import SubjectList, SubjectUsage, UsageColumns, columns_of


async def everybodys_usage(
    asking: Asking, question: Question, dimensions: AbstractSet[Dimension]
) -> Sequence[DailyUsage]:
    """What a report over everybody adds up, no finer than the dimensions ask for."""
    if isinstance(question.sight, Share):
        return await _usage_of_share(asking, question, question.sight)
    asking.shows_everybody = True
    if not question.meta.has_monthly:
        return await asking.api.reads.usage(question.days)
    # Whose cost centre it is depends on the charge day.
    of_centres = Dimension.COST_CENTRE in dimensions
    if of_centres and Dimension.SUBJECT not in dimensions:
        return await MonthlyReads(asking.api.storage).alike(question.days, _alike(question))
    return await _everybodys_months(asking, question).usage(
        question.days,
        by_subject=of_centres or Dimension.SUBJECT in dimensions,
        by_model=Dimension.MODEL in dimensions,
        by_day=of_centres or Dimension.DAY in dimensions,
    )


def _alike(question: Question) -> Callable[[str], str]:
    """For each subject one that has the same cost centre on all of the days; itself where its cost
    centre changes. So a report by cost centre adds up some hundred cells, not those of everybody.
    """
    days, people = question.days, question.people
    first: dict[str | None, str] = {}

    @cache
    def alike(subject: str) -> str:
        changes = (days.start < row.valid_from < days.stop for row in people.rows_of(subject))
        if any(changes):
            return subject
        return first.setdefault(people.cost_centre(subject, days.start), subject)

    return alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """Which part of everybody's usage a list is made of; None takes all."""

    model: str | None = None
    cost_centre: str | None = None
    """On the charge day; empty for usage without one."""

    def keeps(self, cell: DailyUsage, question: Question) -> bool:
        """Whether a cell is in the list."""
        if self.model is not None and cell.model != self.model:
            return False
        if self.cost_centre is None:
            return True
        return question.cost_centre(cell.subject, cell.day) == (self.cost_centre or None)


async def every_subject(
    asking: Asking, question: Question, only: Only, *, compared: DayRange | None
) -> SubjectList:
    """The list of subjects, next to their usage in the days it is compared with."""
    parts = await _subject_parts(asking, question, only)
    earlier = None
    if compared is not None:
        sight = await asking.sight(compared)
        then = replace(question, days=compared, sight=sight)
        earlier = await _subject_parts(asking, then, only)
    return SubjectList(parts, question.people, today=question.today, earlier=earlier)


async def _subject_parts(asking: Asking, question: Question, only: Only) -> list[UsageColumns]:
    if isinstance(question.sight, Share):
        cells = await _usage_of_share(asking, question, question.sight)
    elif question.meta.has_monthly and only.cost_centre is None:
        return await _everybodys_months(asking, question).subjects(question.days, only.model)
    elif question.meta.has_monthly:
        wanted = cache(partial(_has_had, question, only.cost_centre or None))
        cells = await MonthlyReads(asking.api.storage).usage_of(wanted, question.days)
    else:
        cells = await asking.api.reads.usage(question.days)
    return [columns_of(cell for cell in cells if only.keeps(cell, question))]


def _has_had(question: Question, cost_centre: str | None, subject: str) -> bool:
    """Whether the subject has this cost centre on some of the days; None is to have none."""
    days, people = question.days, question.people
    rows = people.rows_of(subject)
    later = [row.cost_centre for row in rows if days.start < row.valid_from < days.stop]
    return cost_centre in (people.cost_centre(subject, days.start), *later)


def show_list(
    asking: Asking, question: Question, page: Iterable[SubjectUsage], *, is_whole: bool
) -> None:
    """A page of that list is in the answer. Its totals are of all of the list."""
    asking.show(line.subject for line in page)
    if isinstance(question.sight, Everything) and not is_whole:
        asking.shows_everybody = True


async def subject_usage(asking: Asking, question: Question, subject: str) -> Sequence[DailyUsage]:
    """One subject's usage; nothing of a subject that the caller does not see."""
    if isinstance(question.sight, Everything):
        asking.show([subject])
        return await asking.api.reads.subject_usage(subject, question.days)
    cells: list[DailyUsage] = []
    for days in question.sight.days(subject, question.days):
        cells += await asking.api.reads.subject_usage(subject, days)
    asking.show(cell.subject for cell in cells)
    return cells


async def calls_usage(
    asking: Asking, question: Question, cells: Sequence[DailyUsage]
) -> Sequence[DailyUsage]:
    """The calls that visible cells of the range add up, each by itself."""
    reads = CallUsageReads(asking.api.storage, asking.api.reads)
    return await reads.of(cells, question.days)


async def newest_call(asking: Asking, question: Question) -> datetime | None:
    """When the newest event that is metered reached the hub. It may be anybody's."""
    if isinstance(question.sight, Share):
        return None
    return await newest_enqueued_time(asking.api.storage, asking.api.groups.metering)


async def check_known(asking: Asking, question: Question, subject: str) -> None:
    """Refused when neither the people nor the ledger's last months know the subject.

    One that the caller does not see is unknown too, by the same words, and before any read. The
    caller is known before their first call.
    """
    sight = question.sight
    mine = isinstance(sight, Everything) or subject in sight.subjects()
    if subject in question.people or subject == asking.caller.subject:
        return
    if not mine or not await asking.api.reads.knows(subject, question.today):
        raise Refused(
            ProblemKind.UNKNOWN_SUBJECT, "neither the ledger nor the people know this subject"
        )


def _everybodys_months(asking: Asking, question: Question) -> MonthlyReads:
    """Reads for a caller who sees everybody: what they keep names all."""
    return MonthlyReads(
        asking.api.storage,
        kept=asking.api.kept_answers,
        open_months=asking.api.open_months,
        running_month=f"{question.today:%Y%m}",
    )


async def _usage_of_share(asking: Asking, question: Question, share: Share) -> Sequence[DailyUsage]:
    """By subject, model and day."""
    if share.has_centres:
        found = await _days_of_centres(asking, question, share)
        cells = [cell for cell in found if share.sees(cell.subject, cell.day)]
    else:
        cells = []
        for subject in share.subjects():
            for days in share.days(subject, question.days):
                cells += await asking.api.reads.subject_usage(subject, days)
    asking.show(cell.subject for cell in cells)
    return cells


async def _days_of_centres(
    asking: Asking, question: Question, share: Share
) -> Sequence[DailyUsage]:
    if not question.meta.has_monthly:
        return await asking.api.reads.usage(question.days)
    return await MonthlyReads(asking.api.storage).usage_of(cache(share.may_see), question.days)
