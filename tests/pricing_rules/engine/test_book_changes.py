"""What a book has otherwise than another: prices next to each other, from when on."""

from pathlib import Path

from pricing_rules.engine.book_changes import book_changes
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
        "added     ea",
    ]
