"""Sessions of the code interpreter: the fee is that of the smallest, and of no other."""

import pytest

from pricing_rules.provider_usage.normalise import normalise
from pricing_rules.provider_usage.tools import with_tools
from pricing_rules.types import CallState
from pricing_rules.units import Unit
from tests.pricing_rules.provider_usage.test_doubtful_forms import PARTS
from tests.pricing_rules.provider_usage.test_forms import CHAT, rated


def test_a_session_of_more_memory_is_none_of_the_smallest() -> None:
    """Four sizes have four prices; the fee is that of the smallest."""
    calls, plain = [("code_interpreter_call", 2)], normalise(CHAT, PARTS)
    small = with_tools(plain, calls, None, {}, ["function", "code_interpreter"])
    assert (small.counts[Unit.CODE_SESSION], small.caveats) == (1, None)
    large = with_tools(plain, calls, None, {}, ["code_interpreter_64g", "function"])
    assert Unit.CODE_SESSION not in large.counts
    assert large.caveats is not None
    assert large.caveats.unread == (("tool_calls.code_interpreter_64g", "2"),)
    priced = rated(large, CHAT)
    assert priced.state is CallState.UNPRICED
    assert "tool_calls.code_interpreter_64g" in (priced.reason or "")


def test_a_session_in_a_container_that_was_made_before_is_of_no_known_size() -> None:
    calls = [("code_interpreter_call", 2)]
    asked = ["code_interpreter_container"]
    priced = rated(with_tools(normalise(CHAT, PARTS), calls, None, {}, asked), CHAT)
    assert priced.state is CallState.UNPRICED
    assert "tool_calls.code_interpreter_container" in (priced.reason or "")


@pytest.mark.parametrize(
    ("requested", "small"),
    [
        (None, False),
        (["not_in_trace"], False),
        (["prompt"], False),
        (["agent"], False),
        (["agent_reference", "function"], False),
        (["prompt", "code_interpreter"], True),
        (["function"], True),
        ([], True),
    ],
)
def test_a_session_whose_memory_nobody_read_has_no_price(
    requested: list[str] | None, small: bool
) -> None:
    read = with_tools(normalise(CHAT, PARTS), [("code_interpreter_call", 1)], None, {}, requested)
    assert (Unit.CODE_SESSION in read.counts) is small
    named = read.caveats.unread if read.caveats else ()
    assert named == (() if small else (("tool_calls.code_interpreter_unread", "1"),))
    if not small:
        priced = rated(read, CHAT)
        assert priced.state is CallState.UNPRICED
        assert "tool_calls.code_interpreter_unread" in (priced.reason or "")
