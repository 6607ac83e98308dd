"""Table `prices`: each base rule and fee of the books that were in use, with source and date.

The archive of books keeps what a version means. A version does not change when someone compares a
price with its source again; the row of the rule does.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import msgspec

from pricing_rules.money import format_pico
from pricing_rules.price_book.book import Book
from pricing_rules.price_book.rate_card import FxRate, RateCard, RateTier
from pricing_rules.price_sources.ages import ListPrice, deployments_of, list_prices
from table_api.storage.keys import EVERY_ROW
from table_api.storage.named_rows import naming
from table_api.storage.parallel import chunks
from table_api.storage.table_storage import OPERATIONS_MAX, Row, TableStorage, Upsert, Value

PRICES_TABLE = "prices"
RULES_PARTITION = "rules"
BOOK_PARTITION = "book"
IN_USE = "in_use"
DEPLOYMENTS_MAX = 100
"""A column holds no more names than this; a fee may be for every deployment there is."""
FX_RATES_MAX = 200
"""The newest ones: a column holds some 300."""
_PER = 1_000_000
_OF_A_PRICE = ("currency", "valid_from", "tiers")
"""Columns that a rule of an id has for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTier:
    """Prices for prompts up to a size."""

    up_to_prompt_tokens: int | None
    """Inclusive; None is the last tier."""
    per_million: Mapping[str, str]
    """Decimal by unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPrice:
    """A base rule or a fee: what it prices, and who says so since when."""

    rule: str
    book_version: str
    """The last book in use that had the rule."""
    matches: Mapping[str, Sequence[str]]
    currency: str
    valid_from: datetime
    valid_to: datetime | None
    tiers: Sequence[PriceTier]
    origin: str
    source: str
    """Kind of the source: azure-retail, report, …"""
    checked: date
    source_version: str | None = None
    """Release of the package that was read."""
    url: str | None = None
    region: str | None = None
    note: str | None = None
    meters: Mapping[str, str] = field(default_factory=dict)
    deployments: Sequence[str] = ()
    """Deployments of the book whose calls it may price, the first of them; without any, nobody pays
    it.
    """

    def holds(self, at: datetime) -> bool:
        """Whether it is in force at a time."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookInUse:
    """The book that metering rates with."""

    version: str
    used_at: datetime
    """When a metering consumer last started with it."""
    age_days_max: int
    """After how many days that consumer calls a price old."""


class PriceList:
    """Writes and reads the table. Methods may raise Unavailable."""

    def __init__(self, storage: TableStorage) -> None:
        self._storage = storage

    async def publish(self, book: Book, *, at: datetime, age_days_max: int) -> int:
        """Say which book is in use, and what it says of its prices; how many rows changed."""
        await self._storage.create_table(PRICES_TABLE)
        known = {row["RowKey"]: row async for row in self._rows()}
        wanted = {card.id: _columns(book, card) for card in list_prices(book)}
        changed = [
            Upsert(rule, columns)
            for rule, columns in wanted.items()
            if not _has(known.get(rule), columns)
        ]
        for operations in chunks(changed, OPERATIONS_MAX):
            await self._storage.transact(PRICES_TABLE, RULES_PARTITION, operations)
        in_use: Row = {
            "version": book.version,
            "used_at": at.isoformat(),
            "age_days_max": age_days_max,
        }
        if book.content.fx:
            in_use["fx"] = _json(sorted(book.content.fx, key=_begins)[-FX_RATES_MAX:])
        await self._storage.transact(PRICES_TABLE, BOOK_PARTITION, [Upsert(IN_USE, in_use)])
        return len(changed)

    async def edited(self, book: Book, *, at: datetime) -> list[str]:
        """Rules that were in use at other prices. Rows of calls name a rule, and a cell would hold
        calls of two prices: a change of price is another rule. To be called before `publish`.
        """
        await self._storage.create_table(PRICES_TABLE)
        known = {row["RowKey"]: row async for row in self._rows()}
        now = at.astimezone(UTC).isoformat()
        found = []
        for card in list_prices(book):
            row = known.get(card.id, {})
            # As texts: a damaged row stops no consumer, and is written again.
            if "" < str(row.get("valid_from", "")) <= now:
                columns = _columns(book, card)
                if any(row.get(name) != columns[name] for name in _OF_A_PRICE):
                    found.append(card.id)
        return found

    async def in_use(self) -> BookInUse | None:
        """The book of the consumer that started last; None before any did."""
        row = await self._storage.get(PRICES_TABLE, BOOK_PARTITION, IN_USE)
        if row is None:
            return None
        with naming(PRICES_TABLE, row):
            return BookInUse(
                version=str(row["version"]),
                used_at=datetime.fromisoformat(str(row["used_at"])),
                age_days_max=int(row["age_days_max"]),
            )

    async def fx_rates(self) -> list[FxRate]:
        """The rates into the billing currency of the book in use; none of one currency, and none
        before a consumer of this release has started.
        """
        row = await self._storage.get(PRICES_TABLE, BOOK_PARTITION, IN_USE)
        if row is None:
            return []
        with naming(PRICES_TABLE, row):
            return msgspec.json.decode(str(row.get("fx", "[]")), type=list[FxRate])

    async def prices(self) -> list[ListedPrice]:
        """Every rule, also of books that are no longer in use, by its id."""
        prices = []
        async for row in self._rows():
            with naming(PRICES_TABLE, row):
                prices.append(_price(row))
        return prices

    async def _rows(self) -> AsyncIterator[Row]:
        async for page in self._storage.query(PRICES_TABLE, RULES_PARTITION, EVERY_ROW):
            for row in page:
                yield row


def _has(row: Row | None, columns: Mapping[str, Value]) -> bool:
    """Whether the row holds these columns and no other."""
    keys = {"PartitionKey", "RowKey", "Timestamp"}
    return row is not None and {k: v for k, v in row.items() if k not in keys} == columns


def _columns(book: Book, card: ListPrice) -> dict[str, Value]:
    source = book.sources[card.id]
    deployments = deployments_of(book, card)[:DEPLOYMENTS_MAX]
    tiers = [
        {
            "up_to": tier.up_to,
            "rates": {unit.value: format_pico(tier.price_of(_PER, unit)) for unit in tier.rates},
        }
        for tier in _tiers(card)
    ]
    columns = {
        "book_version": book.version,
        "matches": _json(dict(card.matches)),
        "currency": card.currency,
        "valid_from": card.valid_from.isoformat(),
        "valid_to": card.valid_to.isoformat() if card.valid_to else None,
        "tiers": _json(tiers),
        "origin": str(card.origin),
        "source": source.kind,
        "checked": source.checked,
        "source_version": source.version,
        "url": source.url,
        "region": source.region,
        "note": source.note,
        "meters": _json(dict(source.meters)) if source.meters else None,
        "deployments": _json(deployments) if deployments else None,
    }
    return {name: value for name, value in columns.items() if value is not None}


def _tiers(card: ListPrice) -> Sequence[RateTier]:
    return card.tiers if isinstance(card, RateCard) else [RateTier(up_to=None, rates=card.rates)]


def _price(row: Row) -> ListedPrice:
    valid_to = row.get("valid_to")
    tiers = msgspec.json.decode(str(row["tiers"]))
    return ListedPrice(
        rule=str(row["RowKey"]),
        book_version=str(row["book_version"]),
        matches=msgspec.json.decode(str(row["matches"])),
        currency=str(row["currency"]),
        valid_from=datetime.fromisoformat(str(row["valid_from"])),
        valid_to=datetime.fromisoformat(str(valid_to)) if valid_to else None,
        tiers=[
            PriceTier(up_to_prompt_tokens=tier["up_to"], per_million=tier["rates"])
            for tier in tiers
        ],
        origin=str(row["origin"]),
        source=str(row["source"]),
        checked=date.fromisoformat(str(row["checked"])),
        source_version=_text(row.get("source_version")),
        url=_text(row.get("url")),
        region=_text(row.get("region")),
        note=_text(row.get("note")),
        meters=msgspec.json.decode(str(row.get("meters", "{}"))),
        deployments=msgspec.json.decode(str(row.get("deployments", "[]"))),
    )


def _begins(rate: FxRate) -> datetime:
    return rate.valid_from


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _text(value: Value | None) -> str | None:
    return None if value is None else str(value)
