"""Sums of days over the rows of a month, brought up to rows that have changed. Pure.

They hold the texts of every row, so that they can take a row's part out again.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain

from table_api.ledger.day_range import MonthDays
from table_api.ledger.measures import MeasureList, add_up
from table_api.monthly.projected_day import sum_texts
from table_api.monthly.usage_lines import (
    Lines,
    Who,
    days_by_column,
    is_whole,
    lines_by_day,
    nameless,
    one_line,
)
from table_api.storage.table_storage import Row
from table_api.usage.daily_usage import DailyUsage


class DaySums:
    """Measures by group and day. Texts that a change leaves as they were are not added up again."""

    def __init__(
        self, days: Mapping[str, int], named: Sequence[str], *, model: str | None = None
    ) -> None:
        """`days` has the day of each column, `named` what the groups are told apart by. With
        `model`, rows of others are left out.
        """
        self.columns = (*named, *days)
        self._days = days
        self._named = frozenset(named)
        self._model = model
        self._rows: dict[str, tuple[Who, dict[str, str]]] = {}
        self._groups: dict[Who, dict[int, tuple[int, MeasureList]]] = {}
        """The number of texts and their sum."""

    def put(self, rows: Mapping[str, Row | None]) -> set[Who]:
        """See open_months.MonthSums. Returns the groups that are not as they were."""
        come: defaultdict[tuple[Who, str], list[str]] = defaultdict(list)
        gone: defaultdict[tuple[Who, str], list[str]] = defaultdict(list)
        for key, row in rows.items():
            old = self._rows.pop(key, None)
            new = self._read(row) if row is not None else None
            if new is not None:
                self._rows[key] = new
            if old == new:
                continue
            _unlike(old, new, gone)
            _unlike(new, old, come)
        for group in come.keys() | gone.keys():
            self._change(group, come.get(group, ()), gone.get(group, ()))
        return {who for who, _ in chain(come, gone)}

    def groups(self) -> dict[Who, dict[int, MeasureList]]:
        """The measures of each group that has any, by day."""
        return {who: self.group(who) for who in self._groups}

    def group(self, who: Who) -> dict[int, MeasureList]:
        """Those of one group."""
        return {day: measures for day, (_, measures) in self._groups.get(who, {}).items()}

    def _read(self, row: Row) -> tuple[Who, dict[str, str]] | None:
        """A row's texts; None for a row of another model. LookupError where it has lost a name."""
        who = self._name(row, "subject"), self._name(row, "model")
        if self._model is not None and who[1] != self._model:
            return None
        return who, {name: str(row[name]) for name in self._days.keys() & row.keys() if row[name]}

    def _name(self, row: Row, column: str) -> str:
        return str(row[column] or nameless()) if column in self._named else ""

    def _change(self, group: tuple[Who, str], come: Sequence[str], gone: Sequence[str]) -> None:
        who, name = group
        of_days = self._groups.setdefault(who, {})
        count, measures = of_days.pop(self._days[name], (0, []))
        count += len(come) - len(gone)
        if count:
            less = [-value for value in sum_texts(gone)]
            of_days[self._days[name]] = count, add_up([measures, sum_texts(come), less])
        elif not of_days:
            del self._groups[who]


def _unlike(
    row: tuple[Who, dict[str, str]] | None,
    other: tuple[Who, dict[str, str]] | None,
    found: dict[tuple[Who, str], list[str]],
) -> None:
    """Add a row's texts that the other one has not."""
    if row is None:
        return
    who, texts = row
    same = other[1] if other is not None and other[0] == who else {}
    for name, text in texts.items():
        if same.get(name) != text:
            found[who, name].append(text)


class UsageLines:
    """The lines of a report."""

    def __init__(self, sums: DaySums, lines: Lines) -> None:
        self.columns = sums.columns
        self._sums = sums
        self._lines_of = lines
        self._lines: dict[Who, list[DailyUsage]] = {}

    def put(self, rows: Mapping[str, Row | None]) -> None:
        """See open_months.MonthSums."""
        for who in self._sums.put(rows):
            if of_days := self._sums.group(who):
                self._lines[who] = self._lines_of(who, of_days)
            else:
                self._lines.pop(who, None)

    def answer(self) -> list[DailyUsage]:
        """See open_months.MonthSums."""
        return list(chain.from_iterable(self._lines.values()))


def usage_sums(month: MonthDays, named: Sequence[str], *, by_day: bool) -> UsageLines:
    """What `MonthlyReads.usage` of a month is brought up with."""
    if by_day or not is_whole(month):
        lines = lines_by_day(month) if by_day else one_line(month)
        return UsageLines(DaySums(days_by_column(month), named), lines)
    return UsageLines(DaySums({"total": month.start}, named), lines_by_day(month))
