"""Azure's prices of one data zone: they are never used for deployments of another."""

from decimal import Decimal
from pathlib import Path

import pytest

from pricing_rules.price_book.book import Book, load_book
from pricing_rules.price_sources.azure.proposed import propose_azure
from pricing_rules.price_sources.proposals import Change
from pricing_rules.price_sources.rule_text import rule_text
from tests.pricing_rules.price_sources.azure.test_proposed import (
    CHECKED,
    proposals,
    row,
    rows,
    write_dump,
)

SOL_DZ = "6.1 sol inp Dz 1M Tokens"


@pytest.fixture(scope="module")
def book() -> Book:
    return load_book()


@pytest.mark.parametrize(
    ("regions", "zone"),
    [
        (["eastus2"], ("us",)),
        (["eastus2", "westus3"], ("us",)),
        (["swedencentral"], ("eu",)),
        (["eastus2", "swedencentral"], None),
    ],
)
def test_a_data_zone_price_is_of_the_zone_whose_regions_have_it(
    regions: list[str], zone: tuple[str, ...] | None, book: Book, tmp_path: Path
) -> None:
    """In Europe gpt-6.1-sol costs 1.2 times Global's price, in the US 1.1 times."""
    items = [row(SOL_DZ, "2.2", armRegionName=region) for region in regions]
    (added,) = proposals(tmp_path, items, book)
    assert added.price is not None
    assert dict(added.price.matches).get("zone") == zone


def test_a_change_in_one_zone_leaves_the_price_of_the_others(book: Book, tmp_path: Path) -> None:
    items = [
        row("GPT 5 Inpt DZone 1M Tokens", "2"),
        row("GPT 5 cchd Inpt DZone 1M Tokens", "0.2"),
        row("GPT 5 outpt DZone 1M Tokens", "12"),
    ]
    proposed = propose_azure([write_dump(tmp_path, items)], book, checked=CHECKED)
    (added,) = [proposal for proposal in proposed if proposal.price]
    assert (added.change, added.rule_id) == (
        Change.ADDED, "azure.gpt-5.DataZoneStandard.us.2026-11-23",
    )  # fmt: skip
    gone = [proposal.rule_id for proposal in proposed if proposal.change is Change.GONE]
    assert "azure.gpt-5.DataZoneStandard.2025-08-01" not in gone
    written = tmp_path / "written.toml"
    written.write_text(rule_text(added), encoding="utf-8")
    assert proposals(tmp_path, items, load_book([written])) == []


def test_what_only_government_regions_have_is_no_price_for_others(
    book: Book, tmp_path: Path
) -> None:
    items = rows(armRegionName="usgovvirginia")
    items[0]["retailPrice"] = Decimal("1.72")
    (added,) = proposals(tmp_path, items, book)
    assert added.change is Change.ADDED
    assert 'zone = ["us-gov"]' in rule_text(added)


AGREED = """
[[rule]]
id = "own"
kind = "base"
valid_from = 2026-06-01T00:00:00Z
supersedes = "azure.gpt-5.DataZoneStandard.2025-08-01"
currency = "USD"
unit = "1M"
source = { kind = "contract", checked = 2026-06-01 }
rates = { input = "1", cache_read = "0.1", output = "9" }
[rule.match]
provider = "azure"
model = "gpt-5"
deployment = ["DataZoneStandard"]
service_tier = "default"
"""


@pytest.mark.parametrize("region", ["eastus2", "swedencentral"])
def test_a_price_of_a_zone_takes_no_calls_from_a_contract(region: str, tmp_path: Path) -> None:
    company = tmp_path / "company.toml"
    company.write_text(AGREED, encoding="utf-8")
    book = load_book([company])
    names = ("GPT 5 Inpt DZone", "GPT 5 cchd Inpt DZone", "GPT 5 outpt DZone")
    listed = ("1.375", "0.1375", "11")
    items = [
        row(f"{name} 1M Tokens", price, armRegionName=region)
        for name, price in zip(names, listed, strict=True)
    ]
    assert proposals(tmp_path, items, book) == []
    items[2]["retailPrice"] = Decimal(12)
    [shown] = proposals(tmp_path, items, book)
    assert (shown.change, shown.price) == (Change.CONTRADICTED, None)
    assert "own is agreed on" in shown.details[-1]
