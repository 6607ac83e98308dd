"""Totals as a list of numbers in the order of `monthly`, and back. Pure."""

from pricing_rules.units import Unit
from table_api.additive import QUANTITY_COLUMNS
from table_api.daily_usage import Totals
from table_api.monthly import AMOUNTS, Amounts

PLACE = {name: place for place, name in enumerate(AMOUNTS)}
"""Where an amount stands in the list."""

_UNIT_PLACES: list[tuple[int, Unit]] = [
    (PLACE[name], unit) for unit, name in QUANTITY_COLUMNS.items()
]
_COUNT_PLACES = [
    (PLACE[column], field)
    for column, field in (
        ("calls", "calls"),
        ("errors", "errors"),
        ("unpriced", "unpriced_calls"),
        ("no_usage", "no_usage_calls"),
        ("list", "list"),
        ("contracted", "contracted"),
        ("charge", "charge"),
        ("billed", "billed"),
    )
]
_ZEROS = [0] * len(AMOUNTS)


def totals_of(amounts: Amounts) -> Totals:
    """From amounts, with or without zeros at their end."""
    values = amounts + _ZEROS[len(amounts) :]
    return Totals(
        units={unit: values[place] for place, unit in _UNIT_PLACES if values[place]},
        **{field: values[place] for place, field in _COUNT_PLACES},
    )


def amounts_of(totals: Totals) -> Amounts:
    """To amounts, each of them there."""
    amounts = list(_ZEROS)
    for place, field in _COUNT_PLACES:
        amounts[place] = getattr(totals, field)
    for place, unit in _UNIT_PLACES:
        amounts[place] = totals.units.get(unit, 0)
    return amounts
