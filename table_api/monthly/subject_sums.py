"""What the list of subjects is made of, brought up to rows of a month that have changed. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from itertools import count, zip_longest
from typing import Any

from table_api.ledger.day_range import MonthDays
from table_api.ledger.measures import MeasureList, add_up
from table_api.monthly.day_sums import DaySums
from table_api.monthly.projected_day import append_columns, decode_columns
from table_api.monthly.usage_lines import Who, date_of, days_by_column, is_whole
from table_api.storage.table_storage import Row
from table_api.usage.subject_list import UsageColumns


class SubjectDays:
    """The list of subjects in some days of a month."""

    def __init__(self, sums: DaySums, month: str) -> None:
        self.columns = sums.columns
        self._sums = sums
        self._month = month

    def put(self, rows: Mapping[str, Row | None]) -> None:
        """See open_months.MonthSums."""
        self._sums.put(rows)

    def answer(self) -> UsageColumns:
        """See open_months.MonthSums."""
        return _columns_of(self._month, self._sums.groups())


class SubjectMonths:
    """The list of subjects in a whole month. It stays in columns: 10,000 rows are few objects."""

    def __init__(self, month: str, *, model: str | None = None) -> None:
        """With `model`, rows of others are left out."""
        self.columns = ("subject", *(("model",) if model is not None else ()), "total", "active")
        self._month = month
        self._model = model
        self._places: dict[str, int] = {}
        """Of each row in the columns, by its key."""
        self._subjects: list[Any] = []
        self._measures: list[list[int]] = []
        self._actives: list[Any] = []

    def put(self, rows: Mapping[str, Row | None]) -> None:
        """See open_months.MonthSums."""
        full = {key: row for key, row in rows.items() if row is not None and self._counts(row)}
        standing = [key for key in full if key in self._places]
        new = [key for key in full if key not in self._places]
        changed = decode_columns([str(full[key]["total"]) for key in standing])
        added = decode_columns([str(full[key]["total"]) for key in new])
        self._copy(max(len(changed), len(added)))
        for number, key in enumerate(standing):
            self._replace(self._places[key], full[key], [column[number] for column in changed])
        self._append({key: full[key] for key in new}, added)
        for key in (rows.keys() - full.keys()) & self._places.keys():
            self._remove(key)

    def answer(self) -> UsageColumns:
        """See open_months.MonthSums."""
        return UsageColumns(self._subjects, self._measures, active_days(self._month, self._actives))

    def _counts(self, row: Row) -> bool:
        return bool(row["total"]) and (self._model is None or row["model"] == self._model)

    def _copy(self, width: int) -> None:
        """New columns, at least so many: those of an answer stay as they are."""
        self._subjects, self._actives = list(self._subjects), list(self._actives)
        self._measures = [list(column) for column in self._measures]
        while len(self._measures) < width:
            self._measures.append([0] * len(self._subjects))

    def _replace(self, place: int, row: Row, measures: MeasureList) -> None:
        self._subjects[place], self._actives[place] = row["subject"], row["active"]
        for number, column in enumerate(self._measures):
            column[place] = measures[number] if number < len(measures) else 0

    def _append(self, rows: Mapping[str, Row], measures: Sequence[Sequence[int]]) -> None:
        """All at once: at first these are all rows of the month."""
        before = len(self._subjects)
        self._places.update(zip(rows, count(before), strict=False))
        self._subjects += [row["subject"] for row in rows.values()]
        self._actives += [row["active"] for row in rows.values()]
        append_columns(self._measures, measures, rows=before, more=len(rows))

    def _remove(self, key: str) -> None:
        """The last row takes its place."""
        place, last = self._places.pop(key), len(self._subjects) - 1
        for column in (self._subjects, self._actives, *self._measures):
            end = column.pop()
            if place != last:
                column[place] = end
        if place != last:
            [moved] = [other for other, at in self._places.items() if at == last]
            self._places[moved] = place


def subject_sums(month: MonthDays, model: str | None) -> SubjectMonths | SubjectDays:
    """What `MonthlyReads.subjects` of a month is brought up with."""
    if is_whole(month):
        return SubjectMonths(month.month, model=model)
    named = ("subject", "model") if model is not None else ("subject",)
    return SubjectDays(DaySums(days_by_column(month), named, model=model), month.month)


def _columns_of(month: str, groups: Mapping[Who, Mapping[int, MeasureList]]) -> UsageColumns:
    found = list(groups.items())
    sums = [add_up(list(of_days.values())) for _, of_days in found]
    return UsageColumns(
        [subject for (subject, _), _ in found],
        list(zip_longest(*sums, fillvalue=0)),
        lambda row: [date_of(month, day) for day in found[row][1]],
    )


def active_days(month: str, actives: Sequence[Any]) -> Callable[[int], Collection[date]]:
    """The days of the column `active`, by the row."""

    def days(row: int) -> list[date]:
        active = int(actives[row])
        return [date_of(month, day) for day in range(1, active.bit_length()) if active >> day & 1]

    return days
