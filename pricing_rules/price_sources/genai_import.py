"""Prices of the genai-prices package → prices to compare with the book. Development only.

Its prices are the vendors' own, for Global Standard where it says Azure. What it cannot say
(deployment types, Azure's history) it says nothing about here either.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import pairwise

from genai_prices import data_snapshot
from genai_prices.types import ModelInfo, ModelPrice, StartDateConstraint, TieredPrices

from pricing_rules.errors import InvalidPriceSource
from pricing_rules.price_book.book import Book
from pricing_rules.price_book.rules import DeploymentType, ServiceTier
from pricing_rules.price_sources.proposals import Proposal, Rates, ReadPrice, propose
from pricing_rules.price_sources.quotes.litellm_prices import Entry
from pricing_rules.units import Unit

_UNITS = {
    "input_mtok": (Unit.INPUT, 1),
    "cache_read_mtok": (Unit.CACHE_READ, 1),
    "cache_write_mtok": (Unit.CACHE_WRITE_5M, 1),
    "cache_write_1h_mtok": (Unit.CACHE_WRITE_1H, 1),
    "output_mtok": (Unit.OUTPUT, 1),
    "input_audio_mtok": (Unit.INPUT_AUDIO, 1),
    "cache_audio_read_mtok": (Unit.CACHE_READ_AUDIO, 1),
    "output_audio_mtok": (Unit.OUTPUT_AUDIO, 1),
    "input_image_mtok": (Unit.INPUT_IMAGE, 1),
    "cache_image_read_mtok": (Unit.CACHE_READ_IMAGE, 1),
    "output_image_mtok": (Unit.OUTPUT_IMAGE, 1),
    "web_searches_kcount": (Unit.WEB_SEARCH, 1_000),
}
"""Its price names, and how many of its prices make one per million."""

_VARIANTS = {
    ("service_tier", "flex"): ServiceTier.FLEX,
    ("service_tier", "priority"): ServiceTier.PRIORITY,
    ("processing", "batch"): ServiceTier.BATCH,
}

_DatedPrice = tuple[datetime, datetime | None, ModelPrice]


def propose_genai(provider_id: str, book: Book, *, since: date, checked: date) -> list[Proposal]:
    """What the package would change for a provider. Undated prices are taken to hold `since`.

    The diff names what only the package has or has otherwise; what only the book has is no
    news, since the package knows less of Azure than the book.
    """
    return propose(
        list(genai_prices(provider_id, book, since=since, checked=checked)), book, in_scope=()
    )


def genai_prices(
    provider_id: str, book: Book, *, since: date, checked: date
) -> Iterator[ReadPrice]:
    """Every price of a provider that is fixed over the day."""
    providers = {provider.id: provider for provider in data_snapshot.get_snapshot().providers}
    if provider_id not in providers:
        raise InvalidPriceSource(f"genai-prices has no provider {provider_id!r}")
    names = {
        values["model"][0].lower(): values["model"][0]
        for card in book.content.cards
        if (values := dict(card.matches))["provider"][0] == provider_id
    }
    versions = {
        model: version
        for provider, model, version in book.content.default_versions
        if provider == provider_id
    }
    for model in providers[provider_id].models:
        name = re.sub(r"-\d{4}-\d{2}-\d{2}$", "", model.id)
        name = names.get(name.lower(), name)
        for service_tier, begins, ends, price in _dated_tiers(model, _midnight(since)):
            tiers = _tiers(price)
            if not tiers:
                continue
            yield ReadPrice(
                provider=provider_id,
                model=name,
                version=versions.get(name),
                deployment=DeploymentType.GLOBAL_STANDARD,
                service_tier=service_tier,
                tiers=tiers,
                valid_from=begins,
                valid_to=ends,
                family=provider_id,
                source_kind="genai-prices",
                checked=checked,
            )


def quotes(provider_id: str, book: Book, *, since: date, checked: date) -> list[Entry]:
    """The package's prices of a provider as quotes to compare with the book."""
    return [
        Entry(
            key="/".join(
                (provider_id, price.model + (f"-{price.version}" if price.version else ""))
            ),
            mode="any",
            url=price.url,
            tiers={price.service_tier: price.tiers},
            unread=(),
        )
        for price in genai_prices(provider_id, book, since=since, checked=checked)
    ]


def _dated_tiers(
    model: ModelInfo, since: datetime
) -> Iterator[tuple[ServiceTier, datetime, datetime | None, ModelPrice]]:
    standard = _dated(model, since)
    for begins, ends, price in standard:
        yield ServiceTier.DEFAULT, begins, ends, price
    for variant in model.price_variants or ():
        tier = next((_VARIANTS.get(item) for item in variant.when.items()), None)
        if tier is None or not standard:
            continue
        # A variant says only what differs from the standard price that holds now.
        merged = ModelPrice(**{**vars(standard[-1][2]), **vars(variant.prices)})
        yield tier, _start(variant.constraint, since) or since, None, merged


def _dated(model: ModelInfo, since: datetime) -> list[_DatedPrice]:
    """The standard prices in time; none when one depends on the time of day."""
    if isinstance(model.prices, ModelPrice):
        return [(since, None, model.prices)]
    starts = [_start(conditional.constraint, since) for conditional in model.prices]
    prices = [conditional.prices for conditional in model.prices]
    dated = [(begins, price) for begins, price in zip(starts, prices, strict=True) if begins]
    if len(dated) < len(prices):
        return []
    ends: Iterable[datetime | None] = [*(later for (_, _), (later, _) in pairwise(dated)), None]
    return [
        (begins, end, price)
        for (begins, price), end in zip(dated, ends, strict=True)
        if end is None or end > since
    ]


def _start(constraint: object, since: datetime) -> datetime | None:
    if constraint is None:
        return since
    if isinstance(constraint, StartDateConstraint):
        return max(since, _midnight(constraint.start_date))
    return None


def _tiers(price: ModelPrice) -> tuple[tuple[int | None, Rates], ...]:
    values = {name: value for name, value in vars(price).items() if name in _UNITS and value}
    bounds = sorted(
        {
            tier.start
            for value in values.values()
            if isinstance(value, TieredPrices)
            for tier in value.tiers
        }
    )
    tiers: list[tuple[int | None, Rates]] = []
    for index, bound in enumerate([*bounds, None]):
        above = bounds[index - 1] if index else 0
        rates: Rates = {}
        for name, value in values.items():
            unit, scale = _UNITS[name]
            rates[unit] = _rate_above(value, above) * scale
        tiers.append((bound, rates))
    return tuple(tiers) if values else ()


def _rate_above(value: Decimal | TieredPrices, prompt_tokens: int) -> Decimal:
    """Its tiers begin above their start: 272,000 is the last prompt of the tier before."""
    if not isinstance(value, TieredPrices):
        return value
    reached = [tier.price for tier in value.tiers if tier.start <= prompt_tokens and prompt_tokens]
    return reached[-1] if reached else value.base


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
