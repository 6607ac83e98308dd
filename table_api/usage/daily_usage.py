"""DailyUsage cells as readers see them, and sums of them. Pure; amounts are pico-units."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import compress
from operator import attrgetter
from typing import Any

import msgspec

from pricing_rules.units import Unit
from table_api.ledger.measures import COUNTS, LAYERS, MEASURE_ORDER, QUANTITY_COLUMNS, MeasureList
from table_api.storage.table_storage import Row

USAGE_COLUMNS = ("subject", "day", "model", *COUNTS, *QUANTITY_COLUMNS.values(), *LAYERS)
"""What a usage read asks for: a cell's amounts per unit stay in the table."""

_UNITS = tuple(Unit)


# A report reads thousands of cells: frozen Structs are built 12 times as fast as dataclasses.
class Totals(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Counts, quantities and amounts of any number of calls."""

    calls: int = 0
    errors: int = 0
    """Calls answered with 400 or above."""
    unpriced_calls: int = 0
    no_usage_calls: int = 0
    excluding_calls: int = 0
    """Calls whose cost leaves something out."""
    pending_calls: int = 0
    """Background answers whose usage may still come."""
    failed_calls: int = 0
    """Among `no_usage_calls`: they failed, so there is nothing to charge."""
    units: Mapping[Unit, int] = {}
    """Quantities that are not zero."""
    list: int = 0
    contracted: int = 0
    charge: int = 0
    billed: int = 0
    """`charge` in the billing currency; 0 in a ledger of one currency, which does not write it."""

    @property
    def cost_known(self) -> bool:
        """False where there are calls and not one of them has a cost."""
        without = self.unpriced_calls + self.no_usage_calls + self.pending_calls
        return not self.calls or self.calls > without


class DailyUsage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One cell: a subject's usage of one model on one line of one charge day."""

    subject: str
    day: date
    model: str
    """Canonical name; what the call reported, or its deployment, where no alias resolved."""
    totals: Totals


_FIELD_OF = {
    "calls": "calls", "errors": "errors", "unpriced": "unpriced_calls",
    "no_usage": "no_usage_calls", "excluding": "excluding_calls", "pending": "pending_calls",
    "failed": "failed_calls", **{layer: layer for layer in LAYERS},
}  # fmt: skip
"""The field of Totals that a column is read as."""

_REQUIRED = {"subject": str, "day": date, "model": str, "calls": int}
_OPTIONAL = [name for name in USAGE_COLUMNS if name not in _REQUIRED]
_Cell: Any = msgspec.defstruct(
    "_Cell", [*_REQUIRED.items(), *((name, int | None, None) for name in _OPTIONAL)], gc=False
)
"""A cell as stored. A column that is not there or null is None."""
_quantities_of = attrgetter(*(QUANTITY_COLUMNS[unit] for unit in _UNITS))


def read_daily_usage(cells: Sequence[Row]) -> list[DailyUsage]:
    """Cells as stored; absent columns are zero. msgspec.ValidationError when one is not what it
    should be.

    Integers are decimal strings, and a column that was asked for may be null.
    """
    return [
        DailyUsage(subject=cell.subject, day=cell.day, model=cell.model, totals=_totals_of(cell))
        for cell in msgspec.convert(cells, list[_Cell], strict=False)
    ]


def _totals_of(cell: Any) -> Totals:
    quantities = _quantities_of(cell)
    return Totals(
        calls=cell.calls,
        errors=cell.errors or 0,
        unpriced_calls=cell.unpriced or 0,
        no_usage_calls=cell.no_usage or 0,
        excluding_calls=cell.excluding or 0,
        pending_calls=cell.pending or 0,
        failed_calls=cell.failed or 0,
        units=dict(compress(zip(_UNITS, quantities, strict=True), quantities)),
        list=cell.list or 0,
        contracted=cell.contracted or 0,
        charge=cell.charge or 0,
        billed=cell.billed or 0,
    )


def sum_totals(parts: Iterable[Totals]) -> Totals:
    """The exact sum."""
    parts = list(parts)
    if len(parts) == 1:
        return parts[0]
    calls = errors = unpriced = no_usage = excluding = pending = failed = 0
    list_ = contracted = charge = billed = 0
    units: dict[Unit, int] = dict(parts[0].units) if parts else {}
    in_order = len(units)
    for part in parts:
        calls += part.calls
        errors += part.errors
        unpriced += part.unpriced_calls
        no_usage += part.no_usage_calls
        excluding += part.excluding_calls
        pending += part.pending_calls
        failed += part.failed_calls
        list_ += part.list
        contracted += part.contracted
        charge += part.charge
        billed += part.billed
    for part in parts[1:]:
        for unit, quantity in part.units.items():
            units[unit] = units.get(unit, 0) + quantity
    if len(units) > in_order or 0 in units.values():  # of few sums: each part has them in order
        units = {unit: units[unit] for unit in _UNITS if units.get(unit)}
    return Totals(
        calls=calls,
        errors=errors,
        unpriced_calls=unpriced,
        no_usage_calls=no_usage,
        excluding_calls=excluding,
        pending_calls=pending,
        failed_calls=failed,
        units=units,
        list=list_,
        contracted=contracted,
        charge=charge,
        billed=billed,
    )


POSITION = {name: position for position, name in enumerate(MEASURE_ORDER)}
"""Of a measure in a MeasureList."""

_UNIT_POSITIONS: list[tuple[int, Unit]] = [
    (POSITION[name], unit) for unit, name in QUANTITY_COLUMNS.items()
]
_FIELD_POSITIONS = [(POSITION[column], field) for column, field in _FIELD_OF.items()]
_ZEROS = [0] * len(MEASURE_ORDER)


def totals_of(measures: MeasureList) -> Totals:
    """From a list with or without zeros at its end."""
    values = measures + _ZEROS[len(measures) :]
    return Totals(
        units={unit: values[position] for position, unit in _UNIT_POSITIONS if values[position]},
        **{field: values[position] for position, field in _FIELD_POSITIONS},
    )


def measure_list_of(totals: Totals) -> MeasureList:
    """All measures, zeros at the end too."""
    measures = list(_ZEROS)
    for position, field in _FIELD_POSITIONS:
        measures[position] = getattr(totals, field)
    for position, unit in _UNIT_POSITIONS:
        measures[position] = totals.units.get(unit, 0)
    return measures
