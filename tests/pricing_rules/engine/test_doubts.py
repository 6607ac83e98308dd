"""What the charge of a call leaves out is said of it."""

import pytest
from msgspec.structs import replace

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.price_book.rate_card import Alias
from pricing_rules.provider_usage.normalise import normalise
from pricing_rules.types import CallState, Exclusion, Operation, Rank
from tests.fixtures.builders import make_event, make_usage
from tests.fixtures.calls import book

TOOL_FEES = Exclusion.TOOL_FEES
FIVE = Alias(
    name="gpt-5", provider="azure", model="gpt-5", version=None, type="GlobalStandard",
    region=None,
)  # fmt: skip
TIERED = Book(replace(load_book().content, aliases=(FIVE,)), load_book().sources)
"""With a model that is sold at several tiers."""


@pytest.mark.parametrize(
    ("operation", "rank", "unread", "offered", "left_out"),
    [
        (Operation.RESPONSES, Rank.GATEWAY_LOG, None, ("web_search",), True),
        (Operation.RESPONSES, Rank.GATEWAY_LOG, None, ("function",), False),
        (Operation.RESPONSES, Rank.GATEWAY_LOG, "no_length", (), True),
        (Operation.MESSAGES, Rank.GATEWAY_LOG, "too_large", (), True),
        (Operation.CHAT_COMPLETIONS, Rank.GATEWAY_LOG, "too_large", (), False),
        (Operation.RESPONSES, Rank.GATEWAY_LOG, "no_json", (), True),
        (Operation.RESPONSES, Rank.GATEWAY_LOG, None, ("prompt",), True),
        (Operation.MESSAGES, Rank.GATEWAY_LOG, None, ("compaction",), True),
        (Operation.RESPONSES, Rank.GATEWAY_LOG, None, ("agent_reference", "function"), True),
        (Operation.RESPONSES, Rank.MODEL_USAGE, "no_length", (), False),
    ],
)
def test_tools_that_nobody_counted_are_left_out_by_name(
    operation: Operation, rank: Rank, unread: str | None, offered: tuple[str, ...], left_out: bool
) -> None:
    event = make_event(
        operation=operation,
        rank=rank,
        body_unread=unread,
        tools_requested=offered,
        usage=make_usage(input=1000, output=100),
    )
    priced = rate(event, book())
    assert priced.state is CallState.PRICED
    assert (TOOL_FEES in priced.excludes) is left_out


@pytest.mark.parametrize(
    ("operation", "halves", "left_out"),
    [
        (Operation.RESPONSES, ("gateway-llm-log", "gateway-log"), {TOOL_FEES, Exclusion.TIER}),
        (Operation.RESPONSES, ("gateway-llm-log",), {TOOL_FEES, Exclusion.TIER}),
        (Operation.CHAT_COMPLETIONS, ("gateway-llm-log", "gateway-log"), {Exclusion.TIER}),
        (Operation.RESPONSES, ("gateway-llm-log", "trace"), set()),
        (Operation.RESPONSES, ("gateway-llm-log", "usage-event", "gateway-log"), set()),
    ],
)
def test_of_a_call_that_the_log_alone_knows_nobody_says_the_tier_or_its_tools(
    operation: Operation, halves: tuple[str, ...], left_out: set[Exclusion]
) -> None:
    event = make_event(
        operation=operation,
        rank=Rank.GATEWAY_LOG,
        completed_from=halves,
        service_tier=None,
        deployment="gpt-5",
        model="gpt-5-2025-08-07",
        usage=make_usage(input=1000, output=100),
    )
    priced = rate(event, TIERED)
    assert (priced.state, set(priced.excludes)) == (CallState.PRICED, left_out)


HAIKU = Alias(
    name="haiku", provider="azure", model="claude-haiku-5-5", version=None, type="GlobalStandard",
    region=None,
)  # fmt: skip
BOUND = 100_000
"""Above it a prompt of the model has another price."""


@pytest.mark.parametrize(
    ("compaction", "answer", "tier"),
    [
        (60_000, 50_000, 0),
        (BOUND, 40_001, 0),
        (BOUND + 1, 20_000, None),
        (20_000, BOUND + 1, None),
        (150_000, 120_000, 1),
    ],
)
def test_each_pass_of_an_answer_has_the_tier_of_its_own_prompt(
    compaction: int, answer: int, tier: int | None
) -> None:
    """Both passes together had the tier of a prompt that nobody sent."""
    shipped = load_book()
    book = Book(replace(shipped.content, aliases=(HAIKU,)), shipped.sources)
    passes = [
        {"type": "compaction", "input_tokens": compaction, "output_tokens": 900},
        {"type": "message", "input_tokens": answer, "output_tokens": 100},
    ]
    usage = normalise(
        Operation.MESSAGES, {"input_tokens": answer, "output_tokens": 100, "iterations": passes}
    )

    priced = rate(
        make_event(
            operation=Operation.MESSAGES, deployment="haiku", model="claude-haiku-5-5", usage=usage
        ),
        book,
    )

    assert priced.tier == tier
    if tier is None:
        assert priced.state is CallState.UNPRICED
        small, large = sorted((compaction, answer))
        assert priced.reason == (
            f"its passes have prompts of {small:,} to {large:,} tokens, and the price changes"
            f" at {BOUND:,}"
        )
    else:
        assert priced.state is CallState.PRICED
        assert {line.unit: line.quantity for line in priced.charges} == {
            "input": compaction + answer,
            "output": 1000,
        }
