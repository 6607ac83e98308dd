"""Small books for tests: a base rule with sane defaults, and compiling from text."""

from pathlib import Path

from pricing_rules.price_book.book import Book, compile_book

ALIAS = """
[[deployment]]
name = "dep"
provider = "azure"
model = "m"
type = "GlobalStandard"
"""

BASE = """
[[rule]]
id = "{id}"
kind = "base"
valid_from = {valid_from}
{more}
currency = "USD"
unit = "1M"
match = {{ provider = "azure", model = "m"{match} }}
source = {{ kind = "report", checked = 2026-11-01 }}
{rates}
"""


def base_rule(
    rule_id: str = "base.m",
    *,
    rates: str = 'rates = { input = "2", cache_read = "0.5", output = "8" }',
    match: str = "",
    more: str = "",
    valid_from: str = "2026-01-01T00:00:00Z",
) -> str:
    """TOML of a base rule of model m; `match` and `more` are appended as they are."""
    return BASE.format(id=rule_id, valid_from=valid_from, more=more, match=match, rates=rates)


def per(unit: str, rule: str) -> str:
    """The rule with its rates for another number of units than a million."""
    return rule.replace('unit = "1M"', f'unit = "{unit}"')


def modifier(rule_id: str, kind: str, body: str, *, match: str = "") -> str:
    """TOML of a modifier rule valid since 2026."""
    return (
        f'\n[[rule]]\nid = "{rule_id}"\nkind = "{kind}"\nvalid_from = 2026-01-01T00:00:00Z\n'
        f"match = {{ {match} }}\n{body}\n"
    )


def compile_text(directory: Path, *texts: str) -> Book:
    """The book that these rule files make, with nothing of the shipped books."""
    paths = []
    for index, text in enumerate(texts):
        path = directory / f"book_{index}.toml"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return compile_book(paths)
