"""A question about a usage object is answered as the same usage in an event is rated."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest

from pricing_rules.decoding.invalid_event import InvalidEvent
from pricing_rules.decoding.usage_event import decode
from pricing_rules.engine.rating import rate
from pricing_rules.engine.what_if import Question, answer
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.types import CallState, Operation, PricedCall
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier

NOW = datetime(2026, 12, 1, tzinfo=UTC)
MODEL = "claude-haiku-4-5"
HAIKU = f"""
[[deployment]]
name = "haiku"
provider = "anthropic"
model = "{MODEL}"
type = "GlobalStandard"
"""
PLAIN = {"input_tokens": 1000, "output_tokens": 100}
PASSES = {
    "input_tokens": 50, "output_tokens": 10,
    "iterations": [
        {"type": "compaction", "input_tokens": 90, "output_tokens": 20, "model": MODEL},
        {"type": "message", "input_tokens": 50, "output_tokens": 10, "model": MODEL},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    path = tmp_path_factory.mktemp("book") / "haiku.toml"
    path.write_text(HAIKU, encoding="utf-8")
    return load_book([path])


def metered(book: Book, usage: dict[str, Any]) -> PricedCall:
    body = {
        "specversion": "1.0", "type": "llm.call.v1", "id": "1", "source": "s", "subject": "ann",
        "time": "2026-12-01T00:00:00Z",
        "data": {"stream": False, "status": 200, "operation": "messages", "deployment": "haiku",
                 "model": MODEL, "usage": usage},
    }  # fmt: skip
    event = decode(json.dumps(body).encode(), enqueued_time=NOW)
    assert not isinstance(event, InvalidEvent)
    return rate(event, book)


@pytest.mark.parametrize(
    "usage",
    [
        PLAIN,
        PLAIN | {"service_tier": "standard"},
        PLAIN | {"service_tier": "batch"},
        PLAIN | {"service_tier": "priority"},
        PLAIN | {"service_tier": "-"},
        PASSES,
    ],
)
def test_a_question_costs_what_metering_would_post(book: Book, usage: dict[str, Any]) -> None:
    question = Question(
        model=MODEL, provider="anthropic", usage=usage, operation=Operation.MESSAGES, at=NOW
    )
    asked, posted = answer(question, book), metered(book, usage)
    assert (asked.state, asked.billed, asked.charges) == (
        posted.state, posted.billed, posted.charges,
    )  # fmt: skip


def test_the_tier_of_a_usage_object_sets_the_price_unless_the_question_names_one(
    book: Book,
) -> None:
    def asked(usage: dict[str, Any], tier: str | None = None) -> PricedCall:
        question = Question(
            model=MODEL, provider="anthropic", usage=usage, operation=Operation.MESSAGES,
            service_tier=tier, at=NOW,
        )  # fmt: skip
        return answer(question, book)

    batch = PLAIN | {"service_tier": "batch"}
    assert asked(batch).billed * 2 == asked(PLAIN).billed == asked(batch, "default").billed
    assert asked(PLAIN | {"service_tier": "priority"}).state is CallState.UNPRICED


def test_a_cost_centre_is_known_however_its_accents_are_written(tmp_path: Path) -> None:
    name = "München"
    less = modifier("less", "multiply", 'factor = "0.5"\nlayer = "contracted"',
                    match=f'cost_centre = ["{name}"]')  # fmt: skip
    book = compile_text(tmp_path, base_rule(), ALIAS, less)
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 0}
    costs = {
        answer(Question(model="m", usage=usage, cost_centre=each, at=NOW), book).billed
        for each in (normalize("NFC", name), normalize("NFD", name))
    }
    assert costs == {10**12}
