"""What rows count: the columns whose values add up, and sums of them. Pure.

The measures of a cell are the sums of the same columns of the rows that count in it: `calls`,
`errors`, `unpriced`, `no_usage`, `excluding`, `pending`, `failed` and `q_UNIT` (quantities) as
integers, and `LAYER_UNIT` and `LAYER` as decimal strings of pico-units, since a 64-bit integer ends
at 9.2 million units of currency.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

from pricing_rules.types import CallState, PricedCall
from pricing_rules.units import Unit
from table_api.storage.table_storage import Value

# A longer list costs every reader, so the measures that most calls have come first.
MEASURE_ORDER = (
    "calls", "charge", "contracted", "list", "q_input", "q_output", "q_cache_read", "errors",
    "no_usage", "unpriced", "billed", "q_cache_write_5m", "q_cache_write_1h", "q_reasoning",
    "q_input_audio", "q_cache_read_audio", "q_output_audio", "q_input_image",
    "q_cache_read_image", "q_output_image", "q_audio_ms", "q_image", "q_web_search", "q_request",
    "excluding", "q_page",
    "q_video_second", "q_character", "q_rerank_search", "q_code_session", "q_router_input",
    "pending", "q_file_search", "failed",
)  # fmt: skip
"""The measures of a cell by their position in a day's text. Append only: rows hold positions."""
MeasureList = list[int]
"""In the order of MEASURE_ORDER, the last one not zero."""

FAILED_FROM = 400
"""HTTP status from which on a call has failed."""
_COUNTED_STATES = (CallState.UNPRICED, CallState.NO_USAGE, CallState.PENDING)
"""Each has a count of its name."""
LAYERS = ("list", "contracted", "charge", "billed")
"""`billed` is written only where the billing currency is not the pricing currency."""
COUNTS = ("calls", "errors", "unpriced", "no_usage", "excluding", "pending", "failed")
QUANTITY_COLUMNS = {unit: f"q_{unit.value}" for unit in Unit}
AMOUNT_COLUMNS = {(layer, unit): f"{layer}_{unit.value}" for layer in LAYERS for unit in Unit}
_CHARGE_COLUMNS = {
    unit: (QUANTITY_COLUMNS[unit], *(AMOUNT_COLUMNS[layer, unit] for layer in LAYERS))
    for unit in Unit
}
MEASURE_INTEGERS = frozenset((*COUNTS, *QUANTITY_COLUMNS.values()))
MEASURE_AMOUNTS = frozenset((*LAYERS, *AMOUNT_COLUMNS.values()))

Measures = dict[str, int]
"""By column: counts, quantities and pico-units."""


def measures_of(priced: PricedCall) -> Measures:
    """What one call adds to its cell."""
    event = priced.event
    moved = priced.state is CallState.MOVED
    measures: Measures = {"calls": 0 if moved else 1}
    if moved:
        return measures
    if event.status >= FAILED_FROM:
        measures["errors"] = 1
    if priced.state in _COUNTED_STATES:
        measures[priced.state.value] = 1
    if priced.state is CallState.NO_USAGE and event.status >= FAILED_FROM:
        measures["failed"] = 1
    if priced.state is CallState.PRICED:
        if priced.excludes:
            measures["excluding"] = 1
        _add_charges(priced, measures)
    elif priced.state is CallState.ZERO and priced.charges:
        _add_charges(priced, measures)
    elif event.usage is not None:
        for unit, quantity in event.usage.counts.items():
            measures[QUANTITY_COLUMNS[unit]] = quantity
    return measures


def _add_charges(priced: PricedCall, measures: Measures) -> None:
    two_currencies = priced.billing_currency != priced.pricing_currency
    list_, contracted, charge, billed = 0, 0, 0, 0
    for line in priced.charges:
        of_quantity, of_list, of_contracted, of_charge, of_billed = _CHARGE_COLUMNS[line.unit]
        measures[of_quantity] = line.quantity
        measures[of_list] = line.list
        measures[of_contracted] = line.contracted
        measures[of_charge] = line.charge
        list_ += line.list
        contracted += line.contracted
        charge += line.charge
        if two_currencies:
            measures[of_billed] = line.billed
            billed += line.billed
    measures["list"], measures["contracted"], measures["charge"] = list_, contracted, charge
    if two_currencies:
        measures["billed"] = billed


def without_zeros(measures: Measures) -> Measures:
    """A copy of what is stored of them. Zeros are left out, except `calls`."""
    if all(measures.values()):
        return measures.copy()
    return {name: amount for name, amount in measures.items() if amount or name == "calls"}


def encode_measures(measures: Measures) -> dict[str, Value]:
    """As they are stored."""
    return {
        name: (str(amount) if name in MEASURE_AMOUNTS else amount)
        for name, amount in without_zeros(measures).items()
    }


def decode_measures(row: Mapping[str, Value]) -> Measures:
    """The measures among the columns of a row."""
    return {
        name: int(value)
        for name, value in row.items()
        if name in MEASURE_INTEGERS or name in MEASURE_AMOUNTS
    }


def added(left: Measures, right: Measures) -> Measures:
    """Column by column, left + right."""
    total = dict(left)
    add_into(total, right)
    return total


def add_into(total: Measures, delta: Measures) -> None:
    """Column by column, total += delta."""
    if not total:  # of a new cell
        total.update(delta)
        return
    for name, amount in delta.items():
        total[name] = total.get(name, 0) + amount


def negated(measures: Measures) -> Measures:
    """Column by column, the negative."""
    return {name: -amount for name, amount in measures.items()}


def add_up(parts: Iterable[Sequence[int]]) -> MeasureList:
    """The exact sum, measure by measure."""
    return [sum(column) for column in zip_longest(*parts, fillvalue=0)]
