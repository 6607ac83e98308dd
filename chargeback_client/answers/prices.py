"""Answers about prices.

Made from the OpenAPI document by `python -m chargeback.client_code`.
"""

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct, field


class Adjustment(Struct, frozen=True, kw_only=True):
    """What the company agreed on or adds: a step from the list price to the charge."""

    rule: str
    kind: str
    layer: str
    order: int
    matches: dict[str, list[str]]
    currency: str
    valid_from: datetime
    valid_to: datetime | None
    factor: Decimal | None
    amount: Decimal | None
    per_million: dict[str, Decimal]
    note: str | None


class BookInUse(Struct, frozen=True, kw_only=True):
    """The price book that metering rates with."""

    version: str
    used_at: datetime
    age_days_max: int


class PriceSource(Struct, frozen=True, kw_only=True):
    """Where a price was read."""

    kind: str
    version: str | None
    url: str | None
    region: str | None
    meters: dict[str, str]
    note: str | None


class PriceTier(Struct, frozen=True, kw_only=True):
    """Prices for prompts up to a size."""

    up_to_prompt_tokens: int | None
    per_million: dict[str, Decimal]


class RatedLayer(Struct, frozen=True, kw_only=True):
    """The call's total in one layer of the calculation."""

    currency: str
    amount: Decimal | None


class RatedLine(Struct, frozen=True, kw_only=True):
    """What one unit of the call costs. Amounts are in the layers' currencies."""

    unit: str
    quantity: int
    unit_price: Decimal
    list_: Decimal = field(name="list")
    contracted: Decimal
    charge: Decimal
    amount: Decimal


class Price(Struct, frozen=True, kw_only=True):
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


class RatedCall(Struct, frozen=True, kw_only=True):
    """One call with its price, as the ledger would hold it, or why it has none."""

    id: str | None
    state: str
    reason: str | None
    deferred: bool
    model: str | None
    version: str | None
    cost_centre: str | None
    total: Decimal | None
    currency: str
    layers: dict[str, RatedLayer]
    lines: list[RatedLine]
    excludes: list[str]
    rules: list[str]
    tier: int | None
    explanation: str


class Rated(Struct, frozen=True, kw_only=True):
    """The calls in the order in which they were sent."""

    book: str
    prices: str
    data: list[RatedCall]


class Prices(Struct, frozen=True, kw_only=True):
    """The prices that hold on a day."""

    book: BookInUse | None
    archived: str | None
    day: date
    old_in_use: int
    data: list[Price]
    adjustments: list[Adjustment]
    zones: dict[str, list[str]]
