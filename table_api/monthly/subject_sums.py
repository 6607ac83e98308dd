"""What the list of subjects is made of, brought up to rows of a month that have changed. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from itertools import zip_longest
from typing import Any

from table_api.ledger.measures import MeasureList, add_up
from table_api.monthly.day_sums import DaySums
from table_api.monthly.projected_day import decode_columns
from table_api.monthly.usage_lines import Who, date_of
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
    """The list of subjects in a whole month."""

    def __init__(self, month: str, *, model: str | None = None) -> None:
        """With `model`, rows of others are left out."""
        self.columns = ("subject", *(("model",) if model is not None else ()), "total", "active")
        self._month = month
        self._model = model
        self._rows: dict[str, tuple[str, MeasureList, int]] = {}
        """Subject, measures and days with calls."""

    def put(self, rows: Mapping[str, Row | None]) -> None:
        """See open_months.MonthSums."""
        full: dict[str, Row] = {}
        for key, row in rows.items():
            self._rows.pop(key, None)
            if row is None or not row["total"]:
                continue
            if self._model is None or row["model"] == self._model:
                full[key] = row
        columns = decode_columns([str(row["total"]) for row in full.values()])
        measures = zip(*columns, strict=True)
        for (key, row), of_row in zip(full.items(), measures, strict=True):
            self._rows[key] = str(row["subject"]), list(of_row), int(row["active"])

    def answer(self) -> UsageColumns:
        """See open_months.MonthSums."""
        rows = list(self._rows.values())
        return UsageColumns(
            [subject for subject, _, _ in rows],
            list(zip_longest(*[measures for _, measures, _ in rows], fillvalue=0)),
            active_days(self._month, [active for _, _, active in rows]),
        )


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
