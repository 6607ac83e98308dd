"""Rows of the Azure Retail Prices API, and the exceptions to the rules that read their meters.

Owns reading both. What a meter prices is said by a line of `meters.csv` or, without one, by
the rules of `readings`; a meter that neither reads is listed and refuses nothing.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from pathlib import Path
from typing import Annotated

import msgspec

from pricing_rules.errors import InvalidPriceSource
from pricing_rules.price_book.rules import DeploymentType, ServiceTier
from pricing_rules.price_sources.azure.readings import (
    Meter,
    MeterName,
    NoCall,
    PromptBand,
    Unread,
    read_meter,
)
from pricing_rules.units import Unit

METER_TABLE = Path(__file__).parent / "meters.csv"
_COUNT_PER_PRICE = {"1K": 1_000, "1M": 1_000_000}
_NOT_BY_COUNT = frozenset({"1", "100", "1 Second", "1 Hour", "1/Hour", "1/Day", "1/Month"})
"""Units of sessions, pictures, video, provisioned throughput, hosting and storage."""
_EXACT = Context(prec=50)
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class PriceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One price of a dump: pay-as-you-go tokens of one meter in one region."""

    name: MeterName
    per_million: Decimal
    """Exact as published."""
    currency: str
    region: str
    valid_from: datetime
    valid_to: datetime | None
    """Exclusive: the API's last minute, 23:59, plus one."""
    from_units: Decimal = Decimal(0)
    """The volume above which this price holds; other rows have the price below it."""

    @property
    def meter(self) -> str:
        return self.name.meter


class Dump(msgspec.Struct, frozen=True):
    """What pages of the API say about prices of tokens."""

    rows: list[PriceRow]
    unread: list[Unread]
    """Meters whose unit nobody knows."""


class RetailRow(msgspec.Struct, frozen=True):
    """The fields of the API's row that we read, by their own names."""

    serviceName: str
    productName: str
    meterName: str
    retailPrice: Decimal
    unitOfMeasure: str
    currencyCode: str
    tierMinimumUnits: Decimal
    armRegionName: str
    effectiveStartDate: _Moment
    type: str
    effectiveEndDate: _Moment | None = None
    skuName: str = ""
    armSkuName: str = ""

    @property
    def of_a_model(self) -> bool:
        """Whether it may price a model. "Cognitive Services" also sells translation and vision."""
        return (
            self.serviceName == "Foundry Models"
            or self.productName.startswith("Azure OpenAI")
            or "token" in self.meterName.lower()
        )


class _Page(msgspec.Struct, frozen=True):
    Items: list[RetailRow]


def read_meter_table(path: Path = METER_TABLE) -> dict[str, Meter | None]:
    """Exceptions by name; None for a meter that is no price of a call."""
    with path.open(encoding="utf-8", newline="") as file:
        table: dict[str, Meter | None] = {}
        for line in csv.DictReader(file):
            name = line["meter"]
            if name in table:
                raise InvalidPriceSource(f"{path.name}: meter {name!r} has two lines")
            table[name] = None if line["not_priced_because"] else _meter(line, path)
    return table


def _meter(line: Mapping[str, str], path: Path) -> Meter:
    try:
        return _checked_meter(line)
    except ValueError as error:
        message = f"{path.name}: meter {line['meter']!r}: {error}"
        raise InvalidPriceSource(message) from error


def _checked_meter(line: Mapping[str, str]) -> Meter:
    if not line["model"]:
        raise ValueError("has neither a model nor a reason in not_priced_because")
    return Meter(
        name=line["meter"],
        model=line["model"],
        version=line["version"] or None,
        deployment=DeploymentType(line["deployment"]),
        service_tier=ServiceTier(line["service_tier"]),
        prompt_tokens=_band(line["prompt_tokens"]),
        unit=Unit(line["unit"]),
        family=line["family"],
    )


def _band(text: str) -> PromptBand:
    """`<=272000` or `>272000`; empty is every size."""
    if not text:
        return PromptBand()
    if text.startswith("<="):
        return PromptBand(up_to=int(text.removeprefix("<=")))
    return PromptBand(above=int(text.removeprefix(">")))


def read_dump(path: Path) -> Dump:
    """The pay-as-you-go prices per thousand or million of a dump: pages of the API in one object.

    Reservations, hours, pictures, storage and services without a model are left out.
    """
    rows = [row for row in read_rows(path) if row.type == "Consumption"]
    known = [row for row in rows if row.unitOfMeasure in _COUNT_PER_PRICE]
    strange = {
        row.meterName: row.unitOfMeasure
        for row in rows
        if row.unitOfMeasure not in _COUNT_PER_PRICE.keys() | _NOT_BY_COUNT
    }
    return Dump(
        [_price_row(row) for row in known],
        [_of_a_strange_unit(meter, unit) for meter, unit in sorted(strange.items())],
    )


def read_rows(path: Path) -> list[RetailRow]:
    """Every row of a dump that may price a model, of all kinds of prices."""
    try:
        page = msgspec.json.decode(path.read_bytes(), type=_Page)
    except OSError as error:
        raise InvalidPriceSource(f"{path}: cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise InvalidPriceSource(f"{path}: is no page of the API: {error}") from error
    return [row for row in page.Items if row.of_a_model]


def _of_a_strange_unit(meter: str, unit: str) -> Unread:
    expected = ", ".join([*_COUNT_PER_PRICE, *sorted(_NOT_BY_COUNT)])
    return Unread(
        meter=meter,
        reason=f"it is priced per {unit!r}, expected one of {expected}",
        line=f"{meter},,,,,,,,priced per {unit}",
    )


def map_rows(
    rows: Iterable[PriceRow], table: Mapping[str, Meter | None]
) -> tuple[list[tuple[PriceRow, Meter]], list[Unread]]:
    """Each row with each of its meters, and the meters that nothing reads, once each."""
    mapped: list[tuple[PriceRow, Meter]] = []
    unread: dict[str, Unread] = {}
    readings: dict[MeterName, Sequence[Meter] | NoCall | Unread] = {}
    for row in rows:
        if row.name not in readings:
            readings[row.name] = _reading(row.name, table)
        reading = readings[row.name]
        if isinstance(reading, Unread):
            unread.setdefault(reading.meter, reading)
        elif not isinstance(reading, NoCall):
            mapped += [(row, meter) for meter in reading]
    return mapped, [unread[meter] for meter in sorted(unread)]


def _reading(
    name: MeterName, table: Mapping[str, Meter | None]
) -> Sequence[Meter] | NoCall | Unread:
    if name.meter not in table:
        return read_meter(name)
    meter = table[name.meter]
    return () if meter is None else (meter,)


def _price_row(row: RetailRow) -> PriceRow:
    end = row.effectiveEndDate
    return PriceRow(
        name=MeterName(
            meter=row.meterName,
            product=row.productName,
            counted=row.unitOfMeasure,
            sku=row.skuName,
            arm_sku=row.armSkuName,
        ),
        per_million=_EXACT.multiply(
            row.retailPrice, Decimal(1_000_000 // _COUNT_PER_PRICE[row.unitOfMeasure])
        ),
        currency=row.currencyCode,
        region=row.armRegionName,
        valid_from=row.effectiveStartDate.astimezone(UTC),
        valid_to=end.astimezone(UTC) + timedelta(minutes=1) if end else None,
        from_units=row.tierMinimumUnits,
    )
