"""Azure Retail Prices rows → prices to compare with the book."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from pricing_rules.price_book.book import Book
from pricing_rules.price_book.rules import DeploymentType, ServiceTier
from pricing_rules.price_sources.azure_prices import (
    Meter,
    PriceRow,
    PromptBand,
    map_rows,
    read_dump,
    read_meter_table,
)
from pricing_rules.price_sources.proposals import Proposal, Rates, ReadPrice, propose
from pricing_rules.units import Unit

_REGIONAL = frozenset({DeploymentType.STANDARD, DeploymentType.SERVERLESS})
"""Types whose price depends on the region; others were the same in all 40 regions looked at."""
_CardKey = tuple[str, str | None, DeploymentType, ServiceTier, str | None]
_Rows = Sequence[tuple[PriceRow, Meter]]


def propose_azure(dumps: Sequence[Path], book: Book, *, checked: date) -> list[Proposal]:
    """What the dumps would change in the book. `checked`: the day they were fetched.

    InvalidPriceSource when a token meter is not in the meter table.
    """
    table = read_meter_table()
    mapped = map_rows([row for dump in dumps for row in read_dump(dump)], table)
    family_of = {meter.model: meter.family for meter in table.values() if meter}
    # A dump is of some products and regions: what it says nothing about is not gone.
    families = {meter.family for _, meter in mapped}
    regions = {row.region for row, _ in mapped}
    in_scope = [
        card.id
        for card in book.content.cards
        if book.sources[card.id].kind == "azure-retail"
        and book.sources[card.id].region in regions
        and family_of.get(dict(card.matches)["model"][0]) in families
    ]
    return propose(azure_prices(mapped, checked), book, in_scope=in_scope)


def azure_prices(mapped: _Rows, checked: date) -> list[ReadPrice]:
    """One price list per model, version, deployment type, service tier and regional region."""
    cards: dict[_CardKey, list[tuple[PriceRow, Meter]]] = {}
    for row, meter in mapped:
        region = row.region if meter.deployment in _REGIONAL else None
        key = (meter.model, meter.version, meter.deployment, meter.service_tier, region)
        cards.setdefault(key, []).append((row, meter))
    return [_price(key, cards[key], checked) for key in sorted(cards, key=str)]


def _price(key: _CardKey, rows: _Rows, checked: date) -> ReadPrice:
    model, version, deployment, service_tier, region = key
    rows = sorted(rows, key=lambda item: (item[0].meter, item[0].region))
    meters: dict[Unit, str] = {}
    for row, meter in rows:
        meters.setdefault(meter.unit, row.meter)
    ends = [row.valid_to for row, _ in rows if row.valid_to]
    return ReadPrice(
        provider="azure",
        model=model,
        version=version,
        deployment=deployment,
        region=region,
        service_tier=service_tier,
        tiers=_tiers(rows),
        # All rates of the rule are known from the day the last of them took effect.
        valid_from=max(row.valid_from for row, _ in rows),
        valid_to=min(ends) if ends else None,
        family=f"azure_{rows[0][1].family}",
        source_kind="azure-retail",
        checked=checked,
        source_region=rows[0][0].region,
        meters=meters,
        conflict=_conflict(rows),
    )


def _tiers(rows: _Rows) -> tuple[tuple[int | None, Rates], ...]:
    """A tier per bound that the meters name, and the last one; a meter of any size is in all."""
    bands = [meter.prompt_tokens for _, meter in rows]
    bounds = sorted({bound for band in bands for bound in (band.up_to, band.above) if bound})
    tiers: list[tuple[int | None, Rates]] = []
    for above, up_to in pairwise([0, *bounds, None]):
        rates: dict[Unit, Decimal] = {}
        for row, meter in rows:
            band = meter.prompt_tokens
            reaches = band.up_to is None or (up_to is not None and up_to <= band.up_to)
            if reaches and (band.above or 0) <= (above or 0):
                rates.setdefault(meter.unit, row.per_million)
        tiers.append((up_to, rates))
    return tuple(tiers)


def _conflict(rows: _Rows) -> str | None:
    """Why rows cannot be a price: none above zero, or two for one unit and prompt size."""
    for row, meter in rows:
        if row.per_million <= 0:
            return (
                f"{meter.unit} is {row.per_million} by {row.meter!r} in {row.region}, expected "
                "above 0; what is free is a rule of kind zero"
            )
    first: dict[tuple[Unit, PromptBand], PriceRow] = {}
    for row, meter in rows:
        other = first.setdefault((meter.unit, meter.prompt_tokens), row)
        if other.per_million != row.per_million:
            return (
                f"{meter.unit} is {other.per_million} per 1M by {other.meter!r} in {other.region} "
                f"and {row.per_million} by {row.meter!r} in {row.region}"
            )
    return None
