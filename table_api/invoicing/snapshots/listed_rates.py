"""The rates into the billing currency of a month in which nothing was charged.

Else what was charged in both currencies says them: see `invoicing.focus.conversion`.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from pricing_rules.price_book.rate_card import FxRate
from table_api.ledger.measures import Measures
from table_api.prices.price_list import PriceList
from table_api.storage.table_storage import TableStorage

Rates = dict[str, tuple[int, int]]
"""By charge day: numerator and denominator."""


async def listed_rates(
    storage: TableStorage, sums: Iterable[Measures], days: Iterable[str]
) -> Rates:
    """Of the days (ISO), by the rate of the book in use at midnight UTC: a rate begins then, and a
    day east of it begins earlier. None where `sums` have a charge, or no list price.
    """
    has_list = False
    for each in sums:
        if each.get("charge", 0) > 0:
            return {}
        has_list = has_list or each.get("list", 0) != 0
    if not has_list:
        return {}
    rates = await PriceList(storage).fx_rates()
    found = {day: _at(datetime.fromisoformat(day).replace(tzinfo=UTC), rates) for day in days}
    return {day: rate for day, rate in found.items() if rate is not None}


def _at(time: datetime, rates: Iterable[FxRate]) -> tuple[int, int] | None:
    for rate in rates:
        if rate.valid_from <= time and (rate.valid_to is None or time < rate.valid_to):
            return rate.numerator, rate.denominator
    return None
