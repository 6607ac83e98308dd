"""Azure Retail Prices rows → prices to compare with the book."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from pricing_rules.azure_prices import Meter, PriceRow, map_rows, read_dump, read_meter_table
from pricing_rules.book import Book
from pricing_rules.proposals import Proposal, ReadPrice, propose
from pricing_rules.rules import DeploymentType, ServiceTier
from pricing_rules.units import Unit

_REGIONAL = frozenset({DeploymentType.STANDARD, DeploymentType.SERVERLESS})
"""Types whose price depends on the region; others were the same in all 40 regions looked at."""
_BATCH = frozenset({DeploymentType.GLOBAL_BATCH, DeploymentType.DATA_ZONE_BATCH})

_CardKey = tuple[str, str | None, DeploymentType, str | None]


def propose_azure(dumps: Sequence[Path], book: Book, checked: date) -> list[Proposal]:
    """What the dumps would change in the book. `checked`: the day they were fetched.

    InvalidPriceSource when a token meter is not in the meter table.
    """
    mapped = map_rows([row for dump in dumps for row in read_dump(dump)], read_meter_table())
    prices = azure_prices(mapped, checked)
    models = {price.model for price in prices}
    regions = {row.region for row, _ in mapped}
    in_scope = [
        card.id
        for card in book.content.cards
        if book.sources[card.id].kind == "azure-retail"
        and book.sources[card.id].region in regions
        and dict(card.matches)["model"][0] in models
    ]
    return propose(prices, book, in_scope)


def azure_prices(mapped: Sequence[tuple[PriceRow, Meter]], checked: date) -> list[ReadPrice]:
    """One price list per model, version, deployment type and, where it matters, region."""
    cards: dict[_CardKey, list[tuple[PriceRow, Meter]]] = {}
    for row, meter in mapped:
        region = row.region if meter.deployment in _REGIONAL else None
        key = (meter.model, meter.version, meter.deployment, region)
        cards.setdefault(key, []).append((row, meter))
    return [_price(key, cards[key], checked) for key in sorted(cards, key=str)]


def _price(key: _CardKey, rows: Sequence[tuple[PriceRow, Meter]], checked: date) -> ReadPrice:
    model, version, deployment, region = key
    rates: dict[Unit, Decimal] = {}
    meters: dict[Unit, str] = {}
    conflict = None
    for row, meter in sorted(rows, key=lambda item: (item[0].meter, item[0].region)):
        if rates.setdefault(meter.unit, row.per_million) != row.per_million:
            conflict = (
                f"{meter.unit} is {rates[meter.unit]} per 1M by {meters[meter.unit]!r} and "
                f"{row.per_million} by {row.meter!r} in {row.region}"
            )
        meters.setdefault(meter.unit, row.meter)
    ends = [row.valid_to for row, _ in rows if row.valid_to]
    return ReadPrice(
        provider="azure",
        model=model,
        version=version,
        deployment=deployment,
        region=region,
        service_tier=ServiceTier.BATCH if deployment in _BATCH else ServiceTier.DEFAULT,
        tiers=((None, rates),),
        # All rates of the rule are known from the day the last of them took effect.
        valid_from=max(row.valid_from for row, _ in rows),
        valid_to=min(ends) if ends else None,
        family=f"azure_{rows[0][1].family}",
        source_kind="azure-retail",
        checked=checked,
        source_region=rows[0][0].region,
        meters=meters,
        conflict=conflict,
    )
