"""Rows of the Azure Retail Prices API and the hand table that says what each meter prices.

Owns reading both. A meter's name cannot be parsed reliably, so a meter that the table does not
know stops the import.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from pathlib import Path
from typing import Annotated

import msgspec

from pricing_rules.errors import InvalidPriceSource
from pricing_rules.price_book.rules import DeploymentType, ServiceTier
from pricing_rules.units import Unit

METER_TABLE = Path(__file__).parent / "azure_meters.csv"
_COUNT_PER_PRICE = {"1K": 1_000, "1M": 1_000_000}
_NOT_BY_COUNT = frozenset({"1", "100", "1 Second", "1 Hour", "1/Hour", "1/Day", "1/Month"})
"""Units of sessions, pictures, video, provisioned throughput, hosting and storage."""
_EXACT = Context(prec=50)
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class PromptBand(msgspec.Struct, frozen=True):
    """Which prompts a meter is for. Both None: of any size."""

    up_to: int | None = None
    """Largest prompt, inclusive."""
    above: int | None = None
    """Largest prompt that another meter is for."""


class Meter(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the hand table."""

    name: str
    model: str
    version: str | None
    deployment: DeploymentType
    service_tier: ServiceTier
    prompt_tokens: PromptBand
    unit: Unit
    family: str
    """Rule file that holds the model's prices."""


class PriceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One price of a dump: pay-as-you-go tokens of one meter in one region."""

    meter: str
    per_million: Decimal
    """USD, exact as published."""
    region: str
    valid_from: datetime
    valid_to: datetime | None
    """Exclusive: the API's last minute, 23:59, plus one."""


class _RetailRow(msgspec.Struct, frozen=True):
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

    @property
    def of_a_model(self) -> bool:
        """Whether it may price a model. "Cognitive Services" also sells translation and vision."""
        return (
            self.serviceName == "Foundry Models"
            or self.productName.startswith("Azure OpenAI")
            or "token" in self.meterName.lower()
        )


class _Dump(msgspec.Struct, frozen=True):
    Items: list[_RetailRow]


def read_meter_table(path: Path = METER_TABLE) -> dict[str, Meter | None]:
    """Meters by name; None for a meter that is no price of a call."""
    with path.open(encoding="utf-8", newline="") as file:
        table: dict[str, Meter | None] = {}
        for line in csv.DictReader(file):
            name = line["meter"]
            if name in table:
                raise InvalidPriceSource(f"{path.name}: meter {name!r} stands twice")
            table[name] = None if line["not_priced_because"] else _meter(line)
    return table


def _meter(line: Mapping[str, str]) -> Meter:
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


def read_dump(path: Path) -> list[PriceRow]:
    """The pay-as-you-go prices per thousand or million of a dump: pages of the API in one object.

    Reservations, hours, pictures, storage and services without a model are left out. A unit that
    nobody knows is InvalidPriceSource: it may be one of tokens.
    """
    try:
        dump = msgspec.json.decode(path.read_bytes(), type=_Dump)
    except OSError as error:
        raise InvalidPriceSource(f"{path}: cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise InvalidPriceSource(f"{path}: is no page of the API: {error}") from error
    return [_price_row(row) for row in _counted(dump.Items)]


def _counted(rows: Iterable[_RetailRow]) -> Iterator[_RetailRow]:
    for row in rows:
        if row.type != "Consumption" or not row.of_a_model or row.unitOfMeasure in _NOT_BY_COUNT:
            continue
        if row.unitOfMeasure not in _COUNT_PER_PRICE:
            raise InvalidPriceSource(
                f"meter {row.meterName!r} is priced per {row.unitOfMeasure!r}, expected "
                f"{' or '.join(_COUNT_PER_PRICE)}, or one of {', '.join(sorted(_NOT_BY_COUNT))}"
            )
        yield row


def map_rows(
    rows: Iterable[PriceRow], table: Mapping[str, Meter | None]
) -> list[tuple[PriceRow, Meter]]:
    """Each row with its meter. InvalidPriceSource lists every meter that the table lacks."""
    rows = list(rows)
    unknown = sorted({row.meter for row in rows} - table.keys())
    if unknown:
        raise InvalidPriceSource(
            f"{len(unknown)} meters are not in {METER_TABLE.name}, add a line for each: "
            + "; ".join(unknown)
        )
    return [(row, meter) for row in rows if (meter := table[row.meter]) is not None]


def _price_row(row: _RetailRow) -> PriceRow:
    if row.currencyCode != "USD" or row.tierMinimumUnits:
        raise InvalidPriceSource(
            f"meter {row.meterName!r}: found currency {row.currencyCode} and minimum units "
            f"{row.tierMinimumUnits}, expected USD and 0"
        )
    end = row.effectiveEndDate
    return PriceRow(
        meter=row.meterName,
        per_million=_EXACT.multiply(
            row.retailPrice, Decimal(1_000_000 // _COUNT_PER_PRICE[row.unitOfMeasure])
        ),
        region=row.armRegionName,
        valid_from=row.effectiveStartDate.astimezone(UTC),
        valid_to=end.astimezone(UTC) + timedelta(minutes=1) if end else None,
    )
