"""The first day: today's models behind a fresh ledger, each call priced, the sum as quoted.

The expected sum is decimal arithmetic over the usage objects and the price map's own numbers: it
shares nothing with the decoder, the book and the engine.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest

from local_stack.traffic.workload import Workload
from pricing_rules.decoding.usage_event import decode, is_deferred
from pricing_rules.engine.rating import rate
from pricing_rules.money import PICO_PER_UNIT
from pricing_rules.price_book.book import load_book
from pricing_rules.types import CallState, UsageEvent
from table_api.ledger.day_range import DayRange
from table_api.ledger.posting import MeteredCall, Origin
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.usage.cell_reads import LedgerReads
from table_api.usage.daily_usage import sum_totals
from tests.fixtures.calls import open_ledger
from tests.paths import SHARED

MAP = SHARED / "data" / "litellm_azure_prices.json"
NOW = datetime(2027, 1, 20, 12, tzinfo=UTC)
FIRST_DAY = datetime(2026, 12, 1, tzinfo=UTC)
CALLS = 4_000
MODELS = {
    "gpt-4.1-mini": ("azure/gpt-5.5", "gpt-5.5", "gpt-5.5-2026-04-24", "GlobalStandard"),
    "gpt-5-mini": ("azure/gpt-6-sol", "gpt-6-sol", "gpt-6-sol", "GlobalStandard"),
    "gpt-4.1": ("azure/eu/gpt-6-sol", "gpt-6-sol", "gpt-6-sol", "DataZoneStandard"),
    "gpt-4o-mini": (
        "azure_ai/claude-opus-5-5", "claude-opus-5-5", "claude-opus-5-5", "GlobalStandard",
    ),
    "gpt-5": ("azure_ai/deepseek-v4-pro", "DeepSeek-V4-Pro", "DeepSeek-V4-Pro", "GlobalStandard"),
    "o4-mini": ("azure_ai/mistral-large-3", "mistral-large-3", "x", "GlobalStandard"),
    "gpt-5.4": ("azure/gpt-6-astra", "gpt-6-astra", "gpt-6-astra-2026-09-03", "GlobalStandard"),
    "o3-pro": ("azure/gpt-6.1-sol", "gpt-6.1-sol", "gpt-6.1-sol-2026-09-29", "GlobalStandard"),
    "text-embedding-3-small": (
        "azure/eu/text-embedding-3-small", "text-embedding-3-small", "x", "DataZoneStandard",
    ),
    "lab-model-x": (
        "azure/eu/text-embedding-3-large", "text-embedding-3-large", "x", "DataZoneStandard",
    ),
}  # fmt: skip
"""By the demo's deployment: entry of the price map, model, what answers report, type."""


def aliases() -> str:
    """The deployments as their owner would write them."""
    return "".join(
        f'[[deployment]]\nname = "{key}"\nprovider = "azure"\nmodel = "{model}"\ntype = "{kind}"\n'
        for key, model, _, kind in MODELS.values()
    )


def todays_calls() -> Iterator[tuple[str, bytes, Mapping[str, Any] | None]]:
    """The demo's traffic, with today's models behind it: entry, event, usage object."""
    for event in Workload(now=NOW, calls=CALLS).events():
        document = json.loads(event.body)
        data = document["data"]
        key, model, reported, _ = MODELS[data["deployment"]]
        usage = data["usage"]
        if usage is not None and "embedding" in model:
            prompt = usage.get("prompt_tokens", 0)
            usage, data["operation"] = (
                {"prompt_tokens": prompt, "total_tokens": prompt},
                "embeddings",
            )
        if usage is not None and model.startswith("claude"):
            usage, data["operation"] = as_messages(usage), "messages"
        data |= {"deployment": key, "usage": usage, "model": reported if usage else None}
        yield key, json.dumps(document).encode(), usage


def as_messages(usage: Mapping[str, Any]) -> dict[str, Any]:
    """A chat's counts as Anthropic spells them: cached tokens are no part of the input."""
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    return {
        "input_tokens": usage["prompt_tokens"] - cached,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": 0,
        "output_tokens": usage["completion_tokens"],
    }


def quoted(prices: Mapping[str, Decimal], usage: Mapping[str, Any]) -> Decimal:
    """What a call costs by the map. A model without a price for cached tokens has input's."""
    prompt = usage.get("prompt_tokens", usage.get("input_tokens", 0))
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    cached = details.get("cached_tokens", 0)
    if "cache_read_input_tokens" in usage:
        cached = usage["cache_read_input_tokens"]
        prompt += cached
    answer = usage.get("completion_tokens", usage.get("output_tokens", 0))
    for_input = prices["input_cost_per_token"]
    for_cached = prices.get("cache_read_input_token_cost", for_input)
    for_output = prices.get("output_cost_per_token", Decimal(0))
    return Decimal((prompt - cached) * for_input + cached * for_cached + answer * for_output)


@pytest.mark.skipif(not MAP.exists(), reason="litellm's price map is not here")
async def test_on_the_first_day_every_call_has_the_quoted_price(tmp_path: Path) -> None:
    (tmp_path / "aliases.toml").write_text(aliases(), encoding="utf-8")
    book = load_book([tmp_path / "aliases.toml"])
    quotes = json.loads(MAP.read_text(encoding="utf-8"), parse_float=Decimal)
    expected, calls = Decimal(0), []
    with localcontext() as context:
        context.prec = 60
        for number, (key, body, usage) in enumerate(todays_calls()):
            event = decode(body, enqueued_time=NOW)
            assert isinstance(event, UsageEvent)
            if is_deferred(event):
                continue
            origin = Origin(
                hub="llm-usage", partition="0", sequence_number=number, enqueued_time=NOW
            )
            calls.append(MeteredCall(priced=rate(event, book), origin=origin))
            expected += quoted(quotes[key], usage) if usage is not None else 0
    states = {call.priced.state for call in calls}
    assert states == {CallState.PRICED, CallState.ZERO}, "refused calls are zero"
    assert {call.priced.event.deployment for call in calls} == {key for key, *_ in MODELS.values()}
    storage = MemoryTableStorage()
    await (await open_ledger(storage)).post(calls)
    days = DayRange(FIRST_DAY.date(), NOW.date().replace(day=31))
    cells = await LedgerReads(storage, now=lambda: NOW).usage(days)
    total = sum_totals(cell.totals for cell in cells)
    assert (total.calls, total.unpriced_calls) == (len(calls), 0)
    assert Decimal(total.charge) / PICO_PER_UNIT == expected
    assert total.calls > CALLS * 9 // 10
