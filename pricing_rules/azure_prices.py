"""Rows of the Azure Retail Prices API and the hand table that says what each meter prices.

Owns reading both. A meter's name cannot be parsed reliably, so a meter that the table does not
know stops the import.
"""

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from pricing_rules.errors import InvalidPriceSource
from pricing_rules.rules import DeploymentType
from pricing_rules.units import Unit

METER_TABLE = Path(__file__).parent / "azure_meters.csv"
_TOKENS_PER_PRICE = {"1K": 1_000, "1M": 1_000_000}


class Meter(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the hand table."""

    name: str
    model: str
    version: str | None
    deployment: DeploymentType
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
        unit=Unit(line["unit"]),
        family=line["family"],
    )


def read_dump(path: Path) -> list[PriceRow]:
    """The token prices of a dump of the API: its pages' `Items`, or a plain list of rows."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        raise InvalidPriceSource(f"{path}: cannot be read as JSON: {error}") from error
    items = data.get("Items") if isinstance(data, dict) else data
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise InvalidPriceSource(f"{path}: found no list of Items, expected a page of the API")
    return [_price_row(item) for item in items if _is_token_price(item)]


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


def _is_token_price(item: Mapping[str, object]) -> bool:
    """Reservations, hours, images, storage and calls are not priced by token."""
    return (
        item.get("type") == "Consumption"
        and item.get("unitOfMeasure") in _TOKENS_PER_PRICE
        and str(item.get("meterName", "")).endswith("Tokens")
    )


def _price_row(item: Mapping[str, object]) -> PriceRow:
    meter = str(item["meterName"])
    if item.get("currencyCode") != "USD" or item.get("tierMinimumUnits") not in (0, Decimal(0)):
        raise InvalidPriceSource(
            f"meter {meter!r}: found currency {item.get('currencyCode')} and minimum units "
            f"{item.get('tierMinimumUnits')}, expected USD and 0"
        )
    price = Decimal(str(item["retailPrice"]))
    scale = 1_000_000 // _TOKENS_PER_PRICE[str(item["unitOfMeasure"])]
    end = item.get("effectiveEndDate")
    return PriceRow(
        meter=meter,
        per_million=price * scale,
        region=str(item["armRegionName"]),
        valid_from=_moment(item["effectiveStartDate"]),
        valid_to=_moment(end) + timedelta(minutes=1) if end else None,
    )


def _moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)
