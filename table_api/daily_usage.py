"""DailyUsage cells as readers see them, and sums of them. Pure; amounts are pico-units."""

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from pricing_rules.units import Unit
from table_api.additive import COUNTS, LAYERS, QUANTITY_COLUMNS
from table_api.storage import Row

USAGE_COLUMNS = ("subject", "day", "model", *COUNTS, *QUANTITY_COLUMNS.values(), *LAYERS)
"""What a usage read asks for: a cell's amounts per unit stay in the table."""

_UNIT_OF = {name: unit for unit, name in QUANTITY_COLUMNS.items()}
_UNITS = tuple(Unit)


# A report reads thousands of cells: frozen Structs are built 12 times as fast as dataclasses.
class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Counts, quantities and amounts of any number of calls."""

    calls: int = 0
    errors: int = 0
    """Calls answered with 400 or above."""
    unpriced_calls: int = 0
    no_usage_calls: int = 0
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
        return not self.calls or self.calls > self.unpriced_calls + self.no_usage_calls


class DailyUsage(msgspec.Struct, frozen=True, kw_only=True):
    """One cell: a subject's usage of one model on one line of one charge day."""

    subject: str
    day: date
    model: str
    """Canonical name; what the call reported, or its deployment, where no alias resolved."""
    totals: Totals


def read_daily_usage(row: Row) -> DailyUsage:
    """A cell as stored; absent columns are zero."""
    return DailyUsage(
        subject=str(row["subject"]),
        day=date.fromisoformat(str(row["day"])),
        model=str(row["model"]),
        totals=Totals(
            calls=int(row["calls"]),
            errors=int(row.get("errors") or 0),
            unpriced_calls=int(row.get("unpriced") or 0),
            no_usage_calls=int(row.get("no_usage") or 0),
            units={
                _UNIT_OF[name]: int(value)
                for name, value in row.items()
                if value and name in _UNIT_OF
            },
            list=int(row.get("list") or 0),
            contracted=int(row.get("contracted") or 0),
            charge=int(row.get("charge") or 0),
            billed=int(row.get("billed") or 0),
        ),
    )


def sum_totals(parts: Iterable[Totals]) -> Totals:
    """The exact sum."""
    calls = errors = unpriced = no_usage = list_ = contracted = charge = billed = 0
    units: dict[Unit, int] = {}
    for part in parts:
        calls += part.calls
        errors += part.errors
        unpriced += part.unpriced_calls
        no_usage += part.no_usage_calls
        list_ += part.list
        contracted += part.contracted
        charge += part.charge
        billed += part.billed
        for unit, quantity in part.units.items():
            units[unit] = units.get(unit, 0) + quantity
    return Totals(
        calls=calls,
        errors=errors,
        unpriced_calls=unpriced,
        no_usage_calls=no_usage,
        units={unit: units[unit] for unit in _UNITS if units.get(unit)},
        list=list_,
        contracted=contracted,
        charge=charge,
        billed=billed,
    )
