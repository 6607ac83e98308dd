"""Prices of the genai-prices package → prices to compare with the book. Development only.

Its prices are the vendors' own, for Global Standard where it says Azure. What it cannot say
(deployment types, Azure's history) it says nothing about here either.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal

from genai_prices import data_snapshot
from genai_prices.types import (
    ModelInfo,
    ModelPrice,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from pricing_rules.errors import InvalidPriceSource
from pricing_rules.price_book.book import Book
from pricing_rules.price_book.rules import DeploymentType, ServiceTier
from pricing_rules.price_sources.proposals import Change, Proposal, Rates, ReadPrice, propose
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
    "output_reasoning_mtok": (Unit.REASONING, 1),
    "web_searches_kcount": (Unit.WEB_SEARCH, 1_000),
    "storage_searches_kcount": (Unit.FILE_SEARCH, 1_000),
    "requests_kcount": (Unit.REQUEST, 1_000),
    "input_document_kpages": (Unit.PAGE, 1_000),
    "input_mchars": (Unit.CHARACTER, 1),
}
"""Its price names, and how many of its prices make one per million."""

_CONTEXTS: Mapping[ServiceTier, Mapping[str, str] | None] = {
    ServiceTier.DEFAULT: None,
    ServiceTier.FLEX: {"service_tier": "flex"},
    ServiceTier.PRIORITY: {"service_tier": "priority"},
    ServiceTier.BATCH: {"processing": "batch"},
}
"""What the package calls each tier. A price that asks for more than that is no tier's."""
_Constraint = StartDateConstraint | TimeOfDateConstraint
_DATED_NAME = re.compile(r"(.+)-(\d{4}-\d{2}-\d{2})")


def propose_genai(provider_id: str, book: Book, *, since: date, checked: date) -> list[Proposal]:
    """What the package would change for a provider. Undated prices are taken to hold `since`.

    The diff names what only the package has or has otherwise; what only the book has is no
    news, since the package knows less of Azure than the book. A model of which anything is unread
    is listed with it, and has no price.
    """
    prices = list(genai_prices(provider_id, book, since=since, checked=checked))
    unread = [
        Proposal(change=Change.UNREAD, rule_id=f"{provider_id}/{model.id}", details=(why,))
        for model in _models(provider_id)
        if (why := _why_unread(model, _midnight(since))) is not None
    ]
    return [*propose(prices, book, in_scope=()), *unread]


def genai_prices(
    provider_id: str, book: Book, *, since: date, checked: date
) -> Iterator[ReadPrice]:
    """Every price of a provider of which everything is read."""
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
    for model in _models(provider_id):
        if _why_unread(model, _midnight(since)) is not None:
            continue
        dated = _DATED_NAME.fullmatch(model.id)
        name, version = dated.groups() if dated else (model.id, None)
        name = names.get(name.lower(), name)
        for service_tier, begins, ends, price in _dated_tiers(model, _midnight(since)):
            tiers = _tiers(price)
            if not tiers:
                continue
            yield ReadPrice(
                provider=provider_id,
                model=name,
                version=version or versions.get(name),
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


def _models(provider_id: str) -> Sequence[ModelInfo]:
    providers = {provider.id: provider for provider in data_snapshot.get_snapshot().providers}
    if provider_id not in providers:
        raise InvalidPriceSource(f"genai-prices has no provider {provider_id!r}")
    return providers[provider_id].models


def _why_unread(model: ModelInfo, since: datetime) -> str | None:
    """Why a model's prices make no rule; None when they do. A rule without one of them would charge
    too little."""
    if any(isinstance(each, TimeOfDateConstraint) for each in _constraints(model)):
        return "its price depends on the time of day"
    unread = {
        name
        for _, _, _, price in _dated_tiers(model, since)
        for name, value in vars(price).items()
        if value and name not in _UNITS and not name.startswith("_")
    }
    return f"nothing reads {', '.join(sorted(unread))}" if unread else None


def _dated_tiers(
    model: ModelInfo, since: datetime
) -> Iterator[tuple[ServiceTier, datetime, datetime | None, ModelPrice]]:
    """Each tier's prices in time, as the package itself chooses them on each day of a change."""
    begins = (_midnight(c.start_date) for c in _constraints(model)
              if isinstance(c, StartDateConstraint))  # fmt: skip
    days = sorted({since, *(day for day in begins if day > since)})
    for tier, context in _CONTEXTS.items():
        periods: list[tuple[datetime, ModelPrice | None]] = []
        for day in days:
            price = _price_on(day, model, context)
            if not periods or price != periods[-1][1]:
                periods.append((day, price))
        ends = [*(begins for begins, _ in periods[1:]), None]
        for (begin, price), end in zip(periods, ends, strict=True):
            if price is not None:
                yield tier, begin, end, price


def _price_on(
    day: datetime, model: ModelInfo, context: Mapping[str, str] | None
) -> ModelPrice | None:
    """The price of a tier on a day; None where the package says none."""
    if context is None:
        listed = isinstance(model.prices, ModelPrice) or any(
            _holds(each.constraint, day) for each in model.prices
        )
    else:
        listed = any(
            each.when == context and _holds(each.constraint, day)
            for each in model.price_variants or ()
        )
    return model.get_prices(day, context) if listed else None


def _holds(constraint: _Constraint | None, day: datetime) -> bool:
    return constraint is None or constraint.active(day)


def _constraints(model: ModelInfo) -> Iterator[_Constraint]:
    """What says when any of its prices hold."""
    dated = () if isinstance(model.prices, ModelPrice) else model.prices
    for each in (*dated, *(model.price_variants or ())):
        if each.constraint is not None:
            yield each.constraint


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
