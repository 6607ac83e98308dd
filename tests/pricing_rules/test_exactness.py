"""No float near money: a lint of the source, and a second computation that shares no code."""

import ast
import csv
import json
import random
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest

import pricing_rules
from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.types import CallState, Usage
from pricing_rules.units import Unit
from tests.fixtures.builders import make_event
from tests.paths import SHARED
from tests.pricing_rules.price_book.test_terms import alias

PACKAGE = Path(pricing_rules.__file__).parent
DUMPS = SHARED / "data" / "azure_retail_prices"
METERS_BY_HAND = Path(__file__).parent / "price_sources/azure/meters_by_hand.csv"
FLOAT_ALLOWED = {"fields.py": "reads counts and seconds that a model sends as JSON numbers"}
CALLS = 1_000
SEED = 11


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_no_module_makes_or_names_a_float(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
        assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)) or _exact(path)
        if isinstance(node, ast.Name) and node.id == "float":
            assert path.name in FLOAT_ALLOWED


def _exact(path: Path) -> bool:
    """Where `/` divides fractions or joins paths, never numbers."""
    names = {"app.py", "compile.py", "book.py", "rows.py", "spellings.py"}
    return path.name in names | {"sources.py", "options.py"}


def raw_prices() -> list[dict[str, Any]]:
    """Rows of the dumps beside the hand table's line for their meter, straight from the files."""
    with METERS_BY_HAND.open(encoding="utf-8", newline="") as file:
        meters = {line["meter"]: line for line in csv.DictReader(file) if line["model"]}
    rows = []
    for name in ("aoai_eastus2_all.json", "partner_models_eastus2.json"):
        page = json.loads((DUMPS / name).read_text(encoding="utf-8"), parse_float=Decimal)
        rows += [
            {**row, **meters[row["meterName"]]}
            for row in page["Items"]
            if row["meterName"] in meters
        ]
    return rows


@pytest.mark.skipif(not DUMPS.exists(), reason="the dumps of Azure's price list are not here")
def test_a_thousand_calls_cost_what_the_raw_rows_say(tmp_path: Path) -> None:
    """Decimal arithmetic over the dump's rows, without our book, compiler or engine."""
    by_card: dict[tuple[str, str, str], dict[str, Decimal]] = {}
    ends: dict[tuple[str, str, str], str] = {}
    for row in raw_prices():
        key = (row["model"], row["version"], row["deployment"])
        per = {"1K": 1_000, "1M": 1_000_000}[row["unitOfMeasure"]]
        with localcontext() as context:
            context.prec = 40
            by_card.setdefault(key, {})[row["unit"]] = Decimal(row["retailPrice"]) / per
        ends[key] = min(ends.get(key, "9"), row.get("effectiveEndDate") or "9")
    book = book_for(sorted(by_card), tmp_path)
    dealer = random.Random(SEED)
    priced = 0
    for _ in range(CALLS):
        key = dealer.choice(sorted(by_card))
        prices = by_card[key]
        units = dealer.sample(sorted(prices), dealer.randint(1, len(prices)))
        quantities = {unit: dealer.randint(1, 2_000_000) for unit in units}
        time = dealer.choice([datetime(2025, 8, 25, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)])
        usage = Usage(counts={Unit(unit): count for unit, count in quantities.items()})
        name = "|".join(key).lower()
        event = make_event(deployment=name, model=None, region=None, usage=usage, time=time)
        call = rate(event, book)
        if time.isoformat() > ends[key]:
            assert call.state is CallState.UNPRICED
            continue
        with localcontext() as context:
            context.prec = 60
            expected = sum(prices[unit] * count for unit, count in quantities.items())
            assert Decimal(call.list).scaleb(-12) == expected, (key, quantities)
        priced += 1
    assert priced > CALLS * 3 / 4


def book_for(cards: list[tuple[str, str, str]], directory: Path) -> Book:
    path = directory / "aliases.toml"
    path.write_text(
        "".join(
            alias(
                "|".join(card),
                model=card[0],
                type=card[2],
                region="eastus2",
                **({"version": card[1]} if card[1] else {}),
            )
            for card in cards
        ),
        encoding="utf-8",
    )
    # What Azure no longer sells may still have a reported price.
    return load_book([path], origins=("azure", "vendor"))
