"""Every price of litellm's map through the engine, against the map's own numbers.

The importer and the coverage read the map by one parser. Here its field names are put together by
hand, and the expected amounts are decimals of the file: a wrong unit or tier shows.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import Any

import pytest

from pricing_rules.engine.rating import rate
from pricing_rules.money import PICO_PER_UNIT
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.price_sources.proposals import names_of
from pricing_rules.price_sources.quotes.coverage_page import REASONS
from pricing_rules.price_sources.quotes.litellm_import import default_versions
from pricing_rules.price_sources.quotes.litellm_names import NotSold, sold_as
from pricing_rules.types import CallState, Usage
from pricing_rules.units import PROMPT_UNITS, Unit
from tests.fixtures.builders import make_event
from tests.paths import SHARED
from tests.pricing_rules.price_book.test_terms import alias

MAP = SHARED / "data" / "litellm_azure_prices.json"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
MODES = ("chat", "responses", "completion", "embedding", "realtime")
TIERS = {"": None, "_batches": "batch", "_flex": "flex", "_priority": "priority"}
FIELDS = {
    Unit.INPUT: "input_cost_per_token",
    Unit.OUTPUT: "output_cost_per_token",
    Unit.CACHE_READ: "cache_read_input_token_cost",
    Unit.CACHE_WRITE_5M: "cache_creation_input_token_cost",
    Unit.CACHE_WRITE_1H: "cache_creation_input_token_cost_above_1hr",
    Unit.INPUT_AUDIO: "input_cost_per_audio_token",
    Unit.OUTPUT_AUDIO: "output_cost_per_audio_token",
    Unit.CACHE_READ_AUDIO: "cache_read_input_audio_token_cost",
    Unit.INPUT_IMAGE: "input_cost_per_image_token",
}
COUNTS = dict(zip(FIELDS, (31_013, 2_003, 17_011, 4_001, 1_009, 503, 307, 211, 101), strict=True))
BOUNDS = (100, 200, 272)
"""Thousands of tokens above which the map has other prices."""

UNPRICED = {
    # Azure's own rows have no cache writes.
    "azure/eu/gpt-4o", "azure/eu/gpt-4o-2024-11-20", "azure/us/gpt-4o",
    "azure/us/gpt-4o-2024-11-20",
    # The flex tier has no price for its output.
    "azure/gpt-5.5", "azure/gpt-5.5-2026-04-23", "azure/gpt-5.5-2026-04-24",
    # Versions of several prices; a slip of the unit; a fee and no model's price.
    "azure/gpt-4", "azure_ai/jais-30b-chat", "azure/model-router", "azure_ai/model-router",
    "azure_ai/model_router",
}  # fmt: skip

pytestmark = pytest.mark.skipif(not MAP.exists(), reason="litellm's price map is not here")


def price_map() -> dict[str, dict[str, Any]]:
    document: dict[str, dict[str, Any]]
    document = json.loads(MAP.read_text(encoding="utf-8"), parse_float=Decimal)
    return document


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    path = tmp_path_factory.mktemp("book") / "aliases.toml"
    base, regions = load_book(), {None: "", "us": "eastus2", "eu": "swedencentral"}
    regions |= {"apac": "japaneast", "us-gov": "usgovvirginia"}
    texts = []
    for key in price_map():
        try:
            sold = sold_as(key, names_of(base))
        except NotSold:
            continue
        fields = {"model": sold.model, "type": sold.deployment.value}
        version = sold.version or default_versions(base).get(sold.model)
        fields |= {"version": version} if version else {}
        fields |= {"region": regions[sold.zone]} if sold.zone else {}
        texts.append(alias(key, **fields))
    path.write_text("".join(texts), encoding="utf-8")
    return load_book([path], dead_aliases=True)


def calls(fields: Mapping[str, Any]) -> Iterator[tuple[str | None, dict[Unit, int], Decimal]]:
    """Service tier, counts and expected cost: one call for each tier and band of prompts."""
    for suffix, tier in TIERS.items():
        bands = [("", 0), *((f"_above_{k}k_tokens", k * 1_000) for k in BOUNDS)]
        for band, above in bands:
            prices = {
                unit: fields[f"{field}{band}{suffix}"]
                for unit, field in FIELDS.items()
                if fields.get(f"{field}{band}{suffix}")
            }
            if not prices:
                continue
            counts = {unit: COUNTS[unit] for unit in prices}
            prompt = sum(count for unit, count in counts.items() if unit in PROMPT_UNITS)
            if above:
                counts[Unit.INPUT] = COUNTS[Unit.INPUT] + max(0, above + 1 - prompt)
            expected = sum(counts[unit] * price for unit, price in prices.items())
            yield tier, counts, Decimal(expected)


def test_each_tier_and_band_costs_what_the_map_says(book: Book) -> None:
    compared, unpriced = 0, []
    with localcontext() as context:
        context.prec = 60
        for key, fields in sorted(price_map().items()):
            for tier, counts, expected in calls(fields) if fields["mode"] in MODES else ():
                event = make_event(
                    deployment=key,
                    model=None,
                    region=None,
                    service_tier=tier,
                    usage=Usage(counts=counts),
                    time=NOW,
                )
                priced = rate(event, book)
                if priced.base_rule_id in REASONS:
                    continue
                if priced.state is not CallState.PRICED:
                    unpriced.append((key, tier, priced.reason))
                    continue
                assert Decimal(priced.list) / PICO_PER_UNIT == expected, (key, tier, counts)
                compared += 1
    assert compared > 700
    assert {key for key, *_ in unpriced} == UNPRICED
