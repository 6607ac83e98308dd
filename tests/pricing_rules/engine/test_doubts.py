"""What the charge of a call leaves out is said of it."""

import pytest

from pricing_rules.engine.rating import rate
from pricing_rules.types import CallState, Exclusion, Operation, Rank
from tests.fixtures.builders import make_event, make_usage
from tests.fixtures.calls import book

TOOL_FEES = Exclusion.TOOL_FEES


@pytest.mark.parametrize(
    ("operation", "rank", "unread", "offered", "left_out"),
    [
        (Operation.RESPONSES, Rank.GATEWAY_LOG, None, ("web_search",), True),
        (Operation.RESPONSES, Rank.GATEWAY_LOG, None, ("function",), False),
        (Operation.RESPONSES, Rank.GATEWAY_LOG, "no_length", (), True),
        (Operation.MESSAGES, Rank.GATEWAY_LOG, "too_large", (), True),
        (Operation.CHAT_COMPLETIONS, Rank.GATEWAY_LOG, "too_large", (), False),
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
