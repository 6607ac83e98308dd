"""A digest of each rule as written, to pin what is released: a rule in a book is never edited."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pricing_rules.price_book.book import read_book_file
from pricing_rules.price_book.rules import Rule


def rule_digests(paths: Iterable[Path]) -> dict[str, str]:
    """sha256 by rule id. Checking a price again is no edit, so the day of it does not count."""
    rules = [rule for path in paths for rule in read_book_file(path).rule]
    return {rule.id: _digest(rule) for rule in sorted(rules, key=lambda rule: rule.id)}


def _digest(rule: Rule) -> str:
    text = rule.model_dump_json(exclude={"source": {"checked"}}, exclude_none=True)
    return hashlib.sha256(text.encode()).hexdigest()
