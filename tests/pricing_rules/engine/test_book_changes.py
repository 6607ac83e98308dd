"""What a book has otherwise than another: prices next to each other, from when on."""

from pathlib import Path

import pytest

from pricing_rules.engine.book_changes import LISTS, RULES, SETTINGS, book_changes
from pricing_rules.price_book.rate_card import BookContent
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier

DEARER = 'rates = { input = "3", cache_read = "0.5", output = "8", reasoning = "9" }'
TIERED = """
[[rule.tier]]
up_to_prompt_tokens = 272000
rates = { input = "2", cache_read = "0.5", output = "8" }
[[rule.tier]]
rates = { input = "4", cache_read = "1", output = "12" }
"""


def changes(directory: Path, old: list[str], new: list[str]) -> list[str]:
    (directory / "old").mkdir()
    (directory / "new").mkdir()
    books = (compile_text(directory / "old", *old), compile_text(directory / "new", *new))
    return [str(change) for change in book_changes(*books)]


def test_equal_books_differ_in_nothing(tmp_path: Path) -> None:
    assert changes(tmp_path, [base_rule(), ALIAS], [base_rule(), ALIAS]) == []


def test_a_rule_that_supersedes_another_shows_both_prices(tmp_path: Path) -> None:
    later = base_rule(
        "base.m.2",
        rates=DEARER,
        valid_from="2026-12-01T00:00:00Z",
        more='supersedes = "base.m"',
    )
    assert changes(tmp_path, [base_rule()], [base_rule(), later]) == [
        "changed   base.m\n    from 2026-01-01T00:00:00Z\n    until 2026-12-01T00:00:00Z",
        "added     base.m.2\n    from 2026-12-01T00:00:00Z\n"
        "    input 2 → 3 USD per 1M\n    reasoning none → 9 USD per 1M",
    ]


def test_a_price_by_prompt_size_is_named_by_it(tmp_path: Path) -> None:
    (change,) = changes(tmp_path, [base_rule()], [base_rule(rates=TIERED)])
    assert "    input up to 272,000 none → 2 USD per 1M" in change
    assert "    input 2 → 4 USD per 1M" in change


def test_other_rules_and_deployments_are_named(tmp_path: Path) -> None:
    discount = modifier("ea", "multiply", 'layer = "contracted"\nfactor = "0.9"')
    assert changes(tmp_path, [base_rule(), ALIAS], [base_rule(), discount]) == [
        "gone      deployment dep",
        "added     ea\n    from 2026-01-01T00:00:00Z\n    multiply 0.9",
    ]


def test_every_part_of_a_book_is_compared() -> None:
    parts = {*SETTINGS, *LISTS, *RULES}
    assert parts == set(BookContent.__struct_fields__)


FEE = """
[[rule]]
id = "search"
kind = "fee"
valid_from = 2026-01-01T00:00:00Z
currency = "USD"
unit = "1K"
match = {{ provider = "azure" }}
source = {{ kind = "report", checked = 2026-11-01 }}
rates = {{ web_search = "{price}" }}
"""
CACHED = '[[model]]\nprovider = "azure"\nname = "m"\ncached_tokens = "input"\n'
NO_CACHE = base_rule(rates='rates = { input = "2", output = "8" }')
ZONE = '[[zone]]\nname = "eu"\nregions = ["swedencentral"]\n'
OFF = 'layer = "contracted"\nfactor = "0.9"'
USAGE = '[usage]\nharmless = ["lane"]\n[usage.plain]\npace = ["slow", "usual"]\n'


def fixed(rates: str) -> str:
    body = f'layer = "contracted"\ncurrency = "USD"\nunit = "1M"\nrates = {{ {rates} }}'
    return modifier("net", "fixed", body)


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("", CACHED, "added     cached tokens billed as input: azure m"),
        (CACHED, "", "gone      cached tokens billed as input: azure m"),
        ("", ZONE, "added     zone of a region: swedencentral eu"),
        ("", USAGE, "added     plain values of a usage field: pace slow, usual"),
        (
            FEE.format(price="10"),
            FEE.format(price="14"),
            "changed   search\n    from 2026-01-01T00:00:00Z\n"
            "    web_search 10000 → 14000 USD per 1M",
        ),
        (
            modifier("ea", "multiply", 'layer = "contracted"\nfactor = "0.9"'),
            modifier("ea", "multiply", 'layer = "contracted"\nfactor = "0.8"'),
            "changed   ea\n    from 2026-01-01T00:00:00Z\n    multiply 0.9 → 0.8",
        ),
        (
            "",
            fixed('input = "9", output = "7"'),
            "added     net\n    from 2026-01-01T00:00:00Z\n"
            "    fixed input 9 per 1M\n    fixed output 7 per 1M",
        ),
        (
            fixed('input = "1", output = "7"'),
            fixed('input = "9", request = "1000"'),
            "changed   net\n    from 2026-01-01T00:00:00Z\n"
            "    fixed input 1 → 9 per 1M\n    fixed output 7 → none per 1M\n"
            "    fixed request none → 1000 per 1M",
        ),
        (
            modifier("ea", "multiply", OFF, match='product = ["a"]'),
            modifier("ea", "multiply", OFF),
            "changed   ea\n    from 2026-01-01T00:00:00Z\n"
            "    for product a → all calls\n    multiply 0.9",
        ),
        (
            modifier("ea", "multiply", OFF + "\norder = 10"),
            modifier("ea", "multiply", OFF.replace("contracted", "charge")),
            "changed   ea\n    from 2026-01-01T00:00:00Z\n"
            "    layer contracted → charge\n    order 10 → 100\n    multiply 0.9",
        ),
        (
            "",
            modifier("gift", "zero", 'layer = "charge"\nnote = "paid centrally"'),
            "added     gift\n    from 2026-01-01T00:00:00Z\n    zero: paid centrally",
        ),
        (
            FEE.format(price="10"),
            FEE.format(price="10").replace('"azure" }', '"azure", region = ["eastus2"] }'),
            "changed   search\n    from 2026-01-01T00:00:00Z\n"
            "    for provider azure → provider azure, region eastus2",
        ),
        (
            ALIAS,
            ALIAS.replace("GlobalStandard", "DataZoneStandard"),
            "changed   deployment dep\n    type GlobalStandard → DataZoneStandard",
        ),
    ],
)
def test_whatever_changes_a_price_is_shown(old: str, new: str, shown: str, tmp_path: Path) -> None:
    assert shown in changes(tmp_path, [NO_CACHE, old], [NO_CACHE, new])


def test_a_more_specific_rule_is_next_to_the_price_that_its_calls_had(tmp_path: Path) -> None:
    region = base_rule("base.m.se", rates=DEARER, match=', region = ["swedencentral"]')
    (change,) = changes(tmp_path, [base_rule()], [base_rule(), region])
    assert "    input 2 → 3 USD per 1M" in change
    own = base_rule().replace('kind = "report"', 'kind = "azure-retail"')
    both = tmp_path / "both"
    both.mkdir()
    (change,) = changes(both, [own], [own, region])
    assert "never holds while base.m does, which is of a more trusted source" in change
