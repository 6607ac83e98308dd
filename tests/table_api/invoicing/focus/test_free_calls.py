"""What costs nothing keeps its list price: in its cell, and in the billing currency."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.types import Operation
from table_api.invoicing.closing.month_files import focus_rows
from table_api.invoicing.documents.document import decode_document
from table_api.invoicing.documents.shares import unit_prices
from table_api.ledger.meta import LedgerSettings
from table_api.ledger.posting import MeteredCall, Origin
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.prices.price_list import PriceList
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.billing import NOVEMBER, OCTOBER, Billing
from tests.fixtures.builders import CALL_TIME, ENQUEUED_TIME, call_id, make_event, make_usage
from tests.fixtures.calls import DEMO_BOOK, NOW
from tests.table_api.invoicing.focus.conftest import rows

MODEL = "gpt-4.1-mini"
FREE = """
[[rule]]
id = "own.free"
kind = "zero"
layer = "{layer}"
note = "a trial"
match = {{ provider = "azure", model = "gpt-4.1-mini", operation = ["responses"] }}
valid_from = 2026-10-01T00:00:00Z
"""
FREE_CACHE = """
[[rule]]
id = "own.free-cached"
kind = "fixed"
layer = "contracted"
currency = "USD"
unit = "1M"
rates = { cache_read = "0" }
match = { provider = "azure", model = "gpt-4.1-mini" }
valid_from = 2026-10-01T00:00:00Z
"""
YEN = """
[book]
billing_currency = "JPY"

[[rule]]
id = "fx.USD-JPY"
kind = "fx"
pair = "USD-JPY"
rate = "150"
valid_from = 2026-10-01T00:00:00Z
valid_to = 2026-12-01T00:00:00Z
source = { kind = "contract", checked = 2026-11-01 }
"""


def book_with(tmp_path: Path, text: str) -> Book:
    path = tmp_path / "own.toml"
    path.write_text(text)
    return load_book([DEMO_BOOK, path])


async def billing_of(currency: str = "USD", zone: str = "Europe/Berlin") -> Billing:
    storage, blobs = MemoryTableStorage(), MemoryBlobStore()
    settings = LedgerSettings(
        zone=zone, pricing_currency="USD", billing_currency=currency, shards=4
    )
    ledger = await ProjectedLedger.open(storage, settings, now=lambda: NOW)
    await blobs.create_container()
    return Billing(storage, blobs, ledger)


async def post(
    billing: Billing,
    book: Book,
    usage: dict[str, int],
    operation: Operation = Operation.CHAT_COMPLETIONS,
    *,
    time: datetime = CALL_TIME,
) -> None:
    billing.posted += 1
    event = make_event(
        id=call_id(billing.posted), time=time, operation=operation, usage=make_usage(**usage)
    )
    origin = Origin(
        hub="llm-usage",
        partition="0",
        sequence_number=billing.posted,
        enqueued_time=ENQUEUED_TIME,
    )
    await billing.ledger.post([MeteredCall(priced=rate(event, book), origin=origin)])


async def by_meter(billing: Billing) -> dict[str, dict[str, Any]]:
    return {row["SkuMeter"]: row for row in await rows(billing, "202611", "cost_and_usage")}


async def test_free_calls_leave_the_list_price_of_their_cell_alone(tmp_path: Path) -> None:
    # Free of the charge, the contract's price is still known; free of it, that is nothing too.
    for layer, contracted in (("charge", "1.6"), ("contracted", "0.4")):
        billing = await billing_of()
        book = book_with(tmp_path, FREE.format(layer=layer))
        await post(billing, book, {"input": 1_000_000})
        for _ in range(3):
            await post(billing, book, {"input": 1_000_000}, Operation.RESPONSES)
        await billing.close(NOVEMBER)
        name = "202611/invoices/INV-000001.json"
        document = decode_document((await billing.files())[name], name)
        [line] = document.lines
        assert (line.quantity, line.list, line.contracted) == (4_000_000, "1.6", contracted)
        assert (line.charge, line.amount) == ("0.4", "0.40")
        assert [each.price for each in unit_prices(document, MODEL)] == ["0.4 per 1M"]
        focus = (await by_meter(billing))["Input Tokens"]
        assert (focus["ListCost"], focus["ListUnitPrice"]) == ("1.6", "0.4")
        assert await billing.problems() == []


async def test_a_unit_that_is_free_is_listed_in_the_billing_currency(tmp_path: Path) -> None:
    billing = await billing_of("JPY")
    book = book_with(tmp_path, YEN + FREE_CACHE)
    await post(billing, book, {"input": 10_000_000, "cache_read": 100_000_000})
    await billing.close(NOVEMBER)
    cached = (await by_meter(billing))["Cached Input Tokens"]
    assert (cached["ListCost"], cached["ListUnitPrice"]) == ("1500.0", "15.0")
    assert cached["PricingCurrencyListUnitPrice"] == "0.1"
    assert (cached["ContractedCost"], cached["EffectiveCost"]) == ("0.0", "0.0")
    snapshot, _ = await (await billing.job()).archive.standing_snapshot(NOVEMBER)
    as_before = focus_rows(replace(snapshot, rules=3), "cost_and_usage")
    assert [row["ListCost"] for row in as_before] == ["600.0", "10.0"]


async def test_a_free_day_is_listed_at_the_rate_of_the_snapshot(tmp_path: Path) -> None:
    billing = await billing_of("JPY")
    book = book_with(tmp_path, YEN + FREE.format(layer="charge"))
    await post(billing, book, {"input": 10_000_000}, Operation.RESPONSES)
    await post(billing, book, {"output": 1_000_000}, time=CALL_TIME - timedelta(days=3))
    await billing.close(NOVEMBER)
    free = (await by_meter(billing))["Input Tokens"]
    assert (free["ListCost"], free["ListUnitPrice"], free["EffectiveCost"]) == (
        "600.0",
        "60.0",
        "0.0",
    )


async def test_nothing_is_listed_at_a_rate_that_nobody_knows(tmp_path: Path) -> None:
    billing = await billing_of("JPY")
    book = book_with(tmp_path, YEN + FREE.format(layer="charge"))
    await post(billing, book, {"input": 10_000_000}, Operation.RESPONSES)
    await billing.close(NOVEMBER)
    free = (await by_meter(billing))["Input Tokens"]
    assert (free["ListCost"], free["ListUnitPrice"]) == ("", "")
    assert (free["PricingCurrencyListUnitPrice"], free["EffectiveCost"]) == ("0.4", "0.0")
    assert await billing.problems() == []


async def test_a_month_without_a_charge_is_listed_at_the_rates_of_the_book(tmp_path: Path) -> None:
    """By the day of the call, also of a month that is corrected."""
    billing = await billing_of("JPY")
    ends = YEN.replace("valid_to = 2026-12-01", "valid_to = 2026-11-15")
    later = YEN.partition("[[rule]]")[2].replace("fx.USD-JPY", "fx.later").replace('"150"', '"160"')
    later = "[[rule]]" + later.replace("valid_from = 2026-10-01", "valid_from = 2026-11-15")
    book = book_with(tmp_path, ends + later + FREE.format(layer="charge"))
    await PriceList(billing.storage).publish(book, at=NOW, age_days_max=90)
    use = ({"input": 10_000_000}, Operation.RESPONSES)
    await post(billing, book, *use, time=CALL_TIME - timedelta(days=40))
    await billing.close(OCTOBER)
    for days in (31, 10, 0):
        await post(billing, book, *use, time=CALL_TIME - timedelta(days=days))
    await billing.close(NOVEMBER)
    found = await rows(billing, "202611", "cost_and_usage")
    by_day = {row["ChargePeriodEnd"][:10]: row for row in found}
    assert {day: (row["ListCost"], row["ListUnitPrice"]) for day, row in by_day.items()} == {
        "2026-10-20": ("600.0", "60.0"),
        "2026-11-10": ("600.0", "60.0"),
        "2026-11-20": ("640.0", "64.0"),
    }
    assert {row["EffectiveCost"] for row in found} == {"0.0"}
    assert await billing.problems() == []


async def test_rates_are_kept_only_where_no_charge_says_them(tmp_path: Path) -> None:
    billing = await billing_of("JPY")
    book = book_with(tmp_path, YEN + FREE.format(layer="charge"))
    await PriceList(billing.storage).publish(book, at=NOW, age_days_max=90)
    await post(billing, book, {"input": 10_000_000})
    await post(billing, book, {"input": 10_000_000}, Operation.RESPONSES)
    await billing.close(NOVEMBER)
    snapshot, _ = await (await billing.job()).archive.standing_snapshot(NOVEMBER)
    assert snapshot.rates is UNSET


@pytest.mark.parametrize(("zone", "hours"), [("Europe/Berlin", 1), ("Pacific/Auckland", 13)])
async def test_the_day_on_which_a_rate_begins_is_listed_at_it_also_east_of_utc(
    tmp_path: Path, zone: str, hours: int
) -> None:
    """A rate begins at midnight UTC, when the day in Berlin is an hour old."""
    billing = await billing_of("JPY", zone)
    first = YEN.replace("2026-10-01", "2026-11-01").replace("2026-12-01", "2026-11-15")
    later = first.partition("[[rule]]")[2].replace("fx.USD-JPY", "fx.later")
    later = later.replace('"150"', '"160"').replace("2026-11-15", "2026-12-01")
    later = "[[rule]]" + later.replace("valid_from = 2026-11-01", "valid_from = 2026-11-15")
    book = book_with(tmp_path, first + later + FREE.format(layer="charge"))
    await PriceList(billing.storage).publish(book, at=NOW, age_days_max=90)
    for day in (1, 14, 15):
        then = CALL_TIME.replace(day=day, hour=13) - timedelta(hours=hours)
        await post(billing, book, {"input": 10_000_000}, Operation.RESPONSES, time=then)
    await billing.close(NOVEMBER)
    found = await rows(billing, "202611", "cost_and_usage")
    begun = {row["ChargePeriodStart"]: row["ListCost"] for row in found}
    hour = 24 - hours
    assert begun == {
        f"2026-10-31T{hour}:00:00Z": "600.0",
        f"2026-11-13T{hour}:00:00Z": "600.0",
        f"2026-11-14T{hour}:00:00Z": "640.0",
    }
