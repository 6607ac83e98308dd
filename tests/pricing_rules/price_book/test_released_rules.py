"""Released rules are frozen: a price changes by a new rule that supersedes the old one."""

import json
from pathlib import Path

import pytest

from pricing_rules.price_book.book import BASE_BOOKS
from pricing_rules.price_sources.digests import rule_digests
from tests.pricing_rules.books import base_rule

PINS = Path(__file__).with_name("released_rules.json")


def test_no_released_rule_was_edited_or_removed_and_every_rule_is_pinned() -> None:
    pinned: dict[str, str] = json.loads(PINS.read_text(encoding="utf-8"))
    now = rule_digests(sorted(BASE_BOOKS.glob("*.toml")))
    edited = sorted(rule_id for rule_id in pinned if now.get(rule_id) != pinned[rule_id])
    assert not edited, "released rules are never edited: supersede them"
    unpinned = sorted(now.keys() - pinned.keys())
    assert not unpinned, f"pin new rules: python -m pricing_rules digests > {PINS.name}"


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('input = "2"', 'input = "3"', False),
        ("2026-01-01T", "2026-01-02T", False),
        ("checked = 2026-11-01", "checked = 2026-11-20", True),
    ],
)
def test_a_digest_is_of_all_but_the_day_of_the_check(
    old: str, new: str, same: bool, tmp_path: Path
) -> None:

    path = tmp_path / "book.toml"
    path.write_text(base_rule(), encoding="utf-8")
    before = rule_digests([path])
    path.write_text(base_rule().replace(old, new), encoding="utf-8")
    assert (rule_digests([path]) == before) is same
