"""A close keeps where its prices are from; one without that keeps its bytes."""

import json
from datetime import date

from pricing_rules.price_book.book import load_book
from pricing_rules.types import Operation
from table_api.invoicing.snapshots.snapshot import PriceSource
from table_api.prices.price_list import PriceList
from tests.fixtures.billing import BOB, DECEMBER, NOVEMBER, OCTOBER, Billing
from tests.fixtures.builders import make_usage
from tests.fixtures.calls import DEMO_BOOK, NOW


async def publish(billing: Billing) -> None:
    await PriceList(billing.storage).publish(load_book([DEMO_BOOK]), at=NOW, age_days_max=90)


async def test_the_manifest_names_source_and_date_of_each_price(either_billing: Billing) -> None:
    billing = either_billing
    await publish(billing)
    [call] = await billing.post(1, date(2026, 10, 1), subject=BOB, deployment="gpt-4o")
    manifest = await billing.close(OCTOBER)
    assert isinstance(manifest.prices, dict)
    assert list(manifest.prices) == [call.priced.base_rule_id]
    [source] = manifest.prices.values()
    assert source.source == "azure-retail"
    assert source.checked == load_book([DEMO_BOOK]).sources[str(call.priced.base_rule_id)].checked
    assert await billing.problems() == []


async def test_a_correction_names_the_prices_of_its_month(billing: Billing) -> None:
    await publish(billing)
    await billing.close(OCTOBER)
    await billing.post(1, date(2026, 10, 1), deployment="gpt-4o")
    late = await billing.close(NOVEMBER)
    assert isinstance(late.prices, dict)
    assert all("gpt-4o" in rule for rule in late.prices)
    assert "prices" not in json.loads((await billing.files())["202610/manifest.json"])


async def test_a_close_keeps_what_was_known_and_earlier_ones_do_not_change(
    billing: Billing,
) -> None:
    await billing.post(1, date(2026, 10, 1), deployment="gpt-4o")
    first = await billing.close(OCTOBER)
    before = await billing.files()
    assert b'"prices"' not in before["202610/snapshot.json"] + before["202610/manifest.json"]
    await publish(billing)
    assert await billing.close(OCTOBER) == first
    await billing.post(1, date(2026, 11, 1), deployment="gpt-4o")
    await billing.close(NOVEMBER)
    assert (await billing.close(DECEMBER)).invoices == ()
    after = await billing.files()
    assert {name: after[name] for name in before} == before
    assert await billing.problems() == []


async def test_a_fee_of_a_call_is_named_beside_its_base_rule(billing: Billing) -> None:
    await publish(billing)
    [call] = await billing.post(
        1,
        date(2026, 11, 5),
        deployment="gpt-4o",
        operation=Operation.RESPONSES,
        usage=make_usage(input=100, web_search=3),
    )
    manifest = await billing.close(NOVEMBER)
    assert isinstance(manifest.prices, dict)
    rule, fee = manifest.prices
    assert call.priced.base_rule_id == f"{rule} + {fee}"
    assert manifest.prices[fee] == PriceSource(
        source="report",
        checked="2026-11-23",
        url="https://github.com/BerriAI/litellm/issues/31316",
    )
    assert await billing.problems() == []
