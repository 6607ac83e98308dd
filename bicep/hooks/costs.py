"""What a deployment costs while nobody calls, by list prices of the region.

Microsoft's public price list is asked. A price that is not found there is said to be unknown.
"""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

FILE = Path(__file__).parents[1] / "at_rest.json"
PRICES_URL = "https://prices.azure.com/api/retail/prices"
SECONDS_MAX = 15.0
METER_NAMES = {"BasicV2": "Basic v2", "StandardV2": "Standard v2"}
"""As the price list spells a tier of API Management where it differs."""

Ask = Callable[[str, str, str], Decimal | None]
"""The price of a unit, by service, meter and region."""


def lines(region: str, sku: str, *, new_gateway: bool, ask: Ask) -> Iterator[str]:
    """One line for each thing that costs money at rest, and their sum."""
    total, unknown = Decimal(0), 0
    yield f"At rest this costs per month, by list prices of {region} in USD:"
    for each in json.loads(FILE.read_text(encoding="utf-8")):
        if each.get("only") == "new gateway" and not new_gateway:
            continue
        meter = each["meter"].format(sku=METER_NAMES.get(sku, sku))
        price = ask(each["service"], meter, region)
        what = each["what"].format(sku=sku)
        if price is None:
            unknown += 1
            yield f"  {'unknown':>9}  {what} (no list price found for '{meter}')"
            continue
        amount = price * Decimal(each["quantity"])
        total += amount
        yield f"  {amount:>9.2f}  {what}"
    if unknown:
        known = f"at least {total:.2f}: " if total else ""
        yield f"  {'unknown':>9}  together ({known}{unknown} prices are missing)"
    else:
        yield f"  {total:>9.2f}  together"
    yield "Not counted: storage, logs by the gigabyte, alerts, runs of the function app, tokens."


def list_price(service: str, meter: str, region: str) -> Decimal | None:
    """The first tier's price above zero that the price list has; None where it has none."""
    wanted = (
        f"serviceName eq '{service}' and meterName eq '{meter}' and armRegionName eq '{region}'"
        " and priceType eq 'Consumption'"
    )
    try:
        with urlopen(
            f"{PRICES_URL}?{urlencode({'$filter': wanted})}", timeout=SECONDS_MAX
        ) as answer:
            items = json.loads(answer.read(), parse_float=Decimal)["Items"]
    except (URLError, TimeoutError, ValueError, KeyError):
        return None
    return price_of(items)


def price_of(items: list[dict[str, Any]]) -> Decimal | None:
    """Free grants have a row of price 0 each: the smallest price above it counts."""
    prices = [Decimal(each["retailPrice"]) for each in items if each["retailPrice"] > 0]
    return min(prices, default=None)
