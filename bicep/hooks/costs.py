"""What a deployment costs while nobody calls, and what a million calls add to it.

Quantities at rest are those of at_rest.json and of the parameters. Requests are counted by a
benchmark (requests.json): of programs that wait for a month, and of a million calls beyond that.
Both are multiplied by the same list prices.
"""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from bicep.hooks.parameters import Parameters
from bicep.hooks.prices import Ask, PriceList

FOLDER = Path(__file__).parents[1]
NOT_AT_REST = (
    "Not counted at rest: storage and logs by the gigabyte, runs of the jobs and of the function "
    "app. Free grants of the subscription are not taken off."
)
NOT_OF_CALLS = (
    "Not counted of calls: tokens, logs by the gigabyte, and replicas that start as lag grows."
)
_CENT = Decimal("0.01")
"""Each line is rounded, so that the lines that are shown add up to their sum."""
Line = tuple[str, Decimal | None, str]
"""What it is, its amount, and where its price is from. None: its price is not known."""


def at_rest(given: Parameters, prices: PriceList) -> list[Line]:
    """One line for each thing that costs money each month."""
    found = []
    for each in _read("at_rest.json"):
        if _is_there(each, given):
            times = int(given[each["times"]]) if "times" in each else 1
            quantity = Decimal(each["quantity"]) * times
            what, name = each["what"].format(**given), each["price"].format(**given)
            found.append(_line(what, name, quantity, prices))
    return found + _requests("waiting", prices)


def of_a_million(prices: PriceList) -> list[Line]:
    """One line for each kind of request that a million calls make."""
    return _requests("requests", prices)


def total(found: Iterable[Line]) -> tuple[Decimal, int]:
    """The sum of what is known, and how many prices are missing."""
    amounts = [amount for _, amount, _ in found]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)), len(amounts) - len(known)


def lines(region: str, given: Parameters, ask: Ask | None) -> Iterator[str]:
    """What a person reads before the first resource is made."""
    prices = PriceList(region, facts(given), ask)
    rest, calls = at_rest(given, prices), of_a_million(prices)
    yield f"At rest this costs per month in {prices.currency}, by list prices of {region}:"
    yield from _table(rest)
    pace = _read("requests.json")["pace"]
    yield f"A million calls ({pace}) add:"
    yield from _table(calls)
    if prices.is_dated:
        yield (
            "Microsoft's price list did not answer. The prices are those of bicep/prices.json, "
            "with the region and the day of each."
        )
    yield NOT_AT_REST
    yield NOT_OF_CALLS


def facts(given: Parameters) -> dict[str, str]:
    """What the name of a meter depends on."""
    return {"redundancy": str(given["storageSku"]).partition("_")[2]}


def _requests(kind: str, prices: PriceList) -> list[Line]:
    counts = _read("requests.json")[kind]
    return [
        _line(f"{name}: {count:,}", name, Decimal(count), prices) for name, count in counts.items()
    ]


def _table(found: list[Line]) -> Iterator[str]:
    for what, amount, source in found:
        said = "unknown" if amount is None else f"{amount:.2f}"
        yield f"  {said:>9}  {what}{f' ({source})' if source else ''}"
    known, missing = total(found)
    if missing:
        counted = "1 price is missing" if missing == 1 else f"{missing} prices are missing"
        yield f"  {'unknown':>9}  together (at least {known:.2f}: {counted})"
    else:
        yield f"  {known:>9.2f}  together"


def _line(what: str, name: str, quantity: Decimal, prices: PriceList) -> Line:
    price = prices.price(name)
    if price is None:
        return what, None, "no list price found"
    return what, (price.of_one * quantity).quantize(_CENT), price.source


def _is_there(each: dict[str, Any], given: Parameters) -> bool:
    wanted, unwanted = each.get("if"), each.get("unless")
    return (wanted is None or bool(given[wanted])) and not (unwanted and given[unwanted])


def _read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))
