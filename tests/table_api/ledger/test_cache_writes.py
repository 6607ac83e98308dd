"""A charge that leaves cache writes out is marked so, and no other."""

from pathlib import Path
from typing import Any

import pytest

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import load_book
from pricing_rules.types import Operation, Rank
from table_api.ledger.posting import MeteredCall
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import SUBJECT, make_usage
from tests.fixtures.calls import DEMO_BOOK, make_call, open_ledger
from tests.table_api.conftest import ApiClient

USAGE = make_usage(input=26, cache_read=48_854, output=121)
CLAUDE = {"deployment": "opus", "model": "claude-opus-5-20260801"}
ALIAS = """
[[deployment]]
name = "opus"
provider = "anthropic"
model = "claude-opus-5"
type = "GlobalStandard"
region = "swedencentral"

[[deployment]]
name = "sol"
provider = "azure"
model = "gpt-6-sol"
type = "GlobalStandard"
service_tier = "default"
"""
SOL = {"deployment": "sol", "model": "gpt-6-sol"}
"""OpenAI's prices of cache writes begin with GPT-5.6: they cost more than input."""
UNLOGGED = ["cache_write", "tool_fees"]
"""The model's rule also prices web searches, which the log does not count."""


@pytest.mark.parametrize(
    ("changes", "excludes"),
    [
        ({**CLAUDE, "operation": Operation.MESSAGES, "rank": Rank.GATEWAY_LOG}, UNLOGGED),
        ({**CLAUDE, "rank": Rank.GATEWAY_LOG}, UNLOGGED),
        ({**CLAUDE, "operation": Operation.MESSAGES, "rank": Rank.MODEL_USAGE}, []),
        ({**CLAUDE, "operation": Operation.MESSAGES, "usage": None}, []),
        ({"rank": Rank.GATEWAY_LOG}, []),
        ({**SOL, "rank": Rank.GATEWAY_LOG}, ["cache_write"]),
        ({**SOL, "rank": Rank.MODEL_USAGE}, []),
    ],
)
async def test_charge_from_the_log_excludes_cache_writes_that_cost_more_than_input(
    api: ApiClient,
    memory: MemoryTableStorage,
    tmp_path: Path,
    changes: dict[str, Any],
    excludes: list[str],
) -> None:
    (tmp_path / "alias.toml").write_text(ALIAS, encoding="utf-8")
    book = load_book([DEMO_BOOK, tmp_path / "alias.toml"])
    call = make_call(1, **{"usage": USAGE, **changes})
    priced = rate(call.priced.event, book)
    await (await open_ledger(memory)).post([MeteredCall(priced=priced, origin=call.origin)])
    [found] = (await api.get(f"/v1/subjects/{SUBJECT}/calls")).json()["data"]
    assert found["excludes"] == excludes
    assert (found["state"] == "priced") == (changes.get("usage", USAGE) is not None)
