"""What the page of a call says of its state."""

import pytest
from streamlit.testing.v1 import AppTest

from ui.api.usage_answers import CallState
from ui.parts.call_state import state_words

PAGE = """
from types import SimpleNamespace
from ui.api.usage_answers import CallState
from ui.parts.call_state import show_state
show_state(SimpleNamespace(state=CallState.PRICED, reason={reason!r}))
"""
FAILED_PAGE = """
from types import SimpleNamespace
from ui.api.usage_answers import CallState
from ui.parts.call_state import show_state
show_state(
    SimpleNamespace(state=CallState.NO_USAGE, status={status}, reason="nobody reported usage")
)
"""


@pytest.mark.parametrize(
    ("reason", "said"),
    [(None, []), ("cached tokens are billed as input", ["Cached tokens are billed as input."])],
)
def test_a_priced_call_says_what_is_special_about_its_price(
    reason: str | None, said: list[str]
) -> None:
    page = AppTest.from_string(PAGE.format(reason=reason)).run()
    assert not page.exception
    assert [caption.value for caption in page.caption] == said


@pytest.mark.parametrize(
    ("status", "words", "said"), [(200, "usage unknown", "is unknown"), (500, "failed", "failed")]
)
def test_a_failed_call_without_usage_is_no_answered_one(status: int, words: str, said: str) -> None:
    assert state_words(CallState.NO_USAGE, status) == words
    assert state_words(CallState.PRICED, status) == "priced"
    page = AppTest.from_string(FAILED_PAGE.format(status=status)).run()
    [box] = [each.value for each in page.warning] + [each.value for each in page.info]
    assert said in box
    assert ("Nothing is charged" in box) == (status == 500)
