"""The usage report: daily totals or calls, grouped by any dimensions. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from operator import attrgetter

from table_api.usage.daily_usage import DailyUsage, Totals, sum_totals

Key = date | str | None
CostCentreOf = Callable[[str, date], str | None]
"""Cost centre of a subject on a charge day; None when it has none."""

NOTHING = Totals()


class Dimension(StrEnum):
    """What usage can be grouped by."""

    DAY = "day"
    MODEL = "model"
    SUBJECT = "subject"
    COST_CENTRE = "cost_centre"
    PRODUCT = "product"
    SUBSCRIPTION = "subscription"
    API = "api"
    DEPLOYMENT = "deployment"
    SESSION = "session"


OF_CELLS = frozenset({Dimension.DAY, Dimension.MODEL, Dimension.SUBJECT})
"""What a daily total is of."""
OF_CALLS = frozenset(
    {
        Dimension.PRODUCT, Dimension.SUBSCRIPTION, Dimension.API, Dimension.DEPLOYMENT,
        Dimension.SESSION,
    }
)  # fmt: skip
"""What daily totals do not tell apart: each part has to be the usage of a call."""


@dataclass(frozen=True, slots=True)
class UsageGroup:
    """One line of the report; `keys` are in the order of the dimensions asked for."""

    keys: tuple[Key, ...]
    totals: Totals


def group_usage(
    cells: Iterable[DailyUsage], dimensions: Sequence[Dimension], cost_centre_of: CostCentreOf
) -> list[UsageGroup]:
    """Groups in the order of their keys, an absent one last.

    A cell that corrections have emptied makes no group.
    """
    by_keys: dict[tuple[Key, ...], list[Totals]] = {}
    key_of = [_key_of(dimension, cost_centre_of) for dimension in dimensions]
    for cell in cells:
        keys = tuple([key(cell) for key in key_of])
        by_keys.setdefault(keys, []).append(cell.totals)
    groups = (UsageGroup(keys, sum_totals(parts)) for keys, parts in by_keys.items())
    return sorted((group for group in groups if group.totals != NOTHING), key=_order)


def _key_of(dimension: Dimension, cost_centre_of: CostCentreOf) -> Callable[[DailyUsage], Key]:
    if dimension is Dimension.COST_CENTRE:
        return lambda cell: cost_centre_of(cell.subject, cell.day)
    return attrgetter(dimension.value)


def _order(group: UsageGroup) -> tuple[tuple[bool, str], ...]:
    """ISO days sort as text, so every key has one type."""
    return tuple([(key is None, str(key)) for key in group.keys])
