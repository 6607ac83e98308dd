"""Reads of `monthly`: everybody's usage, no finer than a question asks.

Texts become numbers many at once: a month of 10,000 subjects has some 100,000 days. Those of few
groups do so page by page, while the processor's cache has them, those of many when all rows are
read. Answers of months that are over are kept: see kept_answers. Those of the running month are
brought up to what has changed: see open_months.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from itertools import zip_longest
from typing import TypeVar

from table_api.errors import TooManyCells
from table_api.ledger.day_range import DayRange, MonthDays
from table_api.ledger.measures import add_up
from table_api.monthly.damaged_rows import damage_named
from table_api.monthly.day_sums import usage_sums
from table_api.monthly.kept_answers import A, KeptAnswers, Revision
from table_api.monthly.open_months import MonthSums, OpenMonths
from table_api.monthly.projected_day import (
    MONTHLY_TABLE,
    MonthTotal,
    SubjectTotal,
    TextSums,
    append_columns,
    decode_columns,
)
from table_api.monthly.subject_sums import active_days, subject_sums
from table_api.monthly.usage_lines import (
    Who,
    check_named,
    date_of,
    days_by_column,
    is_whole,
    names_taker,
    usage_of,
)
from table_api.storage.keys import EVERY_ROW
from table_api.storage.parallel import all_of
from table_api.storage.table_storage import Row, TableStorage
from table_api.usage.daily_usage import DailyUsage
from table_api.usage.subject_list import UsageColumns

TEXTS_READ_MAX = 2_000_000
"""Days of rows that one question may read: about 300 MB."""

T = TypeVar("T", bound=MonthTotal)


class MonthlyReads:
    """Answers as the cells would. Raises Unavailable, and Altered for a row that is damaged."""

    def __init__(
        self,
        storage: TableStorage,
        *,
        kept: KeptAnswers | None = None,
        open_months: OpenMonths | None = None,
        running_month: str | None = None,
    ) -> None:
        """`kept` has the answers of months before the running one (`yyyymm`), `open_months` those
        of that one.
        """
        self._storage = storage
        self._kept = kept
        self._open_months = open_months
        self._running_month = running_month

    @damage_named
    async def alike(self, days: DayRange, alike: Callable[[str], str]) -> list[DailyUsage]:
        """By model and day, and by one subject for all those that are alike: `alike` names it."""
        found: list[DailyUsage] = []

        async def read(month: MonthDays) -> None:
            of_month = await self._days(month, _named(True, True), None, alike=alike)
            found.extend(_by_day(month, of_month))

        await all_of(read(month) for month in days.months())
        return found

    @damage_named
    async def usage(
        self, days: DayRange, *, by_subject: bool, by_model: bool, by_day: bool
    ) -> list[DailyUsage]:
        """What the reports are answered from; several may be of one group.

        Without `by_day` a group's usage of a month stands on some day of it. Raises TooManyCells
        past TEXTS_READ_MAX.
        """
        found: list[DailyUsage] = []
        named = _named(by_subject, by_model)

        async def read(month: MonthDays) -> None:
            found.extend(
                await self._answer(
                    month,
                    ("usage", month, named, by_day),
                    lambda revision: self._month(month, named, revision, by_day=by_day),
                    lambda: usage_sums(month, named, by_day=by_day),
                )
            )

        await all_of(read(month) for month in days.months())
        return found

    @damage_named
    async def usage_of(self, wanted: Callable[[str], bool], days: DayRange) -> list[DailyUsage]:
        """The usage of some subjects by subject, model and day: others' rows are left as texts."""
        found: list[DailyUsage] = []

        async def read(month: MonthDays) -> None:
            of_month = await self._days(month, _named(True, True), None, wanted)
            found.extend(_by_day(month, of_month))

        await all_of(read(month) for month in days.months())
        return found

    @damage_named
    async def subjects(self, days: DayRange, model: str | None = None) -> list[UsageColumns]:
        """What the list of subjects is made of, of one model or of all. Raises TooManyCells past
        TEXTS_READ_MAX.
        """
        found: list[UsageColumns] = []

        async def read(month: MonthDays) -> None:
            found.append(
                await self._answer(
                    month,
                    ("subjects", month, model),
                    lambda revision: self._subjects(month, model, revision),
                    lambda: subject_sums(month, model),
                )
            )

        await all_of(read(month) for month in days.months())
        return found

    async def _answer(
        self,
        month: MonthDays,
        question: Hashable,
        read: Callable[[Revision | None], Awaitable[A]],
        sums: Callable[[], MonthSums[A]],
    ) -> A:
        """From what is kept, where the month is over or runs; else read now."""
        running = self._running_month
        if self._open_months is not None and month.month == running:
            return await self._open_months.answer(
                self._storage, month.month, question, sums=sums, first=lambda: read(None)
            )
        if self._kept is None or running is None or month.month >= running:
            return await read(None)
        return await self._kept.answer(
            question, revision=lambda: self._revision(month.month), read=read
        )

    async def _revision(self, month: str) -> str:
        """That of the rows as they are now."""
        revision = Revision()
        async for _ in self._rows(month, (), revision):
            pass
        return revision.digest()

    async def _subjects(
        self, month: MonthDays, model: str | None, revision: Revision | None
    ) -> UsageColumns:
        if is_whole(month):
            return await self._whole_month(month.month, model, revision)
        named = _named(True, model is not None)
        found = [
            (who[0], sums)
            for who, sums in (await self._days(month, named, revision)).items()
            if model is None or who[1] == model
        ]
        day_of = days_by_column(month)
        return UsageColumns(
            [subject for subject, _ in found],
            list(zip_longest(*(sums.total() for _, sums in found), fillvalue=0)),
            lambda row: [date_of(month.month, day_of[name]) for name in found[row][1].known()],
        )

    async def _month(
        self, month: MonthDays, named: Sequence[str], revision: Revision | None, *, by_day: bool
    ) -> list[DailyUsage]:
        if not by_day and is_whole(month):
            return await self._totals(month, named, revision)
        days = await self._days(month, named, revision)
        if by_day:
            return _by_day(month, days)
        day_of = days_by_column(month)
        return [
            usage_of(who, month.month, max(map(day_of.__getitem__, sums.known())), sums.total())
            for who, sums in days.items()
        ]

    async def _whole_month(
        self, month: str, model: str | None, revision: Revision | None
    ) -> UsageColumns:
        """Each row of a month, as columns."""
        named = _named(True, model is not None)
        subjects: list[str] = []
        measures: list[list[int]] = []
        sums: list[int] = []
        actives: list[int] = []
        columns = (*named, "total", "active")
        async for page in self._total_rows(month, SubjectTotal, columns, revision):
            full = [row for row in page if row.total and (model is None or row.model == model)]
            added = decode_columns([row.total for row in full])
            append_columns(measures, added, rows=len(subjects), more=len(full))
            sums = add_up([sums, list(map(sum, added))])  # while they are in the processor's cache
            subjects += [row.subject for row in full]
            actives += [row.active for row in full]
        return UsageColumns(subjects, measures, active_days(month, actives), sums)

    async def _totals(
        self, month: MonthDays, named: Sequence[str], revision: Revision | None
    ) -> list[DailyUsage]:
        sums = TextSums[Who]()
        columns = (*named, "total")
        async for page in self._total_rows(month.month, MonthTotal, columns, revision):
            for row in page:
                if row.total:
                    sums.texts[row.subject, row.model].append(row.total)
            if "subject" not in named:
                sums.add_up()
        return [
            usage_of(who, month.month, month.start, measures)
            for who, measures in sums.by_key().items()
        ]

    async def _days(
        self,
        month: MonthDays,
        named: Sequence[str],
        revision: Revision | None,
        wanted: Callable[[str], bool] = lambda subject: True,
        alike: Callable[[str], str] = lambda subject: subject,
    ) -> dict[Who, TextSums[str]]:
        """By column, of each group that has any."""
        groups: dict[Who, TextSums[str]] = {}
        who_of = names_taker(named, wanted, alike)
        async for page in self._rows(month.month, (*named, *days_by_column(month)), revision):
            for row in page:
                who = who_of(row)
                if who is None:
                    continue
                group = groups.get(who)
                if group is None:
                    group = groups[who] = TextSums()
                texts = group.texts
                for name, text in row.items():
                    if text:
                        texts[name].append(text)
            if "subject" not in named:
                for group in groups.values():
                    group.add_up()
        return {who: sums for who, sums in groups.items() if sums.known()}

    async def _total_rows(
        self, month: str, kind: type[T], select: Sequence[str], revision: Revision | None
    ) -> AsyncIterator[list[T]]:
        """Rows of which no day is asked for."""
        if revision is not None:
            select = (*select, "Timestamp")
        read = 0
        async for page in self._storage.query_as(MONTHLY_TABLE, month, EVERY_ROW, kind, select):
            if revision is not None:
                revision.take([row.Timestamp for row in page])
            read += len(page)
            if read > TEXTS_READ_MAX:
                raise TooManyCells(f"the range has more than {TEXTS_READ_MAX} subjects")
            check_named(page, select)
            yield page

    async def _rows(
        self, month: str, select: Sequence[str], revision: Revision | None
    ) -> AsyncIterator[list[Row]]:
        read = 0
        if revision is not None:
            select = (*select, "Timestamp")
        async for page in self._storage.query(MONTHLY_TABLE, month, EVERY_ROW, select=select):
            if revision is not None:
                revision.take([str(row.pop("Timestamp")) for row in page])
            read += sum(map(len, page))
            if read > TEXTS_READ_MAX:
                raise TooManyCells(f"the range has more than {TEXTS_READ_MAX} days of subjects")
            yield page


def _named(by_subject: bool, by_model: bool) -> tuple[str, ...]:
    return ("subject",) * by_subject + ("model",) * by_model


def _by_day(month: MonthDays, groups: Mapping[Who, TextSums[str]]) -> list[DailyUsage]:
    day_of = days_by_column(month)
    return [
        usage_of(who, month.month, day_of[name], measures)
        for who, sums in groups.items()
        for name, measures in sums.by_key().items()
    ]
