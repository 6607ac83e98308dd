"""How two dumps of Azure's prices differ, as lines for a person: a change, and all its regions."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from pricing_rules.price_sources.azure.rows import RetailRow, read_rows


class _Meter(NamedTuple):
    product: str
    meter: str
    kind: str
    """Consumption or Reservation, whose prices are of the whole term."""
    from_units: Decimal


class _Price(NamedTuple):
    amount: Decimal
    unit: str
    currency: str

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} {self.currency} per {self.unit}"


_Prices = Mapping[_Meter, Mapping[str, frozenset[_Price]]]
"""By meter and region. A reservation has a price per term."""


def dump_changes(old: Path, new: Path) -> list[str]:
    """Each meter whose price is new, gone or another, one line per change with its regions."""
    before, after = _by_meter(read_rows(old)), _by_meter(read_rows(new))
    lines = [
        line
        for meter in sorted(before.keys() | after.keys())
        for line in _meter_changes(meter, before.get(meter, {}), after.get(meter, {}))
    ]
    counts = [
        f"{sum(line.startswith(word) for line in lines)} {word}"
        for word in ("added", "changed", "gone")
    ]
    return [*lines, ", ".join(counts)]


def _by_meter(rows: list[RetailRow]) -> _Prices:
    prices: dict[_Meter, dict[str, frozenset[_Price]]] = {}
    for row in rows:
        meter = _Meter(row.productName, row.meterName, row.type, row.tierMinimumUnits)
        price = _Price(row.retailPrice, row.unitOfMeasure, row.currencyCode)
        regions = prices.setdefault(meter, {})
        regions[row.armRegionName] = regions.get(row.armRegionName, frozenset()) | {price}
    return prices


def _meter_changes(
    meter: _Meter,
    before: Mapping[str, frozenset[_Price]],
    after: Mapping[str, frozenset[_Price]],
) -> Iterator[str]:
    regions: dict[str, list[str]] = {}
    for region in sorted(before.keys() | after.keys()):
        old, new = before.get(region), after.get(region)
        if old is None and new is not None:
            change = f"added    {_name(meter)}: {_text(new)}"
        elif new is None and old is not None:
            change = f"gone     {_name(meter)}: {_text(old)}"
        elif old and new and old != new:
            change = f"changed  {_name(meter)}: {_text(old)} → {_text(new)}"
        else:
            continue
        regions.setdefault(change, []).append(region)
    for change, names in regions.items():
        yield f"{change} in {', '.join(names)}"


def _name(meter: _Meter) -> str:
    name = f"{meter.meter} ({meter.product})"
    name += "" if meter.kind == "Consumption" else f" {meter.kind.lower()}"
    return name + (f" from {meter.from_units} units on" if meter.from_units else "")


def _text(prices: frozenset[_Price]) -> str:
    return " or ".join(str(price) for price in sorted(prices))
