"""Reads of `monthly`: everybody's usage, no finer than a question asks.

A row's days stay text until all rows of a group are read, and become numbers in one go: a month of
10,000 subjects has some 100,000 days.
"""

from calendar import monthrange
from collections import defaultdict
from datetime import date
from typing import Any

from pricing_rules.units import Unit
from table_api.additive import QUANTITY_COLUMNS
from table_api.daily_usage import DailyUsage, Totals
from table_api.keys import KeyRange
from table_api.monthly import (
    AMOUNTS,
    MONTHLY_TABLE,
    Amounts,
    day_columns,
    sum_texts,
)
from table_api.periods import DayRange, MonthDays
from table_api.posting import all_of
from table_api.reads import TooManyCells
from table_api.storage import TableStorage

TEXTS_READ_MAX = 2_000_000
"""Days of rows that one question may read: about 300 MB."""

_ALL_ROWS = KeyRange("", "~")
_PLACE = {name: place for place, name in enumerate(AMOUNTS)}
_UNIT_PLACES: list[tuple[int, Unit]] = [
    (_PLACE[name], unit) for unit, name in QUANTITY_COLUMNS.items()
]
_ZEROS = [0] * len(AMOUNTS)

Who = tuple[str, str]
"""Subject and model; each is empty where the question does not tell them apart."""
Texts = dict[Who, dict[int, list[str]]]
"""Amounts by day, or those of whole months by the last day with a call."""


class MonthlyReads:
    """Answers as the cells would. Raises Unavailable."""

    def __init__(self, storage: TableStorage) -> None:
        self._storage = storage

    async def usage(
        self, days: DayRange, *, by_subject: bool, by_model: bool, by_day: bool
    ) -> list[DailyUsage]:
        """What the questions of lists are answered from; several may be of one group.

        Without `by_day` a group's usage of a month stands on its last day with a call. Raises
        TooManyCells past TEXTS_READ_MAX.
        """
        found: list[DailyUsage] = []

        async def read(month: MonthDays) -> None:
            whole = not by_day and _is_whole(month)
            texts = await self._texts(month, whole, by_subject, by_model)
            for who, of_days in texts.items():
                if by_day:
                    found.extend(_usage(who, month, day, of_days[day]) for day in of_days)
                else:
                    every = [text for of_day in of_days.values() for text in of_day]
                    found.append(_usage(who, month, max(of_days), every))

        await all_of(read(month) for month in days.months())
        return found

    async def _texts(
        self, month: MonthDays, whole: bool, by_subject: bool, by_model: bool
    ) -> Texts:
        day_of = {day_columns(day)[0]: day for day in range(month.start, min(month.stop, 32))}
        named = [name for name, wanted in (("subject", by_subject), ("model", by_model)) if wanted]
        select = [*named, *(("total", "active") if whole else day_of)]
        groups: dict[Who, dict[Any, list[str]]] = {}
        read = 0
        pages = self._storage.query(MONTHLY_TABLE, month.month, _ALL_ROWS, select=select)
        async for page in pages:
            for row in page:
                who = str(row.pop("subject", "")), str(row.pop("model", ""))
                group = groups.get(who)
                if group is None:
                    group = groups[who] = defaultdict(list)
                if whole:
                    if row["total"]:
                        group[int(row["active"]).bit_length() - 1].append(str(row["total"]))
                    continue
                for name, text in row.items():
                    if text:
                        group[name].append(str(text))
            read += sum(map(len, page))
            if read > TEXTS_READ_MAX:
                raise TooManyCells(f"the range has more than {TEXTS_READ_MAX} days of subjects")
        return {
            who: {day_of.get(name, name): texts for name, texts in days.items()}
            for who, days in groups.items()
            if days
        }


def _is_whole(month: MonthDays) -> bool:
    last = monthrange(int(month.month[:4]), int(month.month[4:]))[1]
    return month.start == 1 and month.stop > last


def _usage(who: Who, month: MonthDays, day: int, texts: list[str]) -> DailyUsage:
    return DailyUsage(
        subject=who[0],
        day=date(int(month.month[:4]), int(month.month[4:]), day),
        model=who[1],
        totals=_totals(sum_texts(texts)),
    )


def _totals(amounts: Amounts) -> Totals:
    values = amounts + _ZEROS[len(amounts) :]
    return Totals(
        calls=values[_PLACE["calls"]],
        errors=values[_PLACE["errors"]],
        unpriced_calls=values[_PLACE["unpriced"]],
        no_usage_calls=values[_PLACE["no_usage"]],
        units={unit: values[place] for place, unit in _UNIT_PLACES if values[place]},
        list=values[_PLACE["list"]],
        contracted=values[_PLACE["contracted"]],
        charge=values[_PLACE["charge"]],
        billed=values[_PLACE["billed"]],
    )
