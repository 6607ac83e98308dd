"""What the cache saved, where the price changed amid the days."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

from msgspec.structs import replace

from tests.fixtures.calls import book
from tests.ui.stand import Stand
from ui.api.usage_answers import UsageRow
from ui.page_parts.model.model_figures import saved_by_cache
from ui.period import DAY, Period

MODEL = "gpt-5-mini"


def test_a_saving_is_at_least_so_large_by_every_price_of_the_days(
    empty_stand: Stand, today: date
) -> None:
    """A price that rose amid the days made the tokens before it save too much."""
    empty_stand.publish_prices(book(), age_days_max=10_000)
    listed = empty_stand.client.prices().data
    dear = next(each for each in listed if each.model == MODEL and each.deployments)
    rates = dear.tiers[0].per_million
    assert rates["input"] - rates["cache_read"] == Decimal("0.1125")
    rise = datetime.combine(today - 3 * DAY, time(), UTC)
    tier = replace(
        dear.tiers[0], per_million={"input": Decimal("0.2"), "cache_read": Decimal("0.15")}
    )
    prices = [replace(dear, valid_to=rise, tiers=[tier]), replace(dear, valid_from=rise)]
    row = UsageRow(
        calls=1,
        errors=0,
        unpriced_calls=0,
        no_usage_calls=0,
        excluding_calls=0,
        pending_calls=0,
        units={"cache_read": 1_000_000},
        cost=None,
        model=MODEL,
    )
    across = Period(first=today - 9 * DAY, until=today + DAY)
    since = Period(first=today - DAY, until=today + DAY)
    assert saved_by_cache(row, prices, across) == Decimal("0.05")
    assert saved_by_cache(row, prices, since) == Decimal("0.1125")
