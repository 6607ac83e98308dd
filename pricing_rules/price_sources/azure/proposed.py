"""Azure Retail Prices rows → prices to compare with the book."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import msgspec

from pricing_rules.errors import InvalidPriceSource
from pricing_rules.price_book.book import Book
from pricing_rules.price_book.list_price import contracts_of
from pricing_rules.price_book.match import may_match_one_call
from pricing_rules.price_book.rate_card import RateCard
from pricing_rules.price_book.rules import DeploymentType, ServiceTier
from pricing_rules.price_sources.azure.conflicts import REGIONAL, Priced, Rows, conflict_of
from pricing_rules.price_sources.azure.readings import Meter, PromptBand, Unread
from pricing_rules.price_sources.azure.rows import (
    PriceRow,
    map_rows,
    read_dump,
    read_meter_table,
)
from pricing_rules.price_sources.azure.spellings import family_of
from pricing_rules.price_sources.proposals import (
    Change,
    Proposal,
    Rates,
    ReadPrice,
    names_of,
    propose,
)
from pricing_rules.units import Unit

_OF_A_ZONE = frozenset({DeploymentType.DATA_ZONE_STANDARD, DeploymentType.DATA_ZONE_BATCH})
"""Types whose price depends on the data zone."""
_GOVERNMENT = "us-gov"
"""The zone whose prices are never those of other zones, whatever the type."""
_CardKey = tuple[str, str | None, DeploymentType, ServiceTier, str | None]


def propose_azure(dumps: Sequence[Path], book: Book, *, checked: date) -> list[Proposal]:
    """What the dumps would change in the book. `checked`: the day they were fetched.

    A meter that nothing reads is listed among the proposals and refuses nothing.
    """
    read = [read_dump(dump) for dump in dumps]
    rows = [row for dump in read for row in dump.rows]
    currency = _one_currency(rows)
    mapped, unread = map_rows(rows, read_meter_table())
    # A dump is of some products and regions: what it says nothing about is not gone.
    families = {meter.family for _, meter in mapped}
    regions = {row.region for row, _ in mapped}
    zones = dict(book.content.zones)
    prices = list(_as_the_book_has_them(azure_prices(mapped, checked, zones), book))
    # What holds in all zones is not gone because one of them has another price.
    everywhere = {_everywhere(price).matches for price in prices}
    in_scope = [
        card.id
        for card in book.content.cards
        if book.sources[card.id].kind == "azure-retail"
        and card.currency == currency
        and book.sources[card.id].region in regions
        and card.matches not in everywhere
        and family_of(dict(card.matches)["model"][0]) in families
    ]
    listed = [*unread, *(meter for dump in read for meter in dump.unread)]
    found = [_under_contracts(each, book) for each in propose(prices, book, in_scope=in_scope)]
    return [*found, *_unread_proposals(listed)]


def _under_contracts(proposal: Proposal, book: Book) -> Proposal:
    """The proposal, unless its rule would take calls from a contract: that is shown, not written.

    No list price ends what the company has agreed on. One for the same calls goes on under it.
    """
    price = proposal.price
    if price is None:
        return proposal
    agreed = contracts_of(book.content, book.sources)
    superseded = next((c for c in book.content.cards if c.id == proposal.supersedes), None)
    # The successor of a list price has the calls that this one had, if no contract has ended it.
    replaces = superseded is not None and superseded.valid_to_at_list is msgspec.UNSET
    # A contract for the same calls is in the line of that list price, and holds over it.
    kept = [card.id for card in book.content.cards
            if card.id in agreed and not (superseded and card.matches == price.matches)
            and _takes_calls(price, card, replaces=replaces)]  # fmt: skip
    if not kept:
        return proposal
    why = f"{', '.join(kept)} is agreed on for these calls: write by hand what becomes of it"
    details = (*proposal.details, why)
    return Proposal(change=Change.CONTRADICTED, rule_id=proposal.rule_id, details=details)


def _takes_calls(price: ReadPrice, contract: RateCard, *, replaces: bool) -> bool:
    """Whether the new rule would price calls of the contract, or be as specific for one of them.
    `replaces`: it takes the place of a list price next to which the contract has its calls.
    """
    stronger = (
        not replaces
        and len(price.matches) >= len(contract.matches)
        and may_match_one_call(contract.matches, price.matches)
    )
    return (
        contract.currency == price.currency
        and (stronger or contract.matches == price.matches)
        and (contract.valid_to is None or price.valid_from < contract.valid_to)
        and (price.valid_to is None or contract.valid_from < price.valid_to)
    )


def _one_currency(rows: Sequence[PriceRow]) -> str:
    currencies = sorted({row.currency for row in rows})
    if len(currencies) > 1:
        raise InvalidPriceSource(f"prices in {' and '.join(currencies)}: import each by itself")
    return currencies[0] if currencies else "USD"


def _unread_proposals(unread: Collection[Unread]) -> list[Proposal]:
    return [
        Proposal(
            change=Change.UNREAD,
            rule_id=meter.meter,
            details=(meter.reason, f"meters.csv: {meter.line}"),
        )
        for meter in unread
    ]


def azure_prices(mapped: Rows, checked: date, zones: Mapping[str, str]) -> list[ReadPrice]:
    """One price list per model, version, deployment type, service tier and regional region.

    Where a type that is sold everywhere costs differently by region, one per group of regions.
    What only regions of one data zone have is a price of that zone. `zones`: by region.
    """
    cards: dict[_CardKey, list[tuple[PriceRow, Meter]]] = {}
    for row, meter in mapped:
        region = row.region if meter.deployment in REGIONAL else None
        key = (meter.model, meter.version, meter.deployment, meter.service_tier, region)
        cards.setdefault(key, []).append((row, meter))
    return [
        price
        for key in sorted(cards, key=str)
        for price in _by_region(key, cards[key], checked, zones)
    ]


def _by_region(
    key: _CardKey, rows: Rows, checked: date, zones: Mapping[str, str]
) -> Iterator[ReadPrice]:
    groups = _regions_of_a_price(rows)
    if len(groups) < 2:
        price = _price(key, rows, checked)
        yield msgspec.structs.replace(price, zone=_one_zone(price.deployment, rows, zones))
        return
    disputed = _disputed(rows)
    for regions in groups:
        # What no region disputes holds in all of them.
        own = [
            (row, meter)
            for row, meter in rows
            if row.region in regions or (meter.unit, meter.prompt_tokens) not in disputed
        ]
        price = _price((*key[:4], regions[0]), own, checked)
        yield msgspec.structs.replace(price, also_in=regions[1:], source_region=regions[0])


def _one_zone(deployment: DeploymentType, rows: Rows, zones: Mapping[str, str]) -> str | None:
    """The zone that the price is for: Azure's Data Zone prices of the EU are not those of the US.

    None where the price depends on no zone, or regions of several zones have it.
    """
    found = {zones.get(row.region) for row, _ in rows}
    (zone, *others) = found
    if others or not (deployment in _OF_A_ZONE or (zone == _GOVERNMENT)):
        return None
    return None if deployment in REGIONAL else zone


def _disputed(rows: Rows) -> set[Priced]:
    """What regions have different prices for, each region agreeing with itself."""
    prices: dict[Priced, dict[str, set[Decimal]]] = {}
    for row, meter in rows:
        of_regions = prices.setdefault((meter.unit, meter.prompt_tokens), {})
        of_regions.setdefault(row.region, set()).add(row.per_million)
    return {
        priced
        for priced, of_regions in prices.items()
        if len(set.union(*of_regions.values())) > 1
        and all(len(amounts) == 1 for amounts in of_regions.values())
    }


def _regions_of_a_price(rows: Rows) -> list[tuple[str, ...]]:
    """The regions, those with equal prices together."""
    disputed = _disputed(rows)
    by_region: dict[str, dict[Priced, Decimal]] = {}
    for row, meter in rows:
        priced = (meter.unit, meter.prompt_tokens)
        prices = by_region.setdefault(row.region, {})
        if priced in disputed:
            prices[priced] = row.per_million
    groups: dict[frozenset[tuple[Priced, Decimal]], list[str]] = {}
    for region in sorted(by_region):
        groups.setdefault(frozenset(by_region[region].items()), []).append(region)
    return [tuple(regions) for regions in groups.values()]


def _as_the_book_has_them(prices: Sequence[ReadPrice], book: Book) -> Iterator[ReadPrice]:
    """In the book's spelling of the model, which may be that of a report before Azure's rows.

    A price of some regions or of a zone that the book has for all of them is no news: only the
    others. Another one of a zone begins when a change of the book's price would.
    """
    names = names_of(book)
    for read in prices:
        price = msgspec.structs.replace(read, model=names.get(read.model.lower(), read.model))
        everywhere = _everywhere(price)
        if everywhere.matches == price.matches:
            yield price
            continue
        news = propose([everywhere], book, in_scope=())
        if not news:
            yield everywhere
        elif price.zone and (changed := news[0].price) is not None:
            yield msgspec.structs.replace(price, valid_from=changed.valid_from)
        else:
            yield price


def _everywhere(price: ReadPrice) -> ReadPrice:
    """The price as one of all regions and zones, unless its type has a price per region."""
    if price.deployment in REGIONAL:
        return price
    return msgspec.structs.replace(price, region=None, also_in=(), zone=None)


def _price(key: _CardKey, rows: Rows, checked: date) -> ReadPrice:
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
        currency=rows[0][0].currency,
        tiers=_tiers(rows),
        # All rates of the rule are known from the day the last of them took effect.
        valid_from=max(row.valid_from for row, _ in rows),
        valid_to=min(ends) if ends else None,
        family=_file(rows),
        source_kind="azure-retail",
        checked=checked,
        source_region=rows[0][0].region,
        meters=meters,
        conflict=conflict_of(rows),
    )


def _file(rows: Rows) -> str:
    """The rule file of the prices: one per family, and per currency that is not the dollar."""
    (row, meter), *_ = rows
    return f"azure_{meter.family}" + ("" if row.currency == "USD" else f"_{row.currency.lower()}")


def _tiers(rows: Rows) -> tuple[tuple[int | None, Rates], ...]:
    """A tier per bound that the meters name, and the last one.

    A meter of any size is in all tiers that no meter of the size has.
    """
    bands = [meter.prompt_tokens for _, meter in rows]
    bounds = sorted({bound for band in bands for bound in (band.up_to, band.above) if bound})
    sized = sorted(rows, key=lambda item: item[1].prompt_tokens == PromptBand())
    tiers: list[tuple[int | None, Rates]] = []
    for above, up_to in pairwise([0, *bounds, None]):
        rates: Rates = {}
        for row, meter in sized:
            band = meter.prompt_tokens
            reaches = band.up_to is None or (up_to is not None and up_to <= band.up_to)
            if reaches and (band.above or 0) <= (above or 0):
                rates.setdefault(meter.unit, row.per_million)
        tiers.append((up_to, rates))
    return tuple(tiers)
