"""The API's answer about prices, as far as the page shows it."""

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct


class PriceSource(Struct, frozen=True, kw_only=True):
    """Where a price was read."""

    kind: str
    version: str | None = None
    url: str | None = None
    region: str | None = None
    meters: dict[str, str] = {}
    note: str | None = None


class PriceTier(Struct, frozen=True, kw_only=True):
    """Prices for prompts up to a size."""

    up_to_prompt_tokens: int | None
    per_million: dict[str, Decimal]


class Price(Struct, frozen=True, kw_only=True):
    """One base rule or fee of the book in use."""

    rule: str
    provider: str
    model: str | None
    matches: dict[str, list[str]]
    currency: str
    valid_from: datetime
    valid_to: datetime | None
    tiers: list[PriceTier]
    source: PriceSource
    checked: date
    age_days: int
    old: bool
    deployments: list[str]


class BookInUse(Struct, frozen=True, kw_only=True):
    version: str
    used_at: datetime
    age_days_max: int


class Prices(Struct, frozen=True, kw_only=True):
    book: BookInUse | None
    old_in_use: int
    data: list[Price]
