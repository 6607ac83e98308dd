"""Compiled books that another release stored."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pricing_rules.errors import InvalidBook
from pricing_rules.price_book.book import load_compiled
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier

DISCOUNT = modifier("off", "multiply", 'layer = "contracted"\nfactor = "0.9"')


def stored(content: Mapping[str, Any], sources: Mapping[str, Any]) -> bytes:
    """As a release would that has these fields."""
    text = json.dumps(content, separators=(",", ":"), sort_keys=True)
    version = hashlib.sha256(text.encode()).hexdigest()
    return f'{{"content":{text},"sources":{json.dumps(sources)},"version":"{version}"}}'.encode()


@pytest.mark.parametrize("part", ["", "cards", "modifiers", "aliases"])
def test_a_field_that_only_a_later_release_knows_is_never_ignored(
    part: str, tmp_path: Path
) -> None:
    """It may change the price: `per` of a tier did, when it came."""
    book = json.loads(compile_text(tmp_path, ALIAS + base_rule() + DISCOUNT).to_bytes())
    content, sources = book["content"], book["sources"]
    assert load_compiled(stored(content, sources)).content.cards
    holder = content[part][0] if part else content
    holder["surcharge"] = "2"
    with pytest.raises(InvalidBook, match="unknown field `surcharge`"):
        load_compiled(stored(content, sources))


def test_what_a_later_release_says_of_a_source_changes_no_price(tmp_path: Path) -> None:
    book = json.loads(compile_text(tmp_path, ALIAS + base_rule()).to_bytes())
    book["sources"]["base.m"]["page"] = "7"
    assert load_compiled(stored(book["content"], book["sources"])).sources["base.m"].note is None
