"""What others quote for Azure and what we price of it: the page's tables, and their bounds."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pricing_rules.__main__ import main
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.price_book.rules import ServiceTier
from pricing_rules.price_sources.genai_import import quotes
from pricing_rules.price_sources.proposals import Rates
from pricing_rules.price_sources.quotes.coverage import Covered, Status, cover
from pricing_rules.price_sources.quotes.coverage_page import (
    REASONS,
    TEXT,
    Reason,
    coverage_text,
    differing_rules,
    family_of,
)
from pricing_rules.price_sources.quotes.litellm_prices import Entry, read_entry, read_price_map
from pricing_rules.units import Unit
from tests.paths import ROOT, SHARED
from tests.pricing_rules.books import base_rule, compile_text

MAP = SHARED / "data" / "litellm_azure_prices.json"
PAGE = ROOT / "docs" / "price_differences.md"
AT = datetime(2026, 12, 1, tzinfo=UTC)
HERE = pytest.mark.skipif(not MAP.exists(), reason="litellm's price map is not here")


@pytest.fixture(scope="module")
def covered() -> list[Covered]:
    entries = [read_entry(key, fields) for key, fields in sorted(read_price_map(MAP).items())]
    return cover(entries, load_book(), at=AT)


@HERE
def test_every_entry_of_the_map_is_accounted_for(covered: list[Covered]) -> None:
    document = json.loads(MAP.read_text(encoding="utf-8"))
    assert [entry.key for entry in covered] == sorted(document)
    unexplained = [
        entry.key
        for entry in covered
        if entry.status in (Status.UNPRICED, Status.IN_PART) and not entry.reason
    ]
    assert unexplained == []


@HERE
def test_at_least_98_percent_of_text_entries_are_priced(covered: list[Covered]) -> None:
    of_text = [entry for entry in covered if entry.mode in TEXT]
    priced = [entry for entry in of_text if entry.status is not Status.UNPRICED]
    assert len(of_text) == 376
    assert len(priced) * 100 >= len(of_text) * 98


@HERE
def test_every_difference_has_a_reason_and_no_reason_is_stale(covered: list[Covered]) -> None:
    rules = differing_rules(covered)
    assert rules.keys() == REASONS.keys(), "a difference is new, or one has gone"
    assert set(REASONS.values()) == set(Reason), "a reason that nothing has"
    assert len(rules) <= 12
    entries = [entry for entry in covered if entry.status is Status.DIFFERENT]
    of_text = [entry for entry in entries if entry.mode in TEXT]
    assert (len(rules), len(entries), len(of_text)) == (10, 15, 13), "the page says so"


@HERE
def test_the_page_shows_what_the_verb_prints(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["coverage", str(MAP), "--version", "1.106.2", "--at", AT.isoformat()]
    assert main(words) == 0
    printed = capsys.readouterr().out.strip()
    assert "NEW" not in printed
    assert printed in PAGE.read_text(encoding="utf-8"), "write the verb's output into the page"


def test_quotes_of_the_package_are_priced_alike_where_azure_sells_the_model() -> None:
    entries = quotes("azure", load_book(), since=date(2026, 12, 1), checked=date(2026, 12, 1))
    statuses = {entry.key: entry.status for entry in cover(entries, load_book(), at=AT)}
    assert {status for status in statuses.values()} == {Status.EQUAL, Status.UNPRICED}
    assert statuses["azure/o3-2025-04-16"] is Status.EQUAL
    assert statuses["azure/wizardlm-2-8x22b"] is Status.UNPRICED


def quote(prices: dict[Unit, str], tier: ServiceTier = ServiceTier.DEFAULT) -> Entry:
    rates: Rates = {unit: Decimal(price) for unit, price in prices.items()}
    return Entry(key="azure/m", mode="chat", url=None, tiers={tier: ((None, rates),)}, unread=())


@pytest.fixture
def book(tmp_path: Path) -> Book:
    rates = 'rates = { input = "2", output = "8" }'
    return compile_text(tmp_path, base_rule(rates=rates, match=', service_tier = "default"'))


@pytest.mark.parametrize(
    ("prices", "status", "shown"),
    [
        ({Unit.INPUT: "2", Unit.OUTPUT: "8"}, Status.EQUAL, ""),
        ({Unit.INPUT: "2", Unit.CACHE_READ: "1"}, Status.IN_PART, "cache_read in the default"),
        ({Unit.INPUT: "3", Unit.OUTPUT: "8"}, Status.DIFFERENT, "input 2 / 3"),
    ],
)
def test_an_entry_is_what_its_prices_are_to_ours(
    prices: dict[Unit, str], status: Status, shown: str, book: Book
) -> None:
    found = cover([quote(prices)], book, at=AT)
    assert found[0].status is status
    text = coverage_text([("a map", found)])
    assert shown in text
    assert ("NEW" in text) == (status is Status.DIFFERENT), "no reason is known for it"


def test_an_entry_without_prices_of_its_default_tier_is_unpriced(book: Book) -> None:
    [found] = cover([quote({Unit.INPUT: "2"}, ServiceTier.FLEX)], book, at=AT)
    assert found.status is Status.UNPRICED


def test_a_price_off_the_grid_is_the_reason(tmp_path: Path) -> None:
    book = compile_text(tmp_path, base_rule(match=', versions = ["1"]'))
    entry = quote({Unit.INPUT: "0.0000005"})
    assert "off the grid" in cover([entry], book, at=AT)[0].reason
    undated = cover([quote({Unit.INPUT: "2"})], book, at=AT)[0]
    assert undated.reason == "its versions have several prices, and the name says no version"


@pytest.mark.parametrize(
    ("key", "family"),
    [
        ("azure/eu/gpt-5.5-2026-04-23", "gpt-5"),
        ("azure_ai/FW-GLM-5", "Fireworks"),
        ("azure_ai/DeepSeek-V4-Flash-0731", "DeepSeek"),
        ("azure/sora-2", "other"),
    ],
)
def test_the_family_follows_from_the_name(key: str, family: str) -> None:
    assert family_of(key) == family
