"""List prices of Azure: Microsoft's own of the region, or else the dated ones of prices.json."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import urlopen

FILE = Path(__file__).parents[1] / "prices.json"
PRICES_URL = "https://prices.azure.com/api/retail/prices"
SECONDS_MAX = 15.0
EVERYWHERE = "Global"
_UNIT = re.compile(r"(\d+)(K|M)?\b")
_THOUSANDS = {"": 1, "K": 1_000, "M": 1_000_000}

Row = dict[str, Any]
Ask = Callable[[Row, str], Decimal | None]
"""The price of one unit of a row in a region; None where Microsoft's list has none."""


class Unreachable(Exception):
    """Microsoft's price list does not answer from here."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one costs, and where that is from: empty for the region's own list."""

    of_one: Decimal
    source: str


class PriceList:
    """Prices by the names of prices.json."""

    def __init__(self, region: str, facts: Mapping[str, str], ask: Ask | None) -> None:
        """`facts` fill the names of meters; without `ask` only the dated prices are taken."""
        listed = json.loads(FILE.read_text(encoding="utf-8"))
        self.currency: str = listed["currency"]
        self._rows: dict[str, Row] = listed["prices"]
        self._region, self._facts, self._ask = region, facts, ask

    @property
    def names(self) -> set[str]:
        """What is billed, with a price or without."""
        return set(self._rows)

    @property
    def is_dated(self) -> bool:
        """Whether Microsoft's list is not asked, or does not answer."""
        return self._ask is None

    def price(self, name: str) -> Price | None:
        """None where neither list has it. A price that nobody knows is never 0."""
        if name not in self._rows:
            return None
        row = self._rows[name]
        return self._asked(row) or self._dated(row)

    def _asked(self, row: Row) -> Price | None:
        if self._ask is None:
            return None
        filled = {
            key: value.format(**self._facts) if isinstance(value, str) else value
            for key, value in row.items()
            if key in {"service", "product", "sku", "meter", "region"}
        }
        region = EVERYWHERE if row["region"] == EVERYWHERE else self._region
        try:
            found = self._ask(filled, region)
        except Unreachable:
            self._ask = None  # it is asked once, not for each price
            return None
        return None if found is None else Price(found, "")

    def _dated(self, row: Row) -> Price | None:
        wanted = row.get("only", {})
        if row["price"] is None or any(self._facts[key] != value for key, value in wanted.items()):
            return None
        on = row["on"] or "not dated"
        return Price(Decimal(row["price"]) / row["for"], f"{row['region']}, {on}")


def list_price(row: Row, region: str) -> Decimal | None:
    """What Microsoft's list says of a meter now."""
    wanted = {
        "serviceName": row["service"], "meterName": row["meter"], "productName": row.get("product"),
        "skuName": row.get("sku"), "armRegionName": None if region == EVERYWHERE else region,
        "priceType": "Consumption",
    }  # fmt: skip
    words = " and ".join(f"{name} eq '{value}'" for name, value in wanted.items() if value)
    url = f"{PRICES_URL}?{urlencode({'$filter': words})}"
    try:
        with urlopen(url, timeout=SECONDS_MAX) as answer:
            items = json.loads(answer.read(), parse_float=Decimal)["Items"]
    except HTTPError:
        return None
    except (URLError, TimeoutError, ValueError, KeyError) as error:
        raise Unreachable from error
    if region == EVERYWHERE:
        items = [each for each in items if each["armRegionName"] in {EVERYWHERE, ""}]
    return price_of(items)


def price_of(items: list[dict[str, Any]]) -> Decimal | None:
    """What one costs in the first tier that is not free. Of two meters the dearer one counts."""
    found = []
    for each in items:
        unit = _UNIT.match(each["unitOfMeasure"])
        price = Decimal(each["retailPrice"])
        if unit is not None and price > 0:
            count = int(unit[1]) * _THOUSANDS[unit[2] or ""]
            found.append((Decimal(each["tierMinimumUnits"]), -price / count))
    return -min(found)[1] if found else None
