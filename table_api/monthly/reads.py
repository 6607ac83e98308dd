"""Reads of `monthly`: everybody's usage, no finer than a question asks.

Texts become numbers when all rows of a group are read, in one go: a month of 10,000 subjects has
some 100,000 days. Answers of months that are over are kept: see kept_answers. Those of the running
month are brought up to what has changed: see open_months.
"""

from calendar import monthrange
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any

from table_api.errors import TooManyCells
from table_api.ledger.day_range import DayRange, MonthDays
from table_api.monthly.damaged_rows import damage_named
from table_api.monthly.day_sums import DaySums, UsageLines
from table_api.monthly.kept_answers import A, KeptAnswers, Revision
from table_api.monthly.open_months import MonthSums, OpenMonths
from table_api.monthly.projected_day import MONTHLY_TABLE, day_columns, decode_columns, sum_texts
from table_api.monthly.subject_sums import SubjectDays, SubjectMonths, active_days
from table_api.monthly.usage_lines import Who, date_of, lines_by_day, one_line, usage_of
from table_api.storage.keys import EVERY_ROW
from table_api.storage.parallel import all_of
from table_api.storage.table_storage import Row, TableStorage
from table_api.usage.daily_usage import DailyUsage
from table_api.usage.subject_list import UsageColumns

TEXTS_READ_MAX = 2_000_000
"""Days of rows that one question may read: about 300 MB."""


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
                    lambda: _usage_sums(month, named, by_day=by_day),
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
                    lambda: _subject_sums(month, model),
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
        if _is_whole(month):
            return await self._whole_month(month.month, model, revision)
        named = _named(True, model is not None)
        found = [
            (who[0], of_days)
            for who, of_days in (await self._days(month, named, revision)).items()
            if model is None or who[1] == model
        ]
        sums = [sum_texts(list(chain.from_iterable(of_days.values()))) for _, of_days in found]
        return UsageColumns(
            [subject for subject, _ in found],
            list(zip_longest(*sums, fillvalue=0)),
            lambda row: [date_of(month.month, day) for day in found[row][1]],
        )

    async def _month(
        self, month: MonthDays, named: Sequence[str], revision: Revision | None, *, by_day: bool
    ) -> list[DailyUsage]:
        if not by_day and _is_whole(month):
            totals = await self._totals(month.month, named, revision)
            return [_usage(who, month, month.start, texts) for who, texts in totals.items()]
        days = await self._days(month, named, revision)
        if by_day:
            return _by_day(month, days)
        return [
            _usage(who, month, max(of_days), [text for texts in of_days.values() for text in texts])
            for who, of_days in days.items()
        ]

    async def _whole_month(
        self, month: str, model: str | None, revision: Revision | None
    ) -> UsageColumns:
        """Each row of a month, as columns."""
        named = _named(True, model is not None)
        subjects: list[str] = []
        totals: list[str] = []
        actives: list[int | str] = []
        async for page in self._rows(month, (*named, "total", "active"), revision):
            full = [row for row in page if row["total"]]
            if model is not None:
                full = [row for row in full if row["model"] == model]
            subjects += [row["subject"] for row in full]  # type: ignore[misc]
            totals += [row["total"] for row in full]  # type: ignore[misc]
            actives += [row["active"] for row in full]

        return UsageColumns(subjects, decode_columns(totals), active_days(month, actives))

    async def _totals(
        self, month: str, named: Sequence[str], revision: Revision | None
    ) -> dict[Who, list[str]]:
        groups: defaultdict[Any, list[Any]] = defaultdict(list)
        async for page in self._rows(month, (*named, "total"), revision):
            for row in page:
                if total := row["total"]:
                    groups[row.get("subject", ""), row.get("model", "")].append(total)
        return groups

    async def _days(
        self,
        month: MonthDays,
        named: Sequence[str],
        revision: Revision | None,
        wanted: Callable[[str], bool] = lambda subject: True,
        alike: Callable[[str], str] = lambda subject: subject,
    ) -> dict[Who, dict[int, list[str]]]:
        day_of = _days_by_column(month)
        groups: dict[Who, dict[str, list[Any]]] = {}
        async for page in self._rows(month.month, (*named, *day_of), revision):
            for row in page:
                # The names leave the row: the rest are days.
                who = alike(str(row.pop("subject", ""))), str(row.pop("model", ""))
                if not wanted(who[0]):
                    continue
                group = groups.get(who)
                if group is None:
                    group = groups[who] = defaultdict(list)
                for name, text in row.items():
                    if text:
                        group[name].append(text)
        return {
            who: {day_of[name]: texts for name, texts in of_days.items()}
            for who, of_days in groups.items()
            if of_days
        }

    async def _rows(
        self, month: str, select: Sequence[str], revision: Revision | None
    ) -> AsyncIterator[list[Row]]:
        read = 0
        if revision is not None:
            select = (*select, "Timestamp")
        async for page in self._storage.query(MONTHLY_TABLE, month, EVERY_ROW, select=select):
            if revision is not None:
                revision.take(page)
            read += sum(map(len, page))
            if read > TEXTS_READ_MAX:
                raise TooManyCells(f"the range has more than {TEXTS_READ_MAX} days of subjects")
            yield page


def _named(by_subject: bool, by_model: bool) -> tuple[str, ...]:
    return ("subject",) * by_subject + ("model",) * by_model


def _days_by_column(month: MonthDays) -> dict[str, int]:
    return {day_columns(day)[0]: day for day in range(month.start, min(month.stop, 32))}


def _usage_sums(
    month: MonthDays, named: Sequence[str], *, by_day: bool
) -> MonthSums[list[DailyUsage]]:
    """What `MonthlyReads.usage` of a month is brought up with."""
    if by_day or not _is_whole(month):
        lines = lines_by_day(month) if by_day else one_line(month)
        return UsageLines(DaySums(_days_by_column(month), named), lines)
    return UsageLines(DaySums({"total": month.start}, named), lines_by_day(month))


def _subject_sums(month: MonthDays, model: str | None) -> MonthSums[UsageColumns]:
    """What `MonthlyReads.subjects` of a month is brought up with."""
    if _is_whole(month):
        return SubjectMonths(month.month, model=model)
    named = _named(True, model is not None)
    return SubjectDays(DaySums(_days_by_column(month), named, model=model), month.month)


def _is_whole(month: MonthDays) -> bool:
    last = monthrange(int(month.month[:4]), int(month.month[4:]))[1]
    return month.start == 1 and month.stop > last


def _by_day(month: MonthDays, days: Mapping[Who, Mapping[int, list[str]]]) -> list[DailyUsage]:
    return [
        _usage(who, month, day, texts)
        for who, of_days in days.items()
        for day, texts in of_days.items()
    ]


def _usage(who: Who, month: MonthDays, day: int, texts: list[str]) -> DailyUsage:
    return usage_of(who, month.month, day, sum_texts(texts))
