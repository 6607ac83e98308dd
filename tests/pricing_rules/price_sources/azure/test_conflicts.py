"""Rows of Azure's price list that cannot be a price: they are held back, with the reason."""

from pathlib import Path
from typing import Any

import pytest

from pricing_rules.price_book.book import Book, load_book
from pricing_rules.price_sources.proposals import Change
from tests.pricing_rules.price_sources.azure.test_proposed import proposals, row


@pytest.fixture(scope="module")
def book() -> Book:
    return load_book()


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (
            [
                row("6.1-sol inp Gl 1M Tokens", "2"),
                row("6.1-sol ShortCo inp Std Gl 1M Tokens", "3"),
            ],
            "input is 2 per 1M by '6.1-sol inp Gl 1M Tokens'",
        ),
        (
            [row("5.9 inp Gl 1M Tokens", "2"), row("5.9 longco inp Gl 1M Tokens", "4")],
            "which prompts of gpt-5.9 are long is not known",
        ),
        (
            [row("5.9 inp Gl 1M Tokens", "2"), row("5.9 cd inp Gl 1M Tokens", "2.5")],
            "reading a cache never costs more than the prompt",
        ),
        (
            [
                row("5.9 inp Gl 1M Tokens", "2"),
                row("5.9 inp Gl 1M Tokens", "1", tierMinimumUnits=1000),
            ],
            "has a price from 1000 units on",
        ),
        (
            [
                row("6.1-sol inp Gl 1M Tokens", "2"),
                row("6.1-sol longco inp Gl 1M Tokens", "4"),
                row("6.1-sol opt Gl 1M Tokens", "10"),
            ],
            "is of long prompts, and output has no such meter next to '6.1-sol opt Gl 1M Tokens'",
        ),
        (
            [row("6.1-sol longco inp Gl 1M Tokens", "4")],
            "is of long prompts, and no meter is of short ones",
        ),
        (
            [
                row("5.9 inp Gl 1M Tokens", "2", effectiveEndDate="2025-09-30T23:59:00Z"),
                row("5.9 opt Gl 1M Tokens", "8", effectiveStartDate="2025-11-01T00:00:00Z"),
            ],
            "one of its prices ends at 2025-10-01T00:00:00+00:00, before another begins",
        ),
        (
            [row("5.9 inp Rg 1M Tokens", "2", armRegionName="")],
            "is a regional price and names no region",
        ),
    ],
    ids=[
        "two short",
        "long from where",
        "dear cache",
        "volume",
        "a long one unread",
        "only long",
        "never",
        "nowhere",
    ],
)
def test_prices_in_doubt_are_held_back_whole(
    items: list[dict[str, Any]], said: str, book: Book, tmp_path: Path
) -> None:
    (held,) = proposals(tmp_path, items, book)
    assert held.change is Change.CONFLICT
    assert held.price is None
    assert said in held.details[0]
