"""The API's answer about prices, as far as the page shows it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

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


class Adjustment(Struct, frozen=True, kw_only=True):
    """A discount, a mark-up, a fixed price or a minimum."""

    rule: str
    kind: Literal["multiply", "fixed", "minimum", "zero"]
    layer: Literal["list", "contracted", "charge"]
    matches: dict[str, list[str]]
    currency: str
    valid_from: datetime
    valid_to: datetime | None
    factor: Decimal | None
    amount: Decimal | None
    per_million: dict[str, Decimal]
    note: str | None


class BookInUse(Struct, frozen=True, kw_only=True):
    version: str
    used_at: datetime
    age_days_max: int


class Prices(Struct, frozen=True, kw_only=True):
    book: BookInUse | None
    old_in_use: int
    data: list[Price]
    archived: str | None = "intact"
    """Unless it is `intact`, nobody knows whether there are adjustments. An API of an earlier
    release does not say it."""
    adjustments: list[Adjustment] = []
    """An API of an earlier release does not list them."""
    zones: dict[str, list[str]] = {}
    """The regions of each data zone of the book; not of an earlier release either."""
