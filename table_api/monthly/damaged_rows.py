"""Names the row of `monthly` that somebody has damaged, once a read of a month has failed.

Reads take the texts of many rows at once, so their errors name none. Then the months are read once
more, row by row.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from table_api.ledger.day_range import DayRange
from table_api.ledger.measures import MEASURE_ORDER
from table_api.monthly.projected_day import MONTHLY_TABLE, day_columns, decode_measure_lists
from table_api.storage.keys import EVERY_ROW
from table_api.storage.named_rows import UNREADABLE, naming
from table_api.storage.table_storage import Row, TableStorage

_MEASURES = ("total", *(day_columns(day)[0] for day in range(1, 32)))


class Reads(Protocol):
    """Whatever reads months."""

    _storage: TableStorage


R = TypeVar("R", bound=Reads)
T = TypeVar("T")
P = ParamSpec("P")


def damage_named(
    read: Callable[Concatenate[R, P], Awaitable[T]],
) -> Callable[Concatenate[R, P], Awaitable[T]]:
    """The same read of a range of days, whose error is Altered and names the row that caused it."""

    @wraps(read)
    async def named(reads: R, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await read(reads, *args, **kwargs)
        except UNREADABLE:
            given = (*args, *kwargs.values())
            await name_damaged(reads._storage, *(each for each in given if type(each) is DayRange))
            raise  # no row is damaged any more, or something else went wrong

    return named


async def name_damaged(storage: TableStorage, days: DayRange) -> None:
    """Altered for the first row of these months that cannot be read."""
    for month in days.months():
        async for page in storage.query(MONTHLY_TABLE, month.month, EVERY_ROW):
            for row in page:
                with naming(MONTHLY_TABLE, row):
                    _check(row)


def _check(row: Row) -> None:
    """An error of UNREADABLE for a row that no writer has made."""
    for name in ("subject", "model"):
        if type(row[name]) is not str or not row[name]:
            raise TypeError(f"{name} = {row[name]!r} is no name")
    int(row["active"])
    for name in _MEASURES:
        text = row.get(name, "")
        if type(text) is not str:
            raise TypeError(f"{name} = {text!r} is no text")
        lists = decode_measure_lists([text] if text else [])
        if any(len(measures) > len(MEASURE_ORDER) for measures in lists) or len(lists) > 1:
            raise ValueError(f"{name} = {text!r} are no measures of a day")
