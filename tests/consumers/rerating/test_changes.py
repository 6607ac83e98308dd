"""`rerate changes`: the next book next to the one in use, and the posted calls that it reaches."""

import json
from pathlib import Path

import pytest

from pricing_rules.price_book.book import BASE_BOOKS
from tests.consumers.conftest import HUB, Stage
from tests.consumers.rerating.test_verbs import LAB, PERIOD, said
from tests.fixtures.builders import call_id, make_body
from tests.fixtures.calls import DEMO_BOOK

DEARER = """
[[rule]]
id = "own.gpt-4.1-mini.2026-11-01"
kind = "base"
valid_from = 2026-11-01T00:00:00Z
supersedes = "{old}"
currency = "USD"
unit = "1M"
source = {{ kind = "contract", checked = 2026-11-30 }}
rates = {{ input = "0.5", cache_read = "0.1", output = "1.6" }}
{match}
"""


@pytest.fixture
def next_book(tmp_path: Path) -> Path:
    """The demonstration's book with the deployment that it leaves out, and a new price."""
    shipped = (BASE_BOOKS / "azure_gpt_4_1.toml").read_text(encoding="utf-8")
    rule = shipped[shipped.index('"azure.gpt-4.1-mini.GlobalStandard.') :]
    match = next(line for line in rule.splitlines() if line.startswith("match = "))
    own = DEARER.format(old=rule.split('"')[1], match=match)
    path = tmp_path / "next.toml"
    path.write_text(DEMO_BOOK.read_text(encoding="utf-8") + LAB + own, encoding="utf-8")
    return path


async def metered(stage: Stage, count: int) -> None:
    """Calls of gpt-4.1-mini: 1,024 tokens of input, 1,024 cached, 427 of output."""
    stage.broker.append(HUB, [make_body(id=call_id(n)) for n in range(count)], partition="0")
    async with stage.consuming():
        await stage.counts(count)


async def test_changes_show_prices_and_the_calls_that_they_reach(
    stage: Stage, next_book: Path
) -> None:
    await metered(stage, 10)
    arguments = ("changes", "--book", str(next_book), *PERIOD)
    text = await said(stage, *arguments)
    assert "added     deployment lab-model-x" in text
    assert "added     own.gpt-4.1-mini.2026-11-01\n    from 2026-11-01T00:00:00Z\n" in text
    assert "    input 0.4 → 0.5 USD per 1M" in text
    assert "10 of 10 calls of 2026-11-01 to 2026-12-01 would change" in text
    document = json.loads(await said(stage, *arguments, "--format", "json"))
    # 1,024 × 0.4 + 1,024 × 0.1 + 427 × 1.6 per million, ten times; then 0.5 for 0.4
    assert document["models"] == [
        {
            "model": "gpt-4.1-mini",
            "model_after": "gpt-4.1-mini",
            "calls": 10,
            "changed": 10,
            "before": "0.011952",
            "after": "0.012976",
            "newly_priced": 0,
            "newly_unpriced": 0,
            "unpriced_before": 0,
            "unpriced_after": 0,
        }
    ]
    assert await said(stage, "list") == ""


async def test_the_book_in_use_changes_nothing(stage: Stage) -> None:
    await metered(stage, 1)
    text = await said(stage, "changes", "--book", str(DEMO_BOOK), *PERIOD)
    assert "no rule and no deployment differs" in text
    assert "0 of 1 calls" in text


async def test_before_any_consumer_ran_no_book_is_in_use(stage: Stage) -> None:
    refused = await said(stage, "changes", *PERIOD, code=1)
    assert "ledger" in refused
