"""Why rows of Azure's price list cannot be a price, so that a person must look at them."""

from collections.abc import Mapping, Sequence

from pricing_rules.price_book.rules import DeploymentType
from pricing_rules.price_sources.azure.readings import Meter, PromptBand
from pricing_rules.price_sources.azure.rows import PriceRow
from pricing_rules.units import Unit

Rows = Sequence[tuple[PriceRow, Meter]]
Priced = tuple[Unit, PromptBand]
REGIONAL = frozenset({DeploymentType.STANDARD, DeploymentType.SERVERLESS})
"""Types whose price depends on the region; others are the same in most regions."""
_UNCACHED = {
    Unit.CACHE_READ: Unit.INPUT,
    Unit.CACHE_READ_AUDIO: Unit.INPUT_AUDIO,
    Unit.CACHE_READ_IMAGE: Unit.INPUT_IMAGE,
    Unit.CACHE_WRITE_5M: Unit.INPUT,
}
"""The same tokens without a cache."""


def conflict_of(rows: Rows) -> str | None:
    """Why rows cannot be a price: nothing paid, a volume price, a doubt, or two for one unit."""
    first: dict[Priced, PriceRow] = {}
    if reason := _of_no_call(rows):
        return reason
    for row, meter in rows:
        if row.per_million <= 0:
            return (
                f"{meter.unit} is {row.per_million} by {row.meter!r} in {row.region}, expected "
                "above 0; what is free is a rule of kind zero"
            )
        if row.from_units:
            return f"{row.meter!r} in {row.region} has a price from {row.from_units} units on"
        if meter.doubt:
            return f"{row.meter!r}: {meter.doubt}"
        other = first.setdefault((meter.unit, meter.prompt_tokens), row)
        if other.per_million != row.per_million:
            return _two_prices(meter.unit, other, row)
    return _short_alone(rows) or _strange_next_to(first)


def _strange_next_to(first: Mapping[Priced, PriceRow]) -> str | None:
    """A cache that costs more than the prompt, or two prices of short prompts."""
    for (unit, band), row in first.items():
        plain = first.get((_UNCACHED.get(unit, unit), band), row)
        if (row.per_million - plain.per_million) * (-1 if unit in {Unit.CACHE_WRITE_5M} else 1) > 0:
            return (
                f"{unit} is {row.per_million} per 1M by {row.meter!r}, next to "
                f"{plain.per_million} by {plain.meter!r}: reading a cache never costs more than "
                "the prompt, and writing it never less"
            )
        # Next to a meter of short prompts, one of any size is of the same prompts.
        any_size = first.get((unit, PromptBand()))
        if band.up_to and any_size and any_size.per_million != row.per_million:
            return _two_prices(unit, any_size, row)
    return None


def _of_no_call(rows: Rows) -> str | None:
    """Why no call can have all of the prices, or which calls have them is not known."""
    for row, meter in rows:
        if meter.deployment in REGIONAL and not row.region:
            return f"{row.meter!r} is a regional price and names no region"
    begins = max(row.valid_from for row, _ in rows)
    ends = min((row.valid_to for row, _ in rows if row.valid_to), default=None)
    if ends is not None and ends <= begins:
        return f"one of its prices ends at {ends.isoformat()}, before another begins"
    if all(meter.prompt_tokens.above for _, meter in rows):
        return f"{rows[0][0].meter!r} is of long prompts, and no meter is of short ones"
    return None


def _short_alone(rows: Rows) -> str | None:
    """A unit without a price of long prompts, next to one that has it: its meter may be unread."""
    long = {meter.unit: row.meter for row, meter in rows if meter.prompt_tokens.above}
    for row, meter in rows:
        if long and meter.unit not in long:
            return (
                f"{next(iter(long.values()))!r} is of long prompts, and {meter.unit} has no such "
                f"meter next to {row.meter!r}"
            )
    return None


def _two_prices(unit: Unit, one: PriceRow, other: PriceRow) -> str:
    return (
        f"{unit} is {one.per_million} per 1M by {one.meter!r} in {one.region} "
        f"and {other.per_million} by {other.meter!r} in {other.region}"
    )
