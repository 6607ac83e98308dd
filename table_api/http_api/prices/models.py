"""The answers about prices; docs/api.md says what each field means."""

from datetime import date, datetime
from typing import Literal

from table_api.http_api.conventions.models import Answer, Money


class PriceSource(Answer):
    """Where a price was read."""

    kind: str
    version: str | None
    url: str | None
    region: str | None
    meters: dict[str, str]
    note: str | None


class PriceTier(Answer):
    """Prices for prompts up to a size."""

    up_to_prompt_tokens: int | None
    per_million: dict[str, Money]


class Price(Answer):
    """A list price from a day on: a base rule of the book, or a fee."""

    rule: str
    provider: str
    model: str | None
    matches: dict[str, list[str]]
    currency: str
    valid_from: datetime
    valid_to: datetime | None
    tiers: list[PriceTier]
    origin: str
    source: PriceSource
    checked: date
    age_days: int
    old: bool
    deployments: list[str]


class Adjustment(Answer):
    """What the company agreed on or adds: a step from the list price to the charge."""

    rule: str
    kind: Literal["multiply", "fixed", "minimum", "zero"]
    layer: Literal["list", "contracted", "charge"]
    order: int
    matches: dict[str, list[str]]
    currency: str
    valid_from: datetime
    valid_to: datetime | None
    factor: Money | None
    amount: Money | None
    per_million: dict[str, Money]
    note: str | None


class BookInUse(Answer):
    """The price book that metering rates with."""

    version: str
    used_at: datetime
    age_days_max: int


Archived = Literal["intact", "absent", "damaged"]


class Prices(Answer):
    """The prices that hold on a day."""

    book: BookInUse | None
    archived: Archived | None
    """Whether the archive has the book; None without a book. Adjustments and zones are read there,
    so unless it is `intact` nobody knows whether there are any."""
    day: date
    old_in_use: int
    data: list[Price]
    adjustments: list[Adjustment]
    zones: dict[str, list[str]]
