"""The gateway log's counts, in each provider's convention, become exact units."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from pricing_rules.types import Operation, Usage
from table_api.open_calls.facts import Identity, RequestRecord, TokenCounts
from table_api.open_calls.joined_call import JoinedCall, join_facts
from table_api.open_calls.logged_usage import usage_from_log
from tests.fixtures.builders import call_id, make_usage

TIME = datetime(2026, 11, 20, tzinfo=UTC)


def known(tokens: TokenCounts, operation: Operation = Operation.CHAT_COMPLETIONS) -> JoinedCall:
    identity = Identity(subject="u", time=TIME, stream=True, status=200, operation=operation)
    outcome = RequestRecord(time=TIME, status=200, backend_status=200, identity=identity)
    found = join_facts(call_id(1), [tokens, outcome])
    assert found is not None
    return found


WITHOUT_WRITES = replace(
    make_usage(input=26, cache_read=48854, output=121), excludes=("cache_write",)
)


def units(tokens: TokenCounts, operation: Operation = Operation.CHAT_COMPLETIONS) -> Usage:
    found = usage_from_log(known(tokens, operation))
    assert found is not None
    return found[1]


def excludes(tokens: TokenCounts, operation: Operation = Operation.CHAT_COMPLETIONS) -> object:
    found = usage_from_log(known(tokens, operation))
    assert found is not None
    return found[0].get("excludes")


def counted(
    prompt: int, completion: int, total: int, *, cached: int = 0, reasoning: int = 0,
    model: str | None = None,
) -> TokenCounts:  # fmt: skip
    return TokenCounts(
        time=TIME, prompt=prompt, completion=completion, total=total, cached=cached,
        reasoning=reasoning, model=model,
    )  # fmt: skip


@pytest.mark.parametrize("operation", [Operation.CHAT_COMPLETIONS, Operation.RESPONSES])
def test_openai_counts_cached_within_the_prompt(operation: Operation) -> None:
    tokens = counted(2048, 427, 2475, cached=1024, reasoning=192)
    assert units(tokens, operation) == make_usage(192, input=1024, cache_read=1024, output=427)
    assert excludes(tokens, operation) is None


def test_anthropic_counts_cached_beside_the_prompt_and_says_what_is_missing() -> None:
    tokens = counted(26, 121, 147, cached=48854, model="claude-opus-5-20260801")
    assert units(tokens, Operation.MESSAGES) == WITHOUT_WRITES
    assert excludes(tokens, Operation.MESSAGES) == ["cache_write"]


def test_anthropics_convention_goes_by_the_model_where_another_api_is_called() -> None:
    tokens = counted(26, 121, 147, cached=48854, model="claude-opus-5-20260801")
    assert units(tokens) == WITHOUT_WRITES
    assert excludes(tokens) == ["cache_write"]


@pytest.mark.parametrize(
    ("total", "reasoning", "output", "of_it_reasoning"),
    [(160, 50, 60, 50), (210, 50, 110, 50), (210, 0, 110, 50), (210, 20, 110, 50)],
)
def test_the_total_tells_whether_completion_leaves_reasoning_out(
    total: int, reasoning: int, output: int, of_it_reasoning: int
) -> None:
    tokens = counted(100, 60, total, reasoning=reasoning, model="grok-4")
    assert units(tokens) == make_usage(of_it_reasoning, input=100, output=output)


def test_a_total_of_another_row_tells_nothing() -> None:
    assert units(counted(100, 60, 120)) == make_usage(input=100, output=60)
    assert units(counted(100, 60, 0)) == make_usage(input=100, output=60)


def test_counts_that_contradict_each_other_are_left_out_and_that_is_said() -> None:
    tokens = counted(100, 60, 160, cached=101)
    assert units(tokens) == replace(make_usage(input=100, output=60), excludes=("details",))
    assert excludes(tokens) == ["details"]


def test_a_log_that_counted_nothing_is_no_usage() -> None:
    assert usage_from_log(known(counted(0, 0, 0, model="gpt-4.1"))) is None


@pytest.mark.parametrize("reasoning", [0, 20])
def test_a_total_that_holds_cached_tokens_is_a_contradiction_and_no_reasoning(
    reasoning: int,
) -> None:
    tokens = counted(1000, 500, 1900, cached=400, reasoning=reasoning)
    assert units(tokens) == replace(make_usage(input=1000, output=500), excludes=("details",))
    stated = counted(1000, 500, 1900, cached=400, reasoning=400)
    assert units(stated) == make_usage(400, input=600, cache_read=400, output=900)


@pytest.mark.parametrize("operation", [Operation.CHAT_COMPLETIONS, Operation.MESSAGES])
def test_counts_of_the_log_that_nobody_reads_are_named(operation: Operation) -> None:
    plain = counted(1000, 500, 1500)
    first = replace(plain, others=(("promptimagetokens", 5),))
    second = replace(plain, others=(("promptaudiotokens", 7), ("promptimagetokens", 9)))
    joined = join_facts(call_id(1), [first, second, *_outcome(operation)])
    assert joined is not None
    found = usage_from_log(joined)
    assert found is not None
    caveats = found[1].caveats
    assert caveats is not None
    assert caveats.unread == (
        ("gateway_log.promptaudiotokens", "7"),
        ("gateway_log.promptimagetokens", "9"),
    )
    assert found[1].counts == units(plain, operation).counts


def _outcome(operation: Operation) -> list[RequestRecord]:
    outcome = known(counted(1, 1, 2), operation).outcome
    assert outcome is not None
    return [outcome]
