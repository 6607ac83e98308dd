"""Table `prices`: what is in use, what a later book says otherwise, and what stays for invoices."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pricing_rules.price_book.book import load_book
from pricing_rules.price_sources.ages import list_prices
from table_api.errors import Altered
from table_api.prices.price_list import (
    DEPLOYMENTS_MAX,
    PRICES_TABLE,
    RULES_PARTITION,
    PriceList,
    PriceTier,
)
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Upsert
from tests.fixtures.calls import NOW
from tests.pricing_rules.books import ALIAS, base_rule, compile_text

LATER = datetime(2026, 12, 1, tzinfo=UTC)
FAR = datetime(2027, 6, 1, tzinfo=UTC)


async def test_a_published_book_is_listed_with_its_sources(
    memory: MemoryTableStorage, tmp_path: Path
) -> None:
    book = compile_text(
        tmp_path, base_rule() + base_rule("base.m.vn", match=', region = ["x"]'), ALIAS
    )
    prices = PriceList(memory)
    assert await prices.in_use() is None
    assert await prices.publish(book, at=NOW, age_days_max=90) == 2
    in_use = await prices.in_use()
    assert in_use is not None
    assert (in_use.version, in_use.used_at, in_use.age_days_max) == (book.version, NOW, 90)
    everywhere, regional = await prices.prices()
    assert everywhere.rule == "base.m"
    assert everywhere.matches == {"provider": ["azure"], "model": ["m"]}
    assert everywhere.tiers[0].per_million == {"input": "2", "cache_read": "0.5", "output": "8"}
    assert (everywhere.source, everywhere.checked) == ("report", date(2026, 11, 1))
    assert everywhere.deployments == ["dep"]
    assert everywhere.holds(NOW)
    assert regional.matches["region"] == ["x"]


async def test_what_did_not_change_is_not_written_again(
    memory: MemoryTableStorage, tmp_path: Path
) -> None:
    prices = PriceList(memory)
    book = compile_text(tmp_path, base_rule(), ALIAS)
    assert await prices.publish(book, at=NOW, age_days_max=90) == 1
    assert await prices.publish(book, at=LATER, age_days_max=30) == 0
    in_use = await prices.in_use()
    assert in_use is not None
    assert (in_use.used_at, in_use.age_days_max) == (LATER, 30)


async def test_a_price_that_was_checked_again_has_the_new_date_in_the_same_book(
    memory: MemoryTableStorage, tmp_path: Path
) -> None:
    prices = PriceList(memory)
    rule = base_rule()
    first = compile_text(tmp_path, rule, ALIAS)
    await prices.publish(first, at=NOW, age_days_max=90)
    again = compile_text(
        tmp_path, rule.replace("checked = 2026-11-01", "checked = 2026-11-29"), ALIAS
    )
    assert again.version == first.version
    assert await prices.publish(again, at=LATER, age_days_max=90) == 1
    assert [price.checked for price in await prices.prices()] == [date(2026, 11, 29)]


async def test_a_rule_of_an_earlier_book_stays_for_the_invoices(
    memory: MemoryTableStorage, tmp_path: Path
) -> None:
    prices = PriceList(memory)
    await prices.publish(compile_text(tmp_path, base_rule("old")), at=NOW, age_days_max=90)
    new = compile_text(tmp_path, base_rule("new"))
    await prices.publish(new, at=LATER, age_days_max=90)
    versions = {price.rule: price.book_version for price in await prices.prices()}
    assert versions["new"] == new.version
    assert versions["old"] != new.version


async def test_the_shipped_books_fit_the_table(memory: MemoryTableStorage) -> None:
    book = load_book()
    prices = PriceList(memory)
    rules = sorted(rule.id for rule in list_prices(book))
    assert len(rules) == len(book.content.cards) + len(book.content.fees)
    assert await prices.publish(book, at=NOW, age_days_max=90) == len(rules)
    listed = {price.rule: price for price in await prices.prices()}
    assert list(listed) == rules
    search = listed["azure.web-search.2026-11-01"]
    assert search.matches == {"provider": ["azure"], "operation": ["responses"]}
    assert search.tiers == [
        PriceTier(up_to_prompt_tokens=None, per_million={"web_search": "10000"})
    ]


async def test_a_fee_for_every_deployment_names_no_more_of_them_than_fit(
    memory: MemoryTableStorage, tmp_path: Path
) -> None:
    aliases = [ALIAS.replace('"dep"', f'"dep-{number:04d}"') for number in range(1200)]
    await PriceList(memory).publish(
        compile_text(tmp_path, base_rule(), *aliases), at=NOW, age_days_max=90
    )
    [price] = await PriceList(memory).prices()
    assert len(price.deployments) == DEPLOYMENTS_MAX
    assert price.deployments[0] == "dep-0000"


async def test_a_damaged_row_is_named(memory: MemoryTableStorage, tmp_path: Path) -> None:
    prices = PriceList(memory)
    await prices.publish(compile_text(tmp_path, base_rule()), at=NOW, age_days_max=90)
    await memory.transact(PRICES_TABLE, RULES_PARTITION, [Upsert("base.m", {"tiers": "{"})])
    with pytest.raises(Altered, match=r"row prices rules base\.m cannot be read"):
        await prices.prices()


async def test_a_rule_that_was_in_use_at_another_price_is_named(
    memory: MemoryTableStorage, tmp_path: Path
) -> None:
    """A rule is never changed: rows name it, and a cell would hold calls of two prices."""
    prices = PriceList(memory)
    scheduled = base_rule("next", valid_from="2027-01-01T00:00:00Z", more='supersedes = "base.m"')
    dearer = 'rates = { input = "3", cache_read = "0.5", output = "8" }'
    book = compile_text(tmp_path, base_rule() + scheduled)
    assert await prices.edited(book, at=NOW) == []
    await prices.publish(book, at=NOW, age_days_max=90)
    assert await prices.edited(book, at=NOW) == []
    # What was not in use yet may change, and so may the end and the date of checking.
    other = scheduled.replace('input = "2"', 'input = "4"').replace("2027-01-01", "2027-02-01")
    checked = base_rule().replace("checked = 2026-11-01", "checked = 2026-11-29")
    assert await prices.edited(compile_text(tmp_path, checked + other), at=NOW) == []
    assert await prices.edited(compile_text(tmp_path, checked + other), at=FAR) == ["next"]
    edited = compile_text(tmp_path, base_rule(rates=dearer))
    assert await prices.edited(edited, at=NOW) == ["base.m"]
    earlier = compile_text(tmp_path, base_rule(valid_from="2025-01-01T00:00:00Z"))
    assert await prices.edited(earlier, at=NOW) == ["base.m"]
    await prices.publish(edited, at=NOW, age_days_max=90)
    assert await prices.edited(edited, at=NOW) == []


async def test_a_damaged_row_keeps_no_consumer_from_starting(
    memory: MemoryTableStorage, tmp_path: Path
) -> None:
    prices = PriceList(memory)
    book = compile_text(tmp_path, base_rule())
    await prices.publish(book, at=NOW, age_days_max=90)
    await memory.transact(PRICES_TABLE, RULES_PARTITION, [Upsert("base.m", {"tiers": "{"})])
    assert await prices.edited(book, at=NOW) == []
    await prices.publish(book, at=NOW, age_days_max=90)
    assert [price.rule for price in await prices.prices()] == ["base.m"]
