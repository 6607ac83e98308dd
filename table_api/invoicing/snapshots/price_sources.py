"""Where the prices of a month are from, out of table `prices`."""

from collections.abc import Collection

from table_api.invoicing.snapshots.snapshot import PriceSource
from table_api.prices.price_list import ListedPrice, PriceList
from table_api.storage.table_storage import TableStorage


async def price_sources(storage: TableStorage, rules: Collection[str]) -> dict[str, PriceSource]:
    """By rule, of those that the table lists: a ledger that no consumer has written to has none."""
    prices = await PriceList(storage).prices()
    return {price.rule: _source(price) for price in prices if price.rule in rules}


def _source(price: ListedPrice) -> PriceSource:
    return PriceSource(
        source=price.source,
        checked=price.checked.isoformat(),
        version=price.source_version,
        url=price.url,
        region=price.region,
    )
